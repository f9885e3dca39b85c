// Usage × price → integer nano-USD. Where a price comes from is `PriceCatalog`'s business; here is only arithmetic.
import type { Usage } from '../ir/usage.ts'

/** Rates in nano-USD per token (USD per million tokens × 1000), already chosen by tier, date and total input. Absent = the vendor has no such class. */
export interface Price {
  readonly input: number
  readonly output: number
  readonly cacheRead?: number
  readonly cacheWrite5m?: number
  readonly cacheWrite1h?: number
  readonly audioInput?: number
  readonly audioOutput?: number
  /** Nano-USD per search. */
  readonly webSearch?: number
  /** Service tier, geography and speed together; 1 = list price. */
  readonly multiplier: number
  /** The catalog's id of the model that matched. */
  readonly matchedId: string
}

/** Where prices come from. One answer per call, chosen from what the provider says it served. */
export interface PriceCatalog {
  /** What `pricing_version` names: catalog package, version, and a hash of the user's overrides. */
  readonly version: string
  /** null = unpriced, never 0. `model` is the provider's own name. */
  priceOf(provider: string, model: string, usage: Usage, atUs: number): Price | null
}
