// The first schema: the ledger, its two projections, the turns under way, keys and identities (columns: ../schema.ts).
import { SqliteAdapter, sql } from 'kysely'
import type { CreateTableBuilder, Kysely, Migration } from 'kysely'

const texts = <T extends string, C extends string>(table: CreateTableBuilder<T, C>, columns: readonly string[]) =>
  columns.reduce<CreateTableBuilder<T, string>>((all, column) => all.addColumn(column, 'text', (c) => c.notNull()), table)

const optionalTexts = <T extends string, C extends string>(table: CreateTableBuilder<T, C>, columns: readonly string[]) =>
  columns.reduce<CreateTableBuilder<T, string>>((all, column) => all.addColumn(column, 'text'), table)

// bigint: µs and nano-USD do not fit Postgres' 4-byte integer; SQLite takes either word for the same.
const integers = <T extends string, C extends string>(table: CreateTableBuilder<T, C>, columns: readonly string[]) =>
  columns.reduce<CreateTableBuilder<T, string>>((all, column) => all.addColumn(column, 'bigint', (c) => c.notNull()), table)

const optionalIntegers = <T extends string, C extends string>(table: CreateTableBuilder<T, C>, columns: readonly string[]) =>
  columns.reduce<CreateTableBuilder<T, string>>((all, column) => all.addColumn(column, 'bigint'), table)

const tokenSums = [
  'input_tokens',
  'output_tokens',
  'cached_input_tokens',
  'cache_creation_input_tokens',
  'cache_creation_1h_tokens',
  'reasoning_tokens',
]

const hourlyKey = [
  'gateway_key_id',
  'user_id',
  'team_id',
  'workspace',
  'project',
  'branch',
  'client',
  'inbound_shape',
  'provider',
  'model',
]

/** Small rows live in their primary key where the dialect can: one page less to write in every commit. */
const compact = <T extends string, C extends string>(db: Kysely<unknown>, table: CreateTableBuilder<T, C>) =>
  db.getExecutor().adapter instanceof SqliteAdapter ? table.modifyEnd(sql`without rowid`) : table

async function createLedger(db: Kysely<unknown>): Promise<void> {
  let events = db.schema.createTable('events').addColumn('id', 'text', (c) => c.primaryKey().notNull())
  events = integers(events, ['timestamp_us'])
  events = texts(events, ['session_id', 'turn_id'])
  events = optionalTexts(events, ['parent_event_id'])
  await texts(events, ['type', 'actor', 'sensitivity', 'payload_json']).execute()
  await db.schema.createIndex('events_type_time').on('events').columns(['type', 'timestamp_us']).execute()

  let inflight = db.schema.createTable('inflight').addColumn('turn_id', 'text', (c) => c.primaryKey().notNull())
  inflight = texts(inflight, ['instance_id'])
  inflight = integers(inflight, ['started_us'])
  // No index on the instance: the table holds what runs now, and each one more is a page more in every commit.
  await compact(db, texts(inflight, ['opened_json'])).execute()

  let instances = db.schema.createTable('instances').addColumn('id', 'text', (c) => c.primaryKey().notNull())
  instances = texts(instances, ['host'])
  instances = integers(instances, ['pid'])
  instances = texts(instances, ['process_start', 'version'])
  await integers(instances, ['started_us', 'heartbeat_us']).execute()
}

async function createProjections(db: Kysely<unknown>): Promise<void> {
  let calls = db.schema.createTable('calls').addColumn('turn_id', 'text', (c) => c.primaryKey().notNull())
  calls = integers(calls, ['timestamp_us'])
  calls = texts(calls, ['session_id'])
  calls = optionalTexts(calls, [
    'gateway_key_id',
    'user_id',
    'team_id',
    'workspace',
    'project',
    'branch',
    'client',
    'inbound_shape',
  ])
  calls = texts(calls, ['provider', 'model', 'requested_model', 'status'])
  calls = optionalTexts(calls, ['error_class', 'stop_reason'])
  calls = integers(calls, ['stream', ...tokenSums])
  calls = optionalIntegers(calls, ['cost_nano_usd'])
  calls = texts(calls, ['cost_basis', 'pricing_version'])
  calls = calls.addColumn('latency_ms', 'double precision', (c) => c.notNull()).addColumn('ttft_ms', 'double precision')
  calls = integers(calls, ['attempts', 'tool_calls'])
  calls = optionalTexts(calls, ['service_tier'])
  await compact(db, texts(calls, ['tags_json'])).execute()
  // No index by key: its totals come from usage_hourly, and it is one page more in every commit (about 2 µs a grouped turn).
  await db.schema.createIndex('calls_time').on('calls').column('timestamp_us').execute()
  await db.schema.createIndex('calls_session').on('calls').column('session_id').execute()

  let hourly = integers(db.schema.createTable('usage_hourly'), ['hour_us'])
  hourly = texts(hourly, hourlyKey)
  hourly = integers(hourly, ['call_count', 'failed_calls', 'unpriced_calls', ...tokenSums])
  hourly = integers(hourly, ['cost_nano_usd', 'measured_cost_nano_usd', 'latency_ms_sum', 'last_call_us'])
  hourly = hourly.addPrimaryKeyConstraint('usage_hourly_key', ['hour_us', ...hourlyKey])
  await compact(db, hourly).execute()
}

async function createIdentities(db: Kysely<unknown>): Promise<void> {
  for (const name of ['teams', 'users'] as const) {
    let table = db.schema.createTable(name).addColumn('id', 'text', (c) => c.primaryKey().notNull())
    table = texts(table, ['display_name'])
    if (name === 'users') table = optionalTexts(table, ['team_id'])
    table = optionalIntegers(table, ['daily_cap_nano_usd', 'monthly_cap_nano_usd'])
    table = integers(table, ['created_us'])
    await optionalIntegers(table, ['disabled_us']).execute()
  }
  let keys = db.schema.createTable('gateway_keys').addColumn('id', 'text', (c) => c.primaryKey().notNull())
  keys = texts(keys, ['name', 'token_hash'])
  keys = optionalTexts(keys, ['workspace', 'user_id', 'team_id'])
  keys = texts(keys, ['allowed_models_json'])
  keys = optionalIntegers(keys, ['daily_cap_nano_usd', 'monthly_cap_nano_usd', 'requests_per_minute', 'tokens_per_minute'])
  keys = texts(keys, ['tags_json'])
  keys = integers(keys, ['log_messages', 'ignore_client_model', 'created_us'])
  await optionalIntegers(keys, ['expires_us', 'revoked_us', 'last_used_us']).execute()
}

export const initial: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await createLedger(db)
    await createProjections(db)
    await createIdentities(db)
  },
}
