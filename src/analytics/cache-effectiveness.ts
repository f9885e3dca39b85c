// `/analytics/cache_effectiveness`: per model, how much of the input came from the provider's cache, what that saved, and what
// was paid again because the cache had lost it, or could not be used.
import * as z from 'zod'
import type { Price } from '../catalog/prices.ts'
import { costOf } from '../catalog/prices.ts'
import { noUsage, type Usage } from '../ir/usage.ts'
import { usdOf } from '../lib/money.ts'
import { defineEndpoint } from './endpoint.ts'
import type { Fact } from './facts.ts'
import { readFacts } from './read-facts.ts'
import { listPriceOf, tokensOf } from './reprice.ts'
import { groupRows, totalFields, totalsOf, type Group } from './totals.ts'
import type { UsageSum } from './usage-sums.ts'
import { readUsage } from './usage.ts'

const miss = z.object({
  calls: z.int(),
  /** That the cache could have served, or, of a cold start, that had to be written. */
  tokens: z.int(),
  /** What they cost more than reading them would have; null = unpriced. */
  wasted_usd: z.number().nullable(),
})
type Miss = z.infer<typeof miss>

const cacheEffect = z.object({
  model: z.string().nullable(),
  ...totalFields,
  /** Cached of all input; null = no input. */
  hit_rate: z.number().nullable(),
  /** Written to the cache, of all input; null = no input. */
  cache_write_share: z.number().nullable(),
  /** Against the same input all uncached, at today's list price; below 0 when writing cost more than reading saved; null = unpriced. */
  saved_usd: z.number().nullable(),
  read_saved_usd: z.number().nullable(),
  write_premium_usd: z.number().nullable(),
  /** By misses that were not cold starts; null = unpriced. */
  wasted_usd: z.number().nullable(),
  misses: z.object({ cold: miss, expired: miss, model_switched: miss, prefix_changed: miss }),
})

export const cacheEffectiveness = defineEndpoint({
  path: '/analytics/cache_effectiveness',
  summary: 'What provider caches saved, and what misses cost, per model',
  fields: {},
  data: z.array(cacheEffect),
  async read(context, scope) {
    const rows = await readUsage(context.db, scope, ['model'])
    const facts = await readFacts(context.db, scope, ['miss'])
    await context.prices.ready()
    const effectOf = ({ key, usage }: Group): z.infer<typeof cacheEffect> => {
      const input = usage.inputTokens + usage.cachedInputTokens + usage.cacheCreationInputTokens
      const price = listPriceOf(key, context)
      return {
        model: key,
        ...totalsOf(usage),
        hit_rate: input === 0 ? null : usage.cachedInputTokens / input,
        cache_write_share: input === 0 ? null : usage.cacheCreationInputTokens / input,
        ...savedBy(usage, price),
        ...wastedBy(
          facts.filter(({ subject }) => subject.model === key),
          price,
        ),
      }
    }
    return { data: groupRows(rows).map(effectOf) }
  },
})

function savedBy(usage: UsageSum, price: Price | null) {
  if (price === null) return { saved_usd: null, read_saved_usd: null, write_premium_usd: null }
  const { cacheRead, cacheWrite5m, cacheWrite1h } = tokensOf(usage)
  const readSaved = dearer({ inputUncached: cacheRead }, { cacheRead }, price)
  const writePremium = dearer({ cacheWrite5m, cacheWrite1h }, { inputUncached: cacheWrite5m + cacheWrite1h }, price)
  return {
    saved_usd: usdOf(readSaved - writePremium),
    read_saved_usd: usdOf(readSaved),
    write_premium_usd: usdOf(writePremium),
  }
}

function wastedBy(facts: readonly Fact[], price: Price | null) {
  const of = (...causes: readonly string[]): Miss =>
    missOf(
      facts.filter(({ detail }) => causes.includes(detail)),
      price,
    )
  const misses = {
    cold: of('cold'),
    expired: of('expired', 'expired_within_an_hour'),
    model_switched: of('model_switched'),
    prefix_changed: of('prefix_changed'),
  }
  const wasted = of('expired', 'expired_within_an_hour', 'model_switched', 'prefix_changed')
  return { wasted_usd: wasted.wasted_usd, misses }
}

function missOf(facts: readonly Fact[], price: Price | null): Miss {
  const sum = (of: (fact: Fact) => number) => facts.reduce((total, fact) => total + of(fact), 0)
  return {
    calls: sum((fact) => fact.count),
    tokens: sum((fact) => fact.missedTokens),
    wasted_usd: price === null ? null : usdOf(sum((fact) => wastedNanoUsd(fact, price))),
  }
}

/** What the missed tokens cost more than reading them would have. */
export function wastedNanoUsd(fact: Fact, price: Price): number {
  const { missedTokens, missedWrite5mTokens: cacheWrite5m, missedWrite1hTokens: cacheWrite1h } = fact
  const paid = { cacheWrite5m, cacheWrite1h, inputUncached: missedTokens - cacheWrite5m - cacheWrite1h }
  return dearer(paid, { cacheRead: missedTokens }, price)
}

const dearer = (one: Partial<Usage>, other: Partial<Usage>, price: Price): number =>
  costOf({ ...noUsage, ...one }, price) - costOf({ ...noUsage, ...other }, price)
