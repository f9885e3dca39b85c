// `/analytics/savings`: what the same tokens would have cost on one other model. Both sides are priced from one list on one
// day; the stamped cost stands beside them. Negative when the baseline is the cheaper one.
import * as z from 'zod'
import { usdOf } from '../lib/money.ts'
import { defineEndpoint } from './endpoint.ts'
import { identifier } from './filters.ts'
import { InvalidParameter } from './invalid-parameter.ts'
import { listPriceOf, repricedNanoUsd } from './reprice.ts'
import { readUsage } from './usage.ts'

export const savings = defineEndpoint({
  path: '/analytics/savings',
  summary: 'What the same tokens would have cost on one other model',
  fields: { baseline: identifier },
  data: z.object({
    baseline: z.string(),
    /** As recorded when the calls were made. */
    stamped_usd: z.number(),
    repriced_actual_usd: z.number(),
    repriced_baseline_usd: z.number(),
    /** Baseline less actual. */
    savings_usd: z.number(),
    /** Of the baseline; null when that is 0. */
    savings_pct: z.number().nullable(),
    rows_priced: z.int(),
    /** Calls whose model has no price today: they stand on neither side. */
    rows_missing_from_price_table: z.int(),
  }),
  async read(context, scope, { baseline }) {
    await context.prices.ready()
    const baselinePrice = listPriceOf(baseline, context)
    if (baselinePrice === null) throw new InvalidParameter('baseline', 'must be provider:model with a known price')
    let [stamped, actual, wouldBe, priced, missing] = [0, 0, 0, 0, 0]
    for (const { keys, usage } of await readUsage(context.db, scope, ['model'])) {
      stamped += usage.costNanoUsd
      const price = listPriceOf(keys[0] ?? null, context)
      if (price === null) {
        missing += usage.callCount
        continue
      }
      priced += usage.callCount
      actual += repricedNanoUsd(usage, price)
      wouldBe += repricedNanoUsd(usage, baselinePrice)
    }
    const data = {
      baseline,
      stamped_usd: usdOf(stamped),
      repriced_actual_usd: usdOf(actual),
      repriced_baseline_usd: usdOf(wouldBe),
      savings_usd: usdOf(wouldBe - actual),
      savings_pct: wouldBe === 0 ? null : Math.round(((wouldBe - actual) / wouldBe) * 10_000) / 100,
      rows_priced: priced,
      rows_missing_from_price_table: missing,
    }
    return { data }
  },
})
