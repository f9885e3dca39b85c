// Which of the configured models are cheap and which are best, for requests that leave the choice (`metis://cheap|best`).
import { formatModelRef, type ModelCatalog, type ModelRef } from '../catalog/models.ts'
import type { PriceCatalog } from '../catalog/prices.ts'
import type { Config } from '../config/schema.ts'
import { noUsage } from '../ir/usage.ts'

export interface ModelRanking {
  /** Lowest list price first; a model without a price is not known to be cheap. */
  cheapest(): readonly ModelRef[]
  /** The flagship of each provider, the first of its list; of these the dearest first. */
  best(): readonly ModelRef[]
}

export interface RankingParts {
  readonly config: Config
  readonly models: ModelCatalog
  readonly prices: PriceCatalog
  readonly nowUs: () => number
}

/** Prices change by date and never within the hour. */
const KEPT_US = 3_600_000_000
/** A turn of an agent reads about this much more than it writes. */
const INPUT_PER_OUTPUT = 4

interface Ranked {
  readonly model: ModelRef
  /** Pico-USD; null = no price is known. */
  readonly price: number | null
}

export function createModelRanking({ config, models, prices, nowUs }: RankingParts): ModelRanking {
  let kept: { readonly atUs: number; readonly ranked: readonly Ranked[] } | null = null

  /** In the order of the list, each model once. */
  function ranked(): readonly Ranked[] {
    const atUs = nowUs()
    if (kept !== null && atUs - kept.atUs < KEPT_US) return kept.ranked
    const targets = new Map(models.list().map(({ target }) => [formatModelRef(target), target]))
    const all = [...targets.values()].map((model) => ({ model, price: priceOf(model, atUs) }))
    if (all.some(({ price }) => price !== null)) kept = { atUs, ranked: all }
    return all
  }

  function priceOf({ provider, name }: ModelRef, atUs: number): number | null {
    try {
      const price = prices.priceOf(provider, name, noUsage, atUs)
      return price === null ? null : price.input * INPUT_PER_OUTPUT + price.output
    } catch {
      // The list is not loaded yet: an alias of metis://cheap in the first moments of the process.
      return null
    }
  }

  return {
    cheapest: () =>
      ranked()
        .flatMap(({ model, price }) => (price === null ? [] : [{ model, price }]))
        .sort((a, b) => a.price - b.price)
        .map(({ model }) => model),
    best() {
      // Aliases are listed before what providers list, so a provider's own order is asked of the configuration.
      const flagships = config.providers.flatMap(({ name }) => flagshipOf(name))
      return flagships.sort((a, b) => (b.price ?? 0) - (a.price ?? 0)).map(({ model }) => model)
    },
  }

  function flagshipOf(provider: string): Ranked[] {
    const listed = models.list().find(({ id, target }) => target.provider === provider && id === formatModelRef(target))
    return listed === undefined ? [] : [{ model: listed.target, price: priceOf(listed.target, nowUs()) }]
  }
}
