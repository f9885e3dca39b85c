// `/analytics/cache_effectiveness`: per model, how much of the input came from the provider's cache, and what that saved.
import { parseModelRef } from '../catalog/models.ts'
import { costOf, type Price } from '../catalog/prices.ts'
import { noUsage } from '../ir/usage.ts'
import { usdOf } from '../lib/money.ts'
import { defineEndpoint, type AnalyticsContext } from './endpoint.ts'
import { groupRows, totalsOf, type Group, type Totals } from './totals.ts'
import { readUsage, type UsageSum } from './usage.ts'

export interface CacheEffect extends Totals {
  readonly model: string | null
  /** Cached of all input; null = no input. */
  readonly hit_rate: number | null
  /** Written to the cache, of all input; null = no input. */
  readonly cache_write_share: number | null
  /** Against the same input all uncached, at today's list price; below 0 when writing cost more than reading saved; null = unpriced. */
  readonly saved_usd: number | null
}

export const cacheEffectiveness = defineEndpoint({
  path: '/analytics/cache_effectiveness',
  fields: {},
  async read(context, scope) {
    const rows = await readUsage(context.db, scope, ['model'])
    await context.prices.ready()
    return groupRows(rows).map((group) => cacheEffect(group, context))
  },
})

function cacheEffect({ key, usage }: Group, context: AnalyticsContext): CacheEffect {
  const input = usage.inputTokens + usage.cachedInputTokens + usage.cacheCreationInputTokens
  const price = priceOf(key, context)
  return {
    model: key,
    ...totalsOf(usage),
    hit_rate: input === 0 ? null : usage.cachedInputTokens / input,
    cache_write_share: input === 0 ? null : usage.cacheCreationInputTokens / input,
    saved_usd: price === null ? null : usdOf(savedNanoUsd(usage, input, price)),
  }
}

/** Asked for an empty call: the sum over a window must not fall into a long-context tier that no single call was in. */
function priceOf(model: string | null, { prices, nowUs }: AnalyticsContext): Price | null {
  const ref = parseModelRef(model ?? '')
  return ref === null ? null : prices.priceOf(ref.provider, ref.name, noUsage, nowUs)
}

function savedNanoUsd(usage: UsageSum, input: number, price: Price): number {
  const asItWas = {
    ...noUsage,
    inputUncached: usage.inputTokens,
    cacheRead: usage.cachedInputTokens,
    cacheWrite5m: usage.cacheCreationInputTokens - usage.cacheCreation1hTokens,
    cacheWrite1h: usage.cacheCreation1hTokens,
  }
  return costOf({ ...noUsage, inputUncached: input }, price) - costOf(asItWas, price)
}
