// One call's price line by line: how many tokens of each kind, at what rate.
import * as z from 'zod'
import { costOf, type Price } from '../catalog/prices.ts'
import { noUsage, type Usage } from '../ir/usage.ts'
import { usdOf } from '../lib/money.ts'
import type { CallsTable } from '../store/schema.ts'

export const priceLine = z.object({
  item: z.enum(['input', 'cache_read', 'cache_write_5m', 'cache_write_1h', 'output']),
  tokens: z.int(),
  /** null = unpriced. */
  usd_per_million: z.number().nullable(),
  cost_usd: z.number().nullable(),
})
export type PriceLine = z.infer<typeof priceLine>

/** Lines that are 0 are left out. */
export function priceLinesOf(call: CallsTable, priceOf: (usage: Usage) => Price | null): PriceLine[] {
  const usage: Usage = {
    inputUncached: call.input_tokens,
    cacheRead: call.cached_input_tokens,
    cacheWrite5m: call.cache_creation_input_tokens - call.cache_creation_1h_tokens,
    cacheWrite1h: call.cache_creation_1h_tokens,
    output: call.output_tokens,
    ...(call.reasoning_tokens === 0 ? {} : { reasoning: call.reasoning_tokens }),
    ...(call.service_tier === null ? {} : { serviceTier: call.service_tier }),
  }
  const price = priceOf(usage)
  const parts: readonly (readonly [PriceLine['item'], number, Partial<Usage>])[] = [
    ['input', usage.inputUncached, { inputUncached: usage.inputUncached }],
    ['cache_read', usage.cacheRead, { cacheRead: usage.cacheRead }],
    ['cache_write_5m', usage.cacheWrite5m, { cacheWrite5m: usage.cacheWrite5m }],
    ['cache_write_1h', usage.cacheWrite1h, { cacheWrite1h: usage.cacheWrite1h }],
    ['output', usage.output, { output: usage.output, ...(usage.reasoning === undefined ? {} : { reasoning: usage.reasoning }) }],
  ]
  return parts
    .filter(([, tokens]) => tokens > 0)
    .map(([item, tokens, part]) => {
      const nanoUsd = price === null ? null : costOf({ ...noUsage, ...part }, price)
      return {
        item,
        tokens,
        // Nano-dollars a token are dollars a billion tokens; four decimals are finer than any list's rate.
        usd_per_million: nanoUsd === null ? null : Math.round((nanoUsd / tokens) * 1e7) / 1e10,
        cost_usd: nanoUsd === null ? null : usdOf(nanoUsd),
      }
    })
}

/** In whole nano-dollars, as everywhere: 0.1 + 0.2 is 0.3. */
export function sumOfLines(lines: readonly PriceLine[]): number | null {
  if (lines.some((line) => line.cost_usd === null)) return null
  return usdOf(lines.reduce((sum, line) => sum + Math.round((line.cost_usd ?? 0) * 1e9), 0))
}
