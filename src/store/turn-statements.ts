// The statements of a turn, T1 and T2 of reliability.md §1, each guarded so that sending a unit twice changes nothing:
// `inflight` says that a turn is open, its route event that it was ever opened.
import { sql } from 'kysely'
import type { CompiledQuery, Kysely } from 'kysely'
import type { TraceEvent } from './events.ts'
import { addToHour } from './projections.ts'
import { createQuotaStatements } from './quota-statements.ts'
import type { QuotaStatements } from './quota-statements.ts'
import type { CallsTable, Database, EventsTable, InflightTable } from './schema.ts'
import { deleteMarks, type wrongAfter } from './settled.ts'
import { createTemplate } from './statements.ts'
import type { SlotOf } from './statements.ts'

export interface TurnStatements {
  /** Opens the turn unless its route event (`route_id`) is there already: a T1 sent again must not open a closed turn. */
  readonly open: (row: InflightTable & { readonly route_id: string }) => CompiledQuery
  readonly insertEvent: (row: EventsTable) => CompiledQuery
  /** An event of a turn's end: only while the turn is open. */
  readonly insertLastEvent: (row: EventsTable) => CompiledQuery
  readonly insertCall: (row: CallsTable) => CompiledQuery
  readonly addToHour: (turn: { readonly turn_id: string }) => CompiledQuery
  readonly quota: QuotaStatements
  /** First, of a turn that is put on record later than it happened. */
  readonly unsettle: (starts: ReturnType<typeof wrongAfter>) => CompiledQuery
  /** Last: what it deletes is the guard of all others. Its affected rows say whether this unit closed the turn. */
  readonly close: (turn: { readonly turn_id: string }) => CompiledQuery
}

export const eventColumns = [
  'id',
  'timestamp_us',
  'session_id',
  'turn_id',
  'parent_event_id',
  'type',
  'actor',
  'sensitivity',
  'payload_json',
] as const satisfies readonly (keyof EventsTable)[]

export const callColumns = [
  'turn_id',
  'timestamp_us',
  'session_id',
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
  'requested_model',
  'status',
  'error_class',
  'stop_reason',
  'stream',
  'input_tokens',
  'output_tokens',
  'cached_input_tokens',
  'cache_creation_input_tokens',
  'cache_creation_1h_tokens',
  'reasoning_tokens',
  'cost_nano_usd',
  'cost_basis',
  'list_nano_usd',
  'pricing_version',
  'latency_ms',
  'ttft_ms',
  'attempts',
  'tool_calls',
  'service_tier',
  'tags_json',
] as const satisfies readonly (keyof CallsTable)[]

export function createTurnStatements(db: Kysely<Database>): TurnStatements {
  // The limit keeps SQLite from making a join of it, which the SQLite in Bun 1.4 runs at 50 µs a time, and others at 1.
  const isOpen = <Row extends { readonly turn_id: string }>(slot: SlotOf<Row>) =>
    sql`exists (select 1 from inflight where inflight.turn_id = ${slot('turn_id')} limit 1)`
  return {
    open: createTemplate((slot) =>
      sql`insert into inflight (turn_id, instance_id, started_us, opened_json)
select ${slot('turn_id')}, ${slot('instance_id')}, ${slot('started_us')}, ${slot('opened_json')}
where not exists (select 1 from events where events.id = ${slot('route_id')}) on conflict do nothing`.compile(db),
    ),
    insertEvent: createTemplate((slot) =>
      sql`insert into events (${names(eventColumns)}) values (${values(eventColumns, slot)}) on conflict do nothing`.compile(db),
    ),
    insertLastEvent: createTemplate((slot) =>
      sql`insert into events (${names(eventColumns)}) select ${values(eventColumns, slot)} where ${isOpen(slot)} on conflict do nothing`.compile(
        db,
      ),
    ),
    insertCall: createTemplate((slot) =>
      sql`insert into calls (${names(callColumns)}) select ${values(callColumns, slot)} where ${isOpen(slot)} on conflict do nothing`.compile(
        db,
      ),
    ),
    addToHour: createTemplate((slot) => addToHour(sql`calls.turn_id = ${slot('turn_id')} and ${isOpen(slot)}`).compile(db)),
    quota: createQuotaStatements(db),
    unsettle: createTemplate((slot) => deleteMarks(slot('day_us'), slot('hour_us'), slot('until_us')).compile(db)),
    close: createTemplate((slot) => sql`delete from inflight where turn_id = ${slot('turn_id')}`.compile(db)),
  }
}

/** A column list. */
export const names = (columns: readonly string[]) => sql.join(columns.map((column) => sql.ref(column)))

/** The slots of those columns. */
export const values = <Row>(columns: readonly (keyof Row & string)[], slot: SlotOf<Row>) =>
  sql.join(columns.map((column) => slot(column)))

export function eventRowOf(event: TraceEvent): EventsTable {
  return {
    id: event.id,
    timestamp_us: event.timestampUs,
    session_id: event.sessionId,
    turn_id: event.turnId,
    parent_event_id: event.parentEventId,
    type: event.type,
    actor: event.type === 'llm.call_completed' || event.type === 'llm.call_failed' ? 'agent' : 'system',
    // Who, when and how much, under ids: never what was said.
    sensitivity: 'pseudonymous',
    payload_json: JSON.stringify(event.payload),
  }
}
