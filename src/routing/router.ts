// Which model answers: the slots are asked in order of precedence and the first candidate that validates wins
// (contract.md §3). Pure: everything it looks at comes in as arguments.
import { formatModelRef, type ModelRef } from '../catalog/models.ts'
import { GatewayError } from '../ir/errors.ts'
import type { ChainEntry } from '../store/events.ts'
import { isModelAllowed } from './allowed-models.ts'
import { configuredNames, cut, delegationOf, resolveModel } from './resolve.ts'
import type { RouteRequest } from './route-request.ts'
import { slots } from './slots/index.ts'
import { cheaperOf } from './step-down.ts'
import type { RoutingTables } from './tables.ts'
import { isPreference, validationFailureOf } from './validate.ts'

export type Route = {
  readonly chain: readonly ChainEntry[]
  /** Index into `chain`; -1 = none. */
  readonly winnerIndex: number
} & (
  | { readonly target: ModelRef; readonly refusal: null }
  /** Nobody can answer, and why. */
  | { readonly target: null; readonly refusal: GatewayError }
)

type Policy = ChainEntry['policy']

export function route(request: RouteRequest, tables: RoutingTables): Route {
  const chain: ChainEntry[] = []
  let lastResort: { readonly policy: Policy; readonly target: ModelRef; readonly failure: string } | null = null
  for (const slot of slots) {
    const { policy } = slot
    const proposal = slot.propose(request, tables)
    if (proposal.model === null) {
      chain.push(entry(policy, 'not_applicable', null, proposal.reason))
      continue
    }
    const ruleName = proposal.ruleName ?? null
    if (delegationOf(proposal.model, tables) !== null) {
      chain.push(entry(policy, 'deferred', proposal.model, 'the choice is left to routing', ruleName))
      continue
    }
    const target = resolveModel(proposal.model, request.shape, tables)
    if (target instanceof GatewayError) {
      chain.push(entry(policy, 'rejected', proposal.model, target.message, ruleName, 'not_configured'))
      // A client that asks for what does not exist is told so; what somebody else wrote is no fault of the client's.
      if (policy === 'per_message_override') return { chain, winnerIndex: -1, target: null, refusal: withTried(target, chain) }
      continue
    }
    const failure = validationFailureOf(target, request.traits, tables)
    if (failure === null) return chosen(policy, target, proposal.reason, ruleName)
    const trouble = failure === 'provider_unavailable' ? tables.availability.troubleOf(target) : null
    chain.push(entry(policy, 'rejected', formatModelRef(target), trouble ?? proposal.reason, ruleName, failure))
    if (!isPreference(failure)) continue
    const [standIn] = fallbacksOf(target, request, tables)
    if (standIn !== undefined) return chosen(policy, standIn, `a fallback of ${formatModelRef(target)}`, ruleName)
    lastResort ??= { policy, target, failure }
  }
  if (lastResort === null) return { chain, winnerIndex: -1, target: null, refusal: routingFailed(request, chain, tables) }
  return chosen(lastResort.policy, lastResort.target, `nobody else can answer, so it is tried in spite of ${lastResort.failure}`)

  function chosen(policy: Policy, target: ModelRef, reason: string, ruleName: string | null = null): Route {
    const cheaper = cheaperOf(target, request, tables)
    if (cheaper !== null) {
      chain.push(entry(policy, 'deferred', formatModelRef(target), reason, ruleName))
      chain.push(entry(policy, 'chose', formatModelRef(cheaper.model), cheaper.reason, ruleName))
    } else chain.push(entry(policy, 'chose', formatModelRef(target), reason, ruleName))
    return { chain, winnerIndex: chain.length - 1, target: cheaper?.model ?? target, refusal: null }
  }
}

/** Of the configured fallbacks those that this key may use and that can take this request now. */
export function fallbacksOf(target: ModelRef, request: RouteRequest, tables: RoutingTables): readonly ModelRef[] {
  const names = tables.config.fallbacks[formatModelRef(target)]
  if (names === undefined) return []
  return names.flatMap((name) => {
    const model = resolveModel(name, request.shape, tables)
    if (model instanceof GatewayError || validationFailureOf(model, request.traits, tables) !== null) return []
    return isModelAllowed(request.principal.allowedModels, name, model) ? [model] : []
  })
}

/** Every refusal says which slots were asked, and why none of them could answer. */
function triedOf(chain: readonly ChainEntry[]) {
  return chain.map((slot) => ({
    policy: slot.policy,
    candidate_model: slot.candidate_model,
    reason: slot.validation_failure ?? slot.reason,
  }))
}

function withTried({ errorClass, code, message, details }: GatewayError, chain: readonly ChainEntry[]): GatewayError {
  return new GatewayError(errorClass, code, message, { ...details, fields: { ...details.fields, tried: triedOf(chain) } })
}

function routingFailed(request: RouteRequest, chain: readonly ChainEntry[], tables: RoutingTables): GatewayError {
  const tried = triedOf(chain)
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

/** What is kept and repeated of a client's model name (reliability.md §3). */
const MODEL_NAME_LIMIT = 200

function entry(
  policy: Policy,
  verdict: ChainEntry['verdict'],
  candidate: string | null,
  reason: string,
  ruleName: string | null = null,
  failure: ChainEntry['validation_failure'] = null,
): ChainEntry {
  return {
    policy,
    verdict,
    candidate_model: candidate?.slice(0, MODEL_NAME_LIMIT) ?? null,
    reason,
    rule_name: ruleName,
    validation_failure: failure,
  }
}
