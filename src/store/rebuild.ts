// Makes the projections again from `events`, page by page and hour by hour, while gateways write: every step is one unit
// that leaves the store right. Rows whose events were pruned stay as they are.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { adjusted, readAdjustments } from './adjustments.ts'
import type { CommitQueue } from './commit-queue.ts'
import { eventPages } from './event-pages.ts'
import { hourStartOf, remakeHour } from './projections.ts'
import type { CallsTable, Database, EventsTable } from './schema.ts'
import { createTemplate } from './statements.ts'
import type { Storage, Unit } from './storage.ts'
import { callTypes, projectedCall } from './stored-calls.ts'
import { callColumns, names, values } from './turn-statements.ts'

export interface Rebuilt {
  readonly calls: number
  readonly hours: number
  /** Ids of call events whose payload is not what the catalog says; their rows stay as they were. */
  readonly unreadable: readonly string[]
}

const pageSize = 500
const hourUs = 3_600_000_000

export async function rebuild(
  parts: { readonly storage: Storage; readonly queue: CommitQueue },
  onProgress: (calls: number) => void = () => undefined,
): Promise<Rebuilt> {
  const { storage, queue } = parts
  const replaceCall = replaceCallIn(storage.db)
  let adjustments = await readAdjustments(storage.db)
  const unreadable: string[] = []
  let calls = 0
  const remake = async (events: readonly EventsTable[]): Promise<number> => {
    const rows = events.flatMap((event) => {
      const row = projectedCall(event)
      if (row === null) unreadable.push(event.id)
      return row === null ? [] : adjusted(row, adjustments)
    })
    await Promise.all(rows.map((row) => queue.commit([replaceCall(row)])))
    return rows.length
  }
  const query = storage.db.selectFrom('events').selectAll().where('type', 'in', callTypes)
  for await (const page of eventPages(query, pageSize)) {
    calls += await remake(page)
    onProgress(calls)
  }
  // What was repriced meanwhile may have been written over by what it was before.
  const before = adjustments
  adjustments = await readAdjustments(storage.db)
  const late = [...adjustments].filter(([turnId, { new_cost_nano_usd: cost }]) => before.get(turnId)?.new_cost_nano_usd !== cost)
  for (const [turnId] of late) await remake(await readCall(storage.db, turnId))
  return { calls, hours: await remakeHours(parts), unreadable }
}

const readCall = (db: Kysely<Database>, turnId: string): Promise<EventsTable[]> =>
  db.selectFrom('events').selectAll().where('type', 'in', callTypes).where('turn_id', '=', turnId).execute()

/** Writes a row of `calls`, over what is there. */
export function replaceCallIn(db: Kysely<Database>) {
  const set = callColumns.map((column) => sql`${sql.ref(column)} = ${sql.ref(`excluded.${column}`)}`)
  return createTemplate<CallsTable>((slot) =>
    sql`insert into calls (${names(callColumns)}) values (${values(callColumns, slot)})
on conflict (turn_id) do update set ${sql.join(set)}`.compile(db),
  )
}

/** From one hour that has calls to the next, by the index on time: empty hours cost nothing. */
async function remakeHours({ storage, queue }: { readonly storage: Storage; readonly queue: CommitQueue }): Promise<number> {
  let hours = 0
  for (let fromUs = 0; ;) {
    const next = await storage.db
      .selectFrom('calls')
      .select(({ fn }) => fn.min('timestamp_us').as('first_us'))
      .where('timestamp_us', '>=', fromUs)
      .executeTakeFirst()
    if (next === undefined || next.first_us === null) return hours
    const hourStartUs = hourStartOf(next.first_us)
    const unit: Unit = remakeHour(hourStartUs).map((statement) => statement.compile(storage.db))
    await queue.commit(unit)
    hours += 1
    fromUs = hourStartUs + hourUs
  }
}
