// Token usage of one call, in our own words. Here, and only here, vendors' ways of counting end: every protocol converts
// into these disjoint buckets and out of them again (translation.md §3).

/**
 * Input buckets are disjoint: their sum is all input of the call. `undefined` means "not told", never 0.
 * All counts are tokens unless the name says otherwise.
 */
export interface Usage {
  readonly inputUncached: number
  readonly cacheRead: number
  readonly cacheWrite5m: number
  readonly cacheWrite1h: number
  readonly output: number
  /** Part of `output`. */
  readonly reasoning?: number
  /** Part of `inputUncached`. */
  readonly audioInput?: number
  /** Part of `output`. */
  readonly audioOutput?: number
  /** Requests, not tokens. */
  readonly webSearches?: number
  /** The tier the provider says it served, e.g. `standard`, `priority`, `flex`, `batch`. */
  readonly serviceTier?: string
  /** Where the provider says it ran, e.g. `us`. */
  readonly inferenceGeo?: string
  /** The speed the provider says it served, e.g. `fast`. */
  readonly speed?: string
  /** What the provider itself says the call cost (OpenRouter's `usage.cost`), USD. */
  readonly upstreamCostUsd?: number
}

/** More than any call could use: one slip of a provider or a log must not be most of what a ledger ever counts. */
export const mostTokens = 1_000_000_000

/** Nor can a call cost as much as this, USD. */
export const mostUsd = 1_000_000

export const noUsage: Usage = { inputUncached: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output: 0 }

/** All input tokens, cached or not: what vendors choose a long-context price tier by. */
export function totalInputOf(usage: Usage): number {
  return usage.inputUncached + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h
}
