// `/analytics/what_if`: this window's tokens under other conditions, at today's list prices: on another model, in batches, with
// a cache that lasts an hour, with none. Each scenario says what it assumes; none says what will happen.
import * as z from 'zod'
import { costOf, type Price } from '../catalog/prices.ts'
import { noUsage, totalInputOf } from '../ir/usage.ts'
import { usdOf } from '../lib/money.ts'
import { wastedNanoUsd } from './cache-effectiveness.ts'
import { defineEndpoint, type AnalyticsContext } from './endpoint.ts'
import type { Fact } from './facts.ts'
import { identifier } from './filters.ts'
import { InvalidParameter } from './invalid-parameter.ts'
import { readFacts } from './read-facts.ts'
import { listPriceOf, repricedNanoUsd, tokensOf } from './reprice.ts'
import type { UsageSum } from './usage-sums.ts'
import { readUsage } from './usage.ts'

const scenarioNames = ['model', 'batch', 'cache_1h', 'no_cache'] as const

const scenario = z.object({
  scenario: z.enum(scenarioNames),
  cost_usd: z.number(),
  /** Less what the same calls cost now at list price: below 0 is cheaper. */
  difference_usd: z.number(),
  rows_priced: z.int(),
  /** Calls that have no price there: they stand in no sum of this scenario. */
  rows_missing_from_price_table: z.int(),
  assumption: z.string(),
})

/** What calls of one model would cost; null = no price is known for that. */
type Reckoning = (model: ModelUsage, price: Price) => number | null

interface ModelUsage {
  readonly model: string | null
  readonly usage: UsageSum
  readonly misses: readonly Fact[]
}

export const whatIf = defineEndpoint({
  path: '/analytics/what_if',
  summary: 'What the window would cost on another model, in batches, with other caching',
  fields: { on: identifier.optional() },
  data: z.object({
    on: z.string().nullable(),
    /** The window at today's list prices, which scenarios are compared with. */
    current_usd: z.number(),
    scenarios: z.array(scenario),
  }),
  async read(context, scope, { on }) {
    await context.prices.ready()
    const rows = await readUsage(context.db, scope, ['model'])
    const facts = await readFacts(context.db, scope, ['miss'])
    const models = rows.map(({ keys: [model = null], usage }) => ({
      model,
      usage,
      misses: facts.filter(({ subject }) => subject.model === model),
    }))
    const run = (name: (typeof scenarioNames)[number], assumption: string, reckon: Reckoning) => ({
      scenario: name,
      assumption,
      ...reckoned(models, context, reckon),
    })
    const other = on === undefined ? null : listPriceOf(on, context)
    if (on !== undefined && other === null) throw new InvalidParameter('on', 'must be provider:model with a known price')
    const scenarios = [
      ...(other === null
        ? []
        : [run('model', 'the same tokens, cached alike, all on that model', ({ usage }) => repricedNanoUsd(usage, other))]),
      run('batch', 'every call as a batch, at the batch price of its model', ({ model, usage }) => {
        const batch = listPriceOf(model, context, 'batch')
        return batch === null ? null : repricedNanoUsd(usage, batch)
      }),
      run('cache_1h', 'every cache write kept for an hour; what expired within an hour is read instead', hourlyCache),
      run('no_cache', 'all input uncached', ({ usage }, price) => {
        const tokens = tokensOf(usage)
        return costOf({ ...tokens, inputUncached: totalInputOf(tokens), cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0 }, price)
      }),
    ]
    const current = reckoned(models, context, ({ usage }, price) => repricedNanoUsd(usage, price)).cost_usd
    return { data: { on: on ?? null, current_usd: current, scenarios } }
  },
})

function reckoned(models: readonly ModelUsage[], context: AnalyticsContext, reckon: Reckoning) {
  let [cost, current, priced, missing] = [0, 0, 0, 0]
  for (const each of models) {
    const price = listPriceOf(each.model, context)
    const nanoUsd = price === null ? null : reckon(each, price)
    if (price === null || nanoUsd === null) {
      missing += each.usage.callCount
      continue
    }
    priced += each.usage.callCount
    cost += nanoUsd
    current += repricedNanoUsd(each.usage, price)
  }
  return {
    cost_usd: usdOf(cost),
    difference_usd: usdOf(cost - current),
    rows_priced: priced,
    rows_missing_from_price_table: missing,
  }
}

function hourlyCache({ usage, misses }: ModelUsage, price: Price): number {
  const expired = misses.filter(({ detail }) => detail === 'expired_within_an_hour')
  const saved = expired.reduce((sum, fact) => sum + wastedNanoUsd(fact, price), 0)
  const rewritten = expired.reduce((sum, fact) => sum + fact.missedWrite5mTokens, 0)
  const { cacheWrite5m } = tokensOf(usage)
  const kept = { ...noUsage, cacheWrite5m: Math.max(0, cacheWrite5m - rewritten) }
  const dearerWrites = costOf({ ...noUsage, cacheWrite1h: kept.cacheWrite5m }, price) - costOf(kept, price)
  return repricedNanoUsd(usage, price) - saved + dearerWrites
}
