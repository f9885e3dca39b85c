// What one answer used: summed from the meters of its chunks while they pass, judged when the turn ends.
import { costOf, type PriceCatalog } from '../catalog/prices.ts'
import type { ModelRef } from '../catalog/models.ts'
import type { Meter, Stop } from '../ir/stream.ts'
import { mostTokens, mostUsd, noUsage, type Usage } from '../ir/usage.ts'
import type { Warning } from '../ir/warning.ts'
import { nanoUsdOf } from '../lib/money.ts'
import { estimateTokens } from '../lib/tokens.ts'
import type { CostBasis } from '../store/events.ts'

export interface Tally {
  add(meter: Meter): void
  /** The last usage the provider told. */
  readonly usage: Usage | null
  readonly stop: Stop | null
  /** The provider's own name of the model that answered. */
  readonly reportedModel: string | null
  readonly toolCalls: number
  readonly thinkingBlocks: number
  readonly outputCharacters: number
  /** What the answer lost on its way to another shape, each field once. */
  readonly warnings: readonly Warning[]
  /** Any content reached the client. */
  readonly delivered: boolean
}

export function createTally(): Tally {
  const tally = {
    usage: null as Usage | null,
    stop: null as Stop | null,
    reportedModel: null as string | null,
    toolCalls: 0,
    thinkingBlocks: 0,
    outputCharacters: 0,
    warnings: [] as Warning[],
    delivered: false,
    add(meter: Meter): void {
      tally.delivered = true
      if (meter.usage !== undefined && isCounted(meter.usage)) tally.usage = meter.usage
      if (meter.stop !== undefined) tally.stop = meter.stop
      if (meter.model !== undefined) tally.reportedModel = meter.model
      tally.toolCalls += meter.toolCalls
      tally.thinkingBlocks += meter.thinkingBlocks
      tally.outputCharacters += meter.outputCharacters
      if (meter.warnings !== undefined) addNew(tally.warnings, meter.warnings)
    },
  }
  return tally
}

/** A long stream may say the same thousands of times. */
function addNew(known: Warning[], warnings: readonly Warning[]): void {
  for (const warning of warnings) {
    if (known.length === WARNINGS_LIMIT) return
    if (known.every(({ field }) => field !== warning.field)) known.push(warning)
  }
}

const WARNINGS_LIMIT = 64

/** Counts that are no counts (a fraction, less than nothing, a billion) tell nothing: the call is then estimated. */
function isCounted(usage: Usage): boolean {
  const { upstreamCostUsd: _, ...counts } = usage
  return Object.values(counts).every(
    (count) => typeof count !== 'number' || (Number.isInteger(count) && count >= 0 && count <= mostTokens),
  )
}

export interface Bill {
  readonly usage: Usage
  /** Some of `usage` is ours, not the provider's. */
  readonly estimated: boolean
  /** Integer nano-USD; null = unpriced. */
  readonly costNanoUsd: number | null
  readonly basis: CostBasis
  /** What a call of a subscription would have cost; null = unpriced, absent = it is none. */
  readonly listNanoUsd?: number | null
}

/** What the call is on record for. A cut answer is billed for what was delivered (contract.md §5, `cost_basis`). */
export function billOf(tally: Tally, model: ModelRef, estimatedInputTokens: number, prices: PriceCatalog, atUs: number): Bill {
  const unpriced = unpricedBillOf(tally, estimatedInputTokens)
  const { usage, estimated } = unpriced
  const price = prices.priceOf(model.provider, model.name, usage, atUs, tally.reportedModel ?? undefined)
  if (price !== null) {
    return { usage, estimated, costNanoUsd: costOf(usage, price), basis: estimated ? 'partial_estimate' : 'metered' }
  }
  if (usage.upstreamCostUsd !== undefined && isPlausibleUsd(usage.upstreamCostUsd)) {
    return { usage, estimated, costNanoUsd: nanoUsdOf(usage.upstreamCostUsd), basis: 'provider_reported' }
  }
  return unpriced
}

/** Recorded at list price, and no cash. */
export function subscriptionBillOf(bill: Bill): Bill {
  return { ...bill, costNanoUsd: 0, basis: 'subscription', listNanoUsd: bill.costNanoUsd }
}

/** What was used, for a call that cannot be priced now. */
export function unpricedBillOf(tally: Tally, estimatedInputTokens: number): Bill {
  const told = tally.usage
  // A stop with its usage is the provider's final count, even when the last frame was cut off.
  const whole = told !== null && tally.stop !== null
  const usage = whole ? told : estimateOf(told ?? noUsage, told === null ? estimatedInputTokens : null, tally.outputCharacters)
  return { usage, estimated: !whole, costNanoUsd: null, basis: 'unpriced' }
}

/** A provider's own figure is only believed where it can be a call's cost. */
function isPlausibleUsd(usd: number): boolean {
  return Number.isFinite(usd) && usd >= 0 && usd < mostUsd
}

function estimateOf(told: Usage, inputTokens: number | null, outputCharacters: number): Usage {
  return {
    ...told,
    inputUncached: inputTokens ?? told.inputUncached,
    output: Math.max(told.output, estimateTokens(outputCharacters)),
  }
}
