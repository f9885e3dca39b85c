// Which model answers: the slots are asked in order of precedence and the first candidate that validates wins
// (contract.md §3). Pure: everything it looks at comes in as arguments.
import { formatModelRef, parseModelRef, type ModelCatalog, type ModelRef } from '../catalog/models.ts'
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../ir/errors.ts'
import type { RequestTraits } from '../ir/request.ts'
import type { Shape } from '../ir/stream.ts'
import type { ChainEntry } from '../store/events.ts'
import type { RouteRequest } from './slot.ts'
import { slots } from './slots/index.ts'

export type Route = {
  readonly chain: readonly ChainEntry[]
  /** Index into `chain`; -1 = none. */
  readonly winnerIndex: number
} & (
  | { readonly target: ModelRef; readonly refusal: null }
  /** Nobody can answer, and why. */
  | { readonly target: null; readonly refusal: GatewayError }
)

/** `known` = names of all providers that could be configured: a known one that is not is `not_configured`, any other `model_not_found`. */
export interface RoutingTables {
  readonly config: Config
  readonly models: ModelCatalog
  readonly known: ReadonlySet<string>
}

export function route(request: RouteRequest, tables: RoutingTables): Route {
  const chain: ChainEntry[] = []
  for (const slot of slots) {
    const proposal = slot.propose(request, tables.config)
    if (proposal.model === null) {
      chain.push(entry(slot.policy, 'not_applicable', null, proposal.reason))
      continue
    }
    if (leavesChoice(proposal.model, tables)) {
      chain.push(entry(slot.policy, 'deferred', proposal.model, 'the choice is left to routing'))
      continue
    }
    const target = resolveModel(proposal.model, request.shape, tables)
    if (target instanceof GatewayError) {
      chain.push(entry(slot.policy, 'rejected', proposal.model, target.message, 'not_configured'))
      return { chain, winnerIndex: -1, target: null, refusal: target }
    }
    const failure = validationFailureOf(target, request.traits, tables)
    if (failure === null) {
      chain.push(entry(slot.policy, 'chose', formatModelRef(target), proposal.reason))
      return { chain, winnerIndex: chain.length - 1, target, refusal: null }
    }
    chain.push(entry(slot.policy, 'rejected', formatModelRef(target), proposal.reason, failure))
  }
  return { chain, winnerIndex: -1, target: null, refusal: routingFailed(request, chain, tables) }
}

/** `metis://auto` and its like, as written or behind an alias: this slot makes way for the next ones. */
function leavesChoice(name: string, tables: RoutingTables): boolean {
  return choiceNames.has(tables.models.aliasOf(name) ?? name)
}
const choiceNames = new Set(['metis://auto', 'metis://cheap', 'metis://best'])

/**
 * Alias → canonical id → bare name (contract.md §3). An alias may point to another alias once.
 * Returns the error instead of throwing it, because a route is on record either way.
 */
export function resolveModel(name: string, shape: Shape, tables: RoutingTables): ModelRef | GatewayError {
  const named = tables.models.aliasOf(name) ?? name
  const written = tables.models.aliasOf(named) ?? named
  const canonical = parseModelRef(written)
  if (canonical !== null && (isConfigured(canonical.provider, tables) || tables.known.has(canonical.provider))) return canonical
  const [listing] = inPreference(tables.models.providersListing(written), ownProviderOf(shape, tables))
  if (listing !== undefined) return { provider: listing, name: written }
  // OpenAI's fine-tuned models are bare names that hold colons.
  if (canonical === null || canonical.provider === 'ft') return { provider: ownProviderOf(shape, tables), name: written }
  return new GatewayError(
    'invalid_request',
    'model_not_found',
    `There is no provider "${cut(canonical.provider)}" for the model "${cut(name)}". Configured: ${configuredNames(tables)}.`,
    { param: 'model' },
  )
}

/** The provider a bare name goes to: the one whose wire the client speaks, else whatever is configured for that wire. */
function ownProviderOf(shape: Shape, tables: RoutingTables): string {
  const vendor = shape === 'anthropic' ? 'anthropic' : 'openai'
  if (isConfigured(vendor, tables)) return vendor
  return tables.config.providers.find((provider) => provider.wire === vendor)?.name ?? vendor
}

function inPreference(providers: readonly string[], own: string): readonly string[] {
  return providers.includes(own) ? [own] : providers
}

/** Why this model cannot take such a request; null = it can. */
export function validationFailureOf(
  target: ModelRef,
  traits: RequestTraits,
  tables: RoutingTables,
): ChainEntry['validation_failure'] {
  if (!isConfigured(target.provider, tables)) return 'not_configured'
  const can = tables.models.capabilitiesOf(target)
  if (traits.hasImages && !can.vision) return 'no_vision_support'
  if (traits.hasTools && !can.tools) return 'no_tool_support'
  // Without structured output a forced tool carries the schema (translation.md §2, response_format).
  if (traits.wantsStructuredOutput && !can.structuredOutput && !can.tools) return 'no_structured_output_support'
  return null
}

function routingFailed(request: RouteRequest, chain: readonly ChainEntry[], tables: RoutingTables): GatewayError {
  const tried = chain.map((slot) => ({
    policy: slot.policy,
    candidate_model: slot.candidate_model,
    reason: slot.validation_failure ?? slot.reason,
  }))
  const asked =
    request.requestedModel === ''
      ? 'The request names no model'
      : `No configured provider can answer "${cut(request.requestedModel)}"`
  return new GatewayError(
    'other',
    'routing_failed',
    `${asked}. Configured: ${configuredNames(tables)}. Tried: ${summaryOf(tried)}.`,
    {
      fields: { tried },
    },
  )
}

function summaryOf(tried: readonly { policy: string; candidate_model: string | null; reason: string | null }[]): string {
  return tried.map((slot) => `${slot.policy} ${slot.candidate_model ?? '-'} (${slot.reason ?? 'no reason'})`).join(', ')
}

function isConfigured(provider: string, tables: RoutingTables): boolean {
  return tables.config.providers.some((candidate) => candidate.name === provider)
}

function configuredNames(tables: RoutingTables): string {
  const names = tables.config.providers.map((provider) => provider.name)
  return names.length === 0 ? 'none (set a provider key such as ANTHROPIC_API_KEY and restart)' : names.join(', ')
}

/** Client text in a message is never longer than this. */
function cut(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}

/** What is kept and repeated of a client's model name (reliability.md §3). */
const MODEL_NAME_LIMIT = 200

function entry(
  policy: ChainEntry['policy'],
  verdict: ChainEntry['verdict'],
  candidate: string | null,
  reason: string,
  failure: ChainEntry['validation_failure'] = null,
): ChainEntry {
  return {
    policy,
    verdict,
    candidate_model: candidate?.slice(0, MODEL_NAME_LIMIT) ?? null,
    reason,
    rule_name: null,
    validation_failure: failure,
  }
}
