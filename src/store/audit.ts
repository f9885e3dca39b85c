// Audit events: every change of keys and identities, every sweep, said once and kept by `prune`.
import { sql } from 'kysely'
import type { CompiledQuery, Kysely, RawBuilder } from 'kysely'
import type { AuditEvent, AuditType } from './events.ts'
import type { Database } from './schema.ts'
import { eventColumns, eventRowOf, names } from './turn-statements.ts'

/** Who changed something: a person or a program, and by what way it came. */
export interface Author {
  readonly actor: string
  /** `cli`, `gateway`, … */
  readonly origin: string
}

/** They belong to no turn and no session: both columns are ''. */
export function auditEvent(
  type: AuditType,
  payload: Readonly<Record<string, unknown>>,
  stamp: { readonly id: string; readonly timestampUs: number },
): AuditEvent {
  return { id: stamp.id, timestampUs: stamp.timestampUs, sessionId: '', turnId: '', parentEventId: null, type, payload }
}

/** The event of a change that may turn out to be none: written only while `condition` holds, before the change in its unit. */
export function insertEventIf(db: Kysely<Database>, event: AuditEvent, condition: RawBuilder<unknown>): CompiledQuery {
  const row = eventRowOf(event)
  return sql`insert into events (${names(eventColumns)}) select ${sql.join(eventColumns.map((column) => row[column]))}
where ${condition} on conflict do nothing`.compile(db)
}
