// Which models there are: aliases, what providers list, and what a model can take.
import type { ModelCapabilities } from './capabilities.ts'

/** Canonical id `provider:name`. */
export interface ModelRef {
  readonly provider: string
  readonly name: string
}

export interface ListedModel {
  /** What a client can send back: an alias or `provider:name`. */
  readonly id: string
  readonly target: ModelRef
  readonly displayName: string
  /** Unix seconds; 0 = not known. */
  readonly createdS: number
}

/** Everything routing asks about names. Built from the configuration and the catalog's snapshot. */
export interface ModelCatalog {
  /** Alias → its target, as written by the user or shipped; null = no such alias. */
  aliasOf(name: string): string | null
  /** Configured providers whose catalog lists this bare name. */
  providersListing(name: string): readonly string[]
  capabilitiesOf(ref: ModelRef): ModelCapabilities
  /** All that is routable with the configured providers: aliases and canonical ids. */
  list(): readonly ListedModel[]
}

/** Splits `provider:name`; null when there is no colon. A name may hold further colons (`local:qwen3:8b`). */
export function parseModelRef(id: string): ModelRef | null {
  const colon = id.indexOf(':')
  if (colon <= 0 || colon === id.length - 1) return null
  return { provider: id.slice(0, colon), name: id.slice(colon + 1) }
}

export function formatModelRef(ref: ModelRef): string {
  return `${ref.provider}:${ref.name}`
}
