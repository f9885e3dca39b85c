// From a name somebody wrote to the model it means (contract.md §3): alias → canonical id → bare name.
import { parseModelRef, type ModelCatalog, type ModelRef } from '../catalog/models.ts'
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../ir/errors.ts'
import type { Shape } from '../ir/stream.ts'

/** `known` = names of all providers that could be configured: a known one that is not is `not_configured`, any other `model_not_found`. */
export interface NameTables {
  readonly config: Config
  readonly models: ModelCatalog
  readonly known: ReadonlySet<string>
}

/** What a request may write to leave the choice to the gateway. */
export type Delegation = 'auto' | 'cheap' | 'best'

const delegations: ReadonlyMap<string, Delegation> = new Map([
  ['metis://auto', 'auto'],
  ['metis://cheap', 'cheap'],
  ['metis://best', 'best'],
])

/** As written or behind an alias; null = the name of a model. */
export function delegationOf(name: string, { models }: Pick<NameTables, 'models'>): Delegation | null {
  return delegations.get(models.aliasOf(name) ?? name) ?? null
}

/**
 * An alias may point to another alias once.
 * Returns the error instead of throwing it, because a route is on record either way.
 */
export function resolveModel(name: string, shape: Shape, tables: NameTables): ModelRef | GatewayError {
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
function ownProviderOf(shape: Shape, tables: NameTables): string {
  const vendor = shape === 'anthropic' ? 'anthropic' : 'openai'
  if (isConfigured(vendor, tables)) return vendor
  return tables.config.providers.find((provider) => provider.wire === vendor)?.name ?? vendor
}

function inPreference(providers: readonly string[], own: string): readonly string[] {
  return providers.includes(own) ? [own] : providers
}

export function isConfigured(provider: string, { config }: Pick<NameTables, 'config'>): boolean {
  return config.providers.some((candidate) => candidate.name === provider)
}

export function configuredNames({ config }: Pick<NameTables, 'config'>): string {
  const names = config.providers.map((provider) => provider.name)
  return names.length === 0 ? 'none (set a provider key such as ANTHROPIC_API_KEY and restart)' : names.join(', ')
}

/** Client text in a message is never longer than this. */
export function cut(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text
}
