// Usage × price → integer nano-USD. Where a price comes from is `PriceCatalog`'s business; here is only arithmetic, and it is
// exact: rates are whole pico-dollars, factors are fractions, and there is one rounding, at the end.
import type { Usage } from '../ir/usage.ts'

/**
 * Rates in whole pico-USD per token: USD per million tokens × 1,000,000, so that $0.0375 per million is 37,500 and nothing is
 * lost. Already chosen by date and total input. Absent = the vendor has no such class; `costOf` says what then applies.
 */
export interface Price {
  readonly input: number
  readonly output: number
  readonly cacheRead?: number
  readonly cacheWrite5m?: number
  readonly cacheWrite1h?: number
  readonly audioInput?: number
  readonly audioOutput?: number
  /** Only where reasoning costs otherwise than the rest of the output. */
  readonly reasoning?: number
  /** Pico-USD per search; never multiplied. */
  readonly webSearch?: number
  /** Service tier, geography and speed together; 1/1 = list price. A fraction, because 5/3 has no decimals. */
  readonly multiplier: Ratio
  /** The catalog's id of the model that matched, or the user's pattern. */
  readonly matchedId: string
}

/** `times` ÷ `per`, both positive integers. */
export interface Ratio {
  readonly times: number
  readonly per: number
}

/** Where prices come from. One answer per call, chosen from what the provider says it served. */
export interface PriceCatalog {
  /** What `pricing_version` names: catalog package, version, and a hash of the user's overrides. */
  readonly version: string
  /** Loads the price list, once; a failure is tried again by the next call. Await it before `priceOf`. */
  ready(): Promise<void>
  /**
   * null = unpriced, never 0. `provider` is the name in the configuration, `model` the provider's own name, `answeredAs` the name
   * in its answer: a user's price wins over the list's, and in each what answered over what was asked.
   * @throws Error before `ready()` has resolved: a silent null would be stored as "unpriced"
   */
  priceOf(provider: string, model: string, usage: Usage, atUs: number, answeredAs?: string): Price | null
}

/**
 * Nano-USD of one call, rounded half up. A class the price does not name is charged as what contains it: cache reads and
 * five-minute writes as input, one-hour writes as five-minute writes, audio and reasoning as their direction.
 */
export function costOf(usage: Usage, price: Price): number {
  const audioInput = usage.audioInput ?? 0
  const audioOutput = usage.audioOutput ?? 0
  const reasoning = price.reasoning === undefined ? 0 : (usage.reasoning ?? 0)
  const cacheWrite5m = price.cacheWrite5m ?? price.input
  const tokensPico =
    pico(usage.inputUncached - audioInput, price.input) +
    pico(audioInput, price.audioInput ?? price.input) +
    pico(usage.cacheRead, price.cacheRead ?? price.input) +
    pico(usage.cacheWrite5m, cacheWrite5m) +
    pico(usage.cacheWrite1h, price.cacheWrite1h ?? cacheWrite5m) +
    pico(usage.output - audioOutput - reasoning, price.output) +
    pico(audioOutput, price.audioOutput ?? price.output) +
    pico(reasoning, price.reasoning ?? price.output)
  const searchesPico = pico(usage.webSearches ?? 0, price.webSearch ?? 0)
  const per = BigInt(price.multiplier.per)
  const total = tokensPico * BigInt(price.multiplier.times) + searchesPico * per
  return Number((total * 2n + picoPerNano * per) / (2n * picoPerNano * per))
}

const picoPerNano = 1000n

/** A part that its vendor counts outside the whole (audio beyond input) must not make the rest negative. */
function pico(count: number, rate: number): bigint {
  return count > 0 ? BigInt(count) * BigInt(rate) : 0n
}

/** USD per million tokens → pico-USD per token; finer than that is rounded (one list has 0.08333333333333334). */
export function picoRateOf(usdPerMillion: number): number {
  return Math.round(usdPerMillion * 1_000_000)
}

export const listPrice: Ratio = { times: 1, per: 1 }

export function multiplyRatios(a: Ratio, b: Ratio): Ratio {
  return { times: a.times * b.times, per: a.per * b.per }
}
