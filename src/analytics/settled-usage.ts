// Usage of settled spans as rows. How they are read stands in usage.ts.
import type { RowsInto } from '../store/insert-rows.ts'
import type { SettledUsageTable } from '../store/settled-tables.ts'
import { isClaimed, type Claim } from '../store/settled.ts'
import { splitName, type Split } from './settled-splits.ts'
import { columnsOf, summed } from './usage-sums.ts'
import type { UsageRow } from './usage.ts'

const keyColumns = [
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
] as const satisfies readonly (keyof SettledUsageTable)[]

const columns = [
  'split',
  'span',
  'start_us',
  ...keyColumns,
  ...summed,
  'last_call_us',
] as const satisfies readonly (keyof SettledUsageTable)[]

const noKeys: Readonly<Record<(typeof keyColumns)[number], string>> = {
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

export const usageTarget = (claim: Claim): RowsInto<'settled_usage'> => ({
  table: 'settled_usage',
  columns,
  where: isClaimed(claim),
})

export const usageRow = ({ span, startUs }: Claim, split: Split, { keys, usage }: UsageRow): SettledUsageTable => ({
  split: splitName(split),
  span,
  start_us: startUs,
  ...noKeys,
  ...Object.fromEntries(split.map((column, index) => [column, keys[index] ?? ''])),
  ...columnsOf(usage),
})
