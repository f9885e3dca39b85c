// Usage of settled spans as rows. How they are read stands in usage.ts.
import { sql } from 'kysely'
import type { CompiledQuery, Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'
import type { SettledUsageTable } from '../store/settled-tables.ts'
import { isClaimed, type Claim } from '../store/settled.ts'
import { createTemplate } from '../store/statements.ts'
import { names, values } from '../store/turn-statements.ts'
import { splitName, type Split } from './settled-splits.ts'
import type { UsageRow } from './usage.ts'

const noKeys = {
  gateway_key_id: '',
  user_id: '',
  team_id: '',
  project: '',
  client: '',
  provider: '',
  model: '',
  branch: '',
  inbound_shape: '',
  session_id: '',
  tags_json: '',
}

const columns = [
  'split',
  'span',
  'start_us',
  'gateway_key_id',
  'user_id',
  'team_id',
  'project',
  'client',
  'provider',
  'model',
  'branch',
  'inbound_shape',
  'session_id',
  'tags_json',
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
  'last_call_us',
] as const satisfies readonly (keyof SettledUsageTable)[]

/** Changes nothing when the claim does not stand. */
export function usageInserter(db: Kysely<Database>, claim: Claim): (split: Split, row: UsageRow) => CompiledQuery {
  const insert = createTemplate<SettledUsageTable>((slot) =>
    sql`insert into settled_usage (${names(columns)}) select ${values(columns, slot)} where ${isClaimed(claim)}`.compile(db),
  )
  return (split, { keys, usage }) =>
    insert({
      split: splitName(split),
      span: claim.span,
      start_us: claim.startUs,
      ...noKeys,
      ...Object.fromEntries(split.map((column, index) => [column, keys[index] ?? ''])),
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
    })
}
