// What is summed of calls, once: as its tables name it, as the code names it, added and taken away.
import type { UsageSums } from '../store/settled-tables.ts'

export interface UsageSum {
  readonly callCount: number
  readonly unpricedCalls: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedInputTokens: number
  readonly cacheCreationInputTokens: number
  readonly cacheCreation1hTokens: number
  /** Of the output. */
  readonly reasoningTokens: number
  /** Of the priced calls. */
  readonly costNanoUsd: number
  /** Of those whose tokens the provider counted. */
  readonly measuredCostNanoUsd: number
  /** Of clients' own subscriptions: no part of the cost. */
  readonly subscriptionCalls: number
  /** Theirs, at list price. */
  readonly listNanoUsd: number
  readonly latencyMsSum: number
  /** 0 = no call. */
  readonly lastCallUs: number
}

/** Columns that are added up; `last_call_us`, the greatest, stands beside them. */
export const summed = [
  'call_count',
  'unpriced_calls',
  'input_tokens',
  'output_tokens',
  'cached_input_tokens',
  'cache_creation_input_tokens',
  'cache_creation_1h_tokens',
  'reasoning_tokens',
  'cost_nano_usd',
  'measured_cost_nano_usd',
  'subscription_calls',
  'list_nano_usd',
  'latency_ms_sum',
] as const satisfies readonly (keyof UsageSums)[]

export type SummedColumn = (typeof summed)[number]

/** Of a row as a database gives it: sums over nothing are NULL; Postgres may print a bigint as text. */
export const numberOf = (value: unknown): number => (typeof value === 'number' ? value : Number(value ?? 0))

export type SumsRow = Readonly<Partial<Record<SummedColumn | 'last_call_us', unknown>>>

export function usageOf(row: SumsRow): UsageSum {
  return {
    callCount: numberOf(row.call_count),
    unpricedCalls: numberOf(row.unpriced_calls),
    inputTokens: numberOf(row.input_tokens),
    outputTokens: numberOf(row.output_tokens),
    cachedInputTokens: numberOf(row.cached_input_tokens),
    cacheCreationInputTokens: numberOf(row.cache_creation_input_tokens),
    cacheCreation1hTokens: numberOf(row.cache_creation_1h_tokens),
    reasoningTokens: numberOf(row.reasoning_tokens),
    costNanoUsd: numberOf(row.cost_nano_usd),
    measuredCostNanoUsd: numberOf(row.measured_cost_nano_usd),
    subscriptionCalls: numberOf(row.subscription_calls),
    listNanoUsd: numberOf(row.list_nano_usd),
    latencyMsSum: numberOf(row.latency_ms_sum),
    lastCallUs: numberOf(row.last_call_us),
  }
}

export function columnsOf(usage: UsageSum): Record<SummedColumn | 'last_call_us', number> {
  return {
    call_count: usage.callCount,
    unpriced_calls: usage.unpricedCalls,
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cached_input_tokens: usage.cachedInputTokens,
    cache_creation_input_tokens: usage.cacheCreationInputTokens,
    cache_creation_1h_tokens: usage.cacheCreation1hTokens,
    reasoning_tokens: usage.reasoningTokens,
    cost_nano_usd: usage.costNanoUsd,
    measured_cost_nano_usd: usage.measuredCostNanoUsd,
    subscription_calls: usage.subscriptionCalls,
    list_nano_usd: usage.listNanoUsd,
    latency_ms_sum: usage.latencyMsSum,
    last_call_us: usage.lastCallUs,
  }
}

/** Sums of nothing. */
export const noUsageSum: UsageSum = usageOf({})

export const addUsage = (a: UsageSum, b: UsageSum): UsageSum => combined(a, b, 1)

/** What is left of a whole without one of its parts; when the last of it was is not known. */
export const lessUsage = (whole: UsageSum, part: UsageSum): UsageSum => combined(whole, part, -1)

function combined(a: UsageSum, b: UsageSum, sign: 1 | -1): UsageSum {
  return {
    callCount: a.callCount + sign * b.callCount,
    unpricedCalls: a.unpricedCalls + sign * b.unpricedCalls,
    inputTokens: a.inputTokens + sign * b.inputTokens,
    outputTokens: a.outputTokens + sign * b.outputTokens,
    cachedInputTokens: a.cachedInputTokens + sign * b.cachedInputTokens,
    cacheCreationInputTokens: a.cacheCreationInputTokens + sign * b.cacheCreationInputTokens,
    cacheCreation1hTokens: a.cacheCreation1hTokens + sign * b.cacheCreation1hTokens,
    reasoningTokens: a.reasoningTokens + sign * b.reasoningTokens,
    costNanoUsd: a.costNanoUsd + sign * b.costNanoUsd,
    measuredCostNanoUsd: a.measuredCostNanoUsd + sign * b.measuredCostNanoUsd,
    subscriptionCalls: a.subscriptionCalls + sign * b.subscriptionCalls,
    listNanoUsd: a.listNanoUsd + sign * b.listNanoUsd,
    latencyMsSum: a.latencyMsSum + sign * b.latencyMsSum,
    lastCallUs: Math.max(a.lastCallUs, b.lastCallUs),
  }
}
