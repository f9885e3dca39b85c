// Sums of hours and days that are over, made in the background for analytics alone, and the marks that say which of them may
// be used.
import { SqliteAdapter, sql } from 'kysely'
import type { CreateTableBuilder, Kysely, Migration } from 'kysely'

const who = ['gateway_key_id', 'user_id', 'team_id', 'project', 'client', 'provider', 'model']
const usageKeys = [...who, 'branch', 'inbound_shape', 'session_id', 'tags_json']
const usageSums = [
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
]
const factCounts = ['count', 'retried', 'missed_tokens', 'missed_write_5m_tokens', 'missed_write_1h_tokens', 'last_us']

export const settled: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await createTable(db, {
      name: 'settled_spans',
      texts: ['span', 'claim'],
      numbers: ['start_us', 'ready'],
      key: ['start_us', 'span'],
    })
    await createTable(db, {
      name: 'settled_usage',
      texts: ['split', 'span', ...usageKeys],
      numbers: ['start_us', ...usageSums],
      key: ['span', 'start_us', 'split', ...usageKeys],
    })
    await createTable(db, {
      name: 'settled_facts',
      texts: ['resolution', 'span', 'kind', ...who, 'detail', 'histogram'],
      numbers: ['start_us', ...factCounts],
      key: ['span', 'start_us', 'resolution', 'kind', ...who, 'detail'],
    })
  },
}

interface Table {
  readonly name: string
  readonly texts: readonly string[]
  readonly numbers: readonly string[]
  /** In this order it is what they are read by. */
  readonly key: readonly string[]
}

async function createTable(db: Kysely<unknown>, { name, texts, numbers, key }: Table): Promise<void> {
  let table: CreateTableBuilder<string, string> = db.schema.createTable(name)
  for (const column of texts) table = table.addColumn(column, 'text', (c) => c.notNull())
  for (const column of numbers) table = table.addColumn(column, 'bigint', (c) => c.notNull())
  table = table.addPrimaryKeyConstraint(`${name}_key`, [...key])
  const isSqlite = db.getExecutor().adapter instanceof SqliteAdapter
  await (isSqlite ? table.modifyEnd(sql`without rowid`) : table).execute()
}
