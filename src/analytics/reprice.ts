// A window's tokens at today's list price: what savings, what-if and the cache's worth are reckoned with. Asked for an empty
// call, so that the sum over a window does not fall into a long-context tier that no single call was in.
import { parseModelRef } from '../catalog/models.ts'
import { costOf, type Price } from '../catalog/prices.ts'
import { noUsage, type Usage } from '../ir/usage.ts'
import type { AnalyticsContext } from './endpoint.ts'
import type { UsageSum } from './usage-sums.ts'

/** null = no price is known. Await `prices.ready()` before. */
export function listPriceOf(model: string | null, { prices, nowUs }: AnalyticsContext, serviceTier?: string): Price | null {
  const ref = parseModelRef(model ?? '')
  if (ref === null) return null
  return prices.priceOf(ref.provider, ref.name, serviceTier === undefined ? noUsage : { ...noUsage, serviceTier }, nowUs)
}

export function tokensOf(usage: UsageSum): Usage {
  return {
    inputUncached: usage.inputTokens,
    cacheRead: usage.cachedInputTokens,
    cacheWrite5m: usage.cacheCreationInputTokens - usage.cacheCreation1hTokens,
    cacheWrite1h: usage.cacheCreation1hTokens,
    output: usage.outputTokens,
    reasoning: usage.reasoningTokens,
  }
}

export const repricedNanoUsd = (usage: UsageSum, price: Price): number => costOf(tokensOf(usage), price)
