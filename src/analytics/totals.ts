// Usage as every answer prints it, and the folding of rows into it. Integers are added; dollars are only printed.
import * as z from 'zod'
import { usdOf } from '../lib/money.ts'
import { addUsage, type UsageSum } from './usage-sums.ts'
import type { UsageRow } from './usage.ts'
import { isoOf } from './window.ts'

export const totalFields = {
  /** null = there were calls and none of them has a price: never silently 0. */
  cost_usd: z.number().nullable(),
  /** The share of `cost_usd` whose tokens the provider counted. */
  measured_cost_usd: z.number(),
  /** Uncached. */
  input_tokens: z.int(),
  output_tokens: z.int(),
  cached_input_tokens: z.int(),
  cache_creation_input_tokens: z.int(),
  /** null = no call. */
  avg_latency_ms: z.number().nullable(),
  call_count: z.int(),
  unpriced_calls: z.int(),
  /** Calls that went to clients' own subscriptions: they cost 0, and at list price `subscription_list_usd`. */
  subscription_calls: z.int(),
  subscription_list_usd: z.number(),
}

export const totals = z.object(totalFields)
export type Totals = z.infer<typeof totals>

export function totalsOf(usage: UsageSum): Totals {
  const { callCount } = usage
  return {
    cost_usd: callCount > 0 && usage.unpricedCalls === callCount ? null : usdOf(usage.costNanoUsd),
    measured_cost_usd: usdOf(usage.measuredCostNanoUsd),
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cached_input_tokens: usage.cachedInputTokens,
    cache_creation_input_tokens: usage.cacheCreationInputTokens,
    avg_latency_ms: callCount === 0 ? null : Math.round((usage.latencyMsSum / callCount) * 10) / 10,
    call_count: callCount,
    unpriced_calls: usage.unpricedCalls,
    subscription_calls: usage.subscriptionCalls,
    subscription_list_usd: usdOf(usage.listNanoUsd),
  }
}

/** Totals with the time of the last of them, where a list of who says when they were last seen. */
export const lastSeenFields = { ...totalFields, last_call_at: z.string() }

export const lastSeenOf = (usage: UsageSum) => ({ ...totalsOf(usage), last_call_at: isoOf(usage.lastCallUs) })

export interface Group {
  readonly key: string | null
  readonly usage: UsageSum
  /** What it is the sum of, each without the key it was grouped by. */
  readonly parts: readonly UsageRow[]
}

/** Rows of one value of `keyOf`, summed; dearest first. */
export function groupRows(
  rows: readonly UsageRow[],
  keyOf: (row: UsageRow) => string | null = (row) => row.keys[0] ?? null,
): readonly Group[] {
  const groups = new Map<string | null, UsageRow[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [row])
    else group.push(row)
  }
  return [...groups]
    .map(([key, parts]) => ({ key, usage: parts.map((row) => row.usage).reduce(addUsage), parts: parts.map(rest) }))
    .sort(dearestFirst)
}

const rest = ({ keys, usage }: UsageRow): UsageRow => ({ keys: keys.slice(1), usage })

/** Cost, then calls, then the name, so that two readings of the same rows print alike; "none" stands last among equals. */
export function dearestFirst(a: Omit<Group, 'parts'>, b: Omit<Group, 'parts'>): number {
  return b.usage.costNanoUsd - a.usage.costNanoUsd || b.usage.callCount - a.usage.callCount || compareKeys(a.key, b.key)
}

export function compareKeys(a: string | null, b: string | null): number {
  if (a === b) return 0
  if (a === null) return 1
  return b === null || a < b ? -1 : 1
}
