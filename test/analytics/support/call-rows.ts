// Rows of `calls` made by hand, and the rollup that belongs to them, made by the store's own projection.
import { sql } from 'kysely'
import { hourStartOf, remakeHour } from '../../../src/store/projections.ts'
import type { CallsTable } from '../../../src/store/schema.ts'
import type { Storage } from '../../../src/store/storage.ts'

/** Every column set; a test names only what it is about. */
export function callRow(turnId: string, row: Partial<CallsTable> = {}): CallsTable {
  return {
    turn_id: turnId,
    timestamp_us: 0,
    session_id: `session of ${turnId}`,
    gateway_key_id: 'gk_1',
    user_id: 'ada',
    team_id: 'eng',
    workspace: '/work',
    project: 'gateway',
    branch: 'main',
    client: 'claude-code',
    inbound_shape: 'anthropic',
    provider: 'anthropic',
    model: 'anthropic:claude-haiku-4-5',
    requested_model: 'haiku',
    status: 'ok',
    error_class: null,
    stop_reason: 'end_turn',
    stream: 1,
    input_tokens: 10,
    output_tokens: 20,
    cached_input_tokens: 30,
    cache_creation_input_tokens: 40,
    cache_creation_1h_tokens: 0,
    reasoning_tokens: 0,
    cost_nano_usd: 1_000_000,
    cost_basis: 'metered',
    list_nano_usd: null,
    pricing_version: 'test',
    latency_ms: 100,
    ttft_ms: 10,
    attempts: 1,
    tool_calls: 0,
    service_tier: null,
    tags_json: '{}',
    ...row,
  }
}

// 33 columns each; SQLite takes 32,766 parameters a statement.
const rowsPerInsert = 900

export async function insertCalls(storage: Storage, rows: readonly CallsTable[]): Promise<void> {
  await (storage.exclusively ?? ((work) => work()))(async () => {
    for (let at = 0; at < rows.length; at += rowsPerInsert) {
      await storage.db
        .insertInto('calls')
        .values(rows.slice(at, at + rowsPerInsert))
        .execute()
    }
    const hours = new Set(rows.map((row) => hourStartOf(row.timestamp_us)))
    for (const hour of hours) {
      for (const statement of remakeHour(hour)) await statement.execute(storage.db)
    }
    await sql`analyze`.execute(storage.db)
  })
}
