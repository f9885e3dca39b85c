// Usage of settled spans as rows. How they are read stands in usage.ts.
import { sql } from 'kysely'
import type { CompiledQuery, Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'
import type { SettledUsageTable } from '../store/settled-tables.ts'
import { isClaimed, type Claim } from '../store/settled.ts'
import { createTemplate } from '../store/statements.ts'
import { names, values } from '../store/turn-statements.ts'
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
      ...columnsOf(usage),
    })
}
