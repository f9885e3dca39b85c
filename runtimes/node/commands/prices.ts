// `prices`: what the models that can be asked for cost, in USD per million tokens, and which price list says so.
import { formatModelRef, type ModelRef } from '../../../src/catalog/models.ts'
import type { Price } from '../../../src/catalog/prices.ts'
import { noUsage } from '../../../src/ir/usage.ts'
import { defineCommand } from './command.ts'
import { configFlag, dbFlag, jsonFlag, toggle } from './flags.ts'
import { withNode } from './open.ts'
import { tableLines } from './table.ts'

export const prices = defineCommand({
  name: 'prices',
  summary: 'show what each model costs, USD per million tokens',
  flags: { demo: toggle('with the offline demo provider'), db: dbFlag, config: configFlag, json: jsonFlag },
  examples: ['metis-gateway prices', 'metis-gateway prices --json | jq .pricing_version'],
  run: ({ flags, io }) =>
    withNode(io, flags, { demo: flags.demo }, async (context) => {
      await context.prices.ready()
      const nowUs = Date.now() * 1000
      const targets = new Map(context.models.list().map(({ target }) => [formatModelRef(target), target]))
      const rows = [...targets].map(([id, target]) =>
        row(id, target, context.prices.priceOf(target.provider, target.name, noUsage, nowUs)),
      )
      if (flags.json) {
        io.out(JSON.stringify({ pricing_version: context.prices.version, unit: 'USD per million tokens', data: rows }))
        return 0
      }
      const header = ['MODEL', 'INPUT', 'OUTPUT', 'CACHE READ', 'CACHE WRITE', 'PRICED AS']
      const cells = rows.map((one) => [
        one.model,
        cell(one.input),
        cell(one.output),
        cell(one.cache_read),
        cell(one.cache_write),
        one.priced_as ?? 'unpriced',
      ])
      for (const line of tableLines(header, cells, [1, 2, 3, 4])) io.out(line)
      io.out(`\nprice list: ${context.prices.version}`)
      return 0
    }),
})

function row(model: string, { provider }: ModelRef, price: Price | null) {
  return {
    model,
    provider,
    input: usdPerMillion(price?.input),
    output: usdPerMillion(price?.output),
    cache_read: usdPerMillion(price?.cacheRead),
    cache_write: usdPerMillion(price?.cacheWrite5m),
    cache_write_1h: usdPerMillion(price?.cacheWrite1h),
    priced_as: price?.matchedId ?? null,
  }
}

/** Rates are pico-USD per token, which is millionths of USD per million tokens. */
function usdPerMillion(picoPerToken: number | undefined): number | null {
  return picoPerToken === undefined ? null : picoPerToken / 1_000_000
}

function cell(usd: number | null): string {
  return usd === null ? '-' : String(usd)
}
