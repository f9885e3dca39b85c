// The walk over all events, in the order of their ids: every turn must have its rows, each once and in order, and every call
// event must be the row of `calls` that was made from it. Only turns that are open at that point of the walk are in memory.
import type { Kysely } from 'kysely'
import { eventPages } from '../../store/event-pages.ts'
import { turnCompleted, type TurnStatus } from '../../store/events.ts'
import { adjusted, readAdjustments } from '../../store/adjustments.ts'
import type { CallsTable, Database, EventsTable } from '../../store/schema.ts'
import { parsedJson, projectedCall } from '../../store/stored-calls.ts'
import type { FaultLog } from './faults.ts'
import { noSums, withCall, type Sums } from './sums.ts'

/** `imported`: calls that no gateway received, and that have no turn. */
export type TurnCounts = Readonly<Record<TurnStatus | 'received' | 'in_flight' | 'imported', number>>

export interface Walked {
  readonly turns: TurnCounts
  /** Summed from payloads. */
  readonly sums: Sums
}

/** D1 takes 100 parameters a statement. */
const pageSize = 90

interface OpenTurn {
  readonly routeId: string
  call: { readonly id: string; readonly costUsd: number | null } | null
}

export async function walkEvents(db: Kysely<Database>, faults: FaultLog, onProgress: (events: number) => void): Promise<Walked> {
  const counts = { received: 0, ok: 0, failed: 0, cancelled: 0, interrupted: 0, refused: 0, in_flight: 0, imported: 0 }
  const open = new Map<string, OpenTurn>()
  const adjustments = await readAdjustments(db)
  let sums = noSums
  let seen = 0
  for await (const page of eventPages(db.selectFrom('events').selectAll(), pageSize)) {
    const rows = await rowsOf(db, page)
    for (const event of page) visit(event, rows)
    seen += page.length
    onProgress(seen)
  }
  counts.in_flight = await matchInflight(db, open, faults)
  return { turns: counts, sums }

  function visit(event: EventsTable, rows: ReadonlyMap<string, CallsTable>): void {
    const place = `events ${event.id}`
    switch (event.type) {
      case 'route.decided':
        counts.received += 1
        if (open.has(event.turn_id)) faults.add(place, `a second route.decided of turn ${event.turn_id}`)
        open.set(event.turn_id, { routeId: event.id, call: null })
        return
      case 'llm.call_completed':
      case 'llm.call_failed':
        return visitCall(event, place, rows)
      case 'turn.completed':
        return visitEnd(event, place)
      default:
    }
  }

  function visitCall(event: EventsTable, place: string, rows: ReadonlyMap<string, CallsTable>): void {
    const expected = projectedCall(event)
    if (expected === null) return faults.add(place, 'its payload cannot be read')
    const current = adjusted(expected, adjustments)
    sums = withCall(sums, current)
    const turn = open.get(event.turn_id)
    if (expected.cost_basis === 'imported') counts.imported += 1
    else if (turn === undefined) faults.add(place, `a call of turn ${event.turn_id}, which has no route.decided before it`)
    else if (turn.call !== null) faults.add(place, `a second call of turn ${event.turn_id}`)
    else turn.call = { id: event.id, costUsd: expected.cost_nano_usd === null ? null : expected.cost_nano_usd / 1e9 }
    const row = rows.get(event.turn_id)
    if (row === undefined) return faults.add(`calls ${event.turn_id}`, `is missing, though event ${event.id} is there`)
    const wrong = differentColumn(row, current)
    if (wrong !== null) faults.add(`calls ${event.turn_id}`, `${wrong}, says event ${event.id}`)
  }

  function visitEnd(event: EventsTable, place: string): void {
    const turn = open.get(event.turn_id)
    const payload = turnCompleted.safeParse(parsedJson(event.payload_json))
    if (turn === undefined) return faults.add(place, `an end of turn ${event.turn_id}, which is not open`)
    open.delete(event.turn_id)
    if (!payload.success) return faults.add(place, 'its payload cannot be read')
    const { status, llm_call_count: calls, total_cost_usd: costUsd } = payload.data
    counts[status] += 1
    const found = turn.call === null ? 0 : 1
    if (calls !== found) faults.add(place, `says llm_call_count ${calls}, and the turn has ${found}`)
    if ((status === 'refused') !== (turn.call === null)) faults.add(place, `a turn that ended ${status} with ${found} calls`)
    if (turn.call !== null && turn.call.costUsd !== costUsd)
      faults.add(place, `says total_cost_usd ${costUsd}, and call ${turn.call.id} cost ${turn.call.costUsd}`)
  }
}

async function rowsOf(db: Kysely<Database>, page: readonly EventsTable[]): Promise<ReadonlyMap<string, CallsTable>> {
  const ids = page.filter((event) => event.type.startsWith('llm.call_')).map((event) => event.turn_id)
  if (ids.length === 0) return new Map()
  const rows = await db.selectFrom('calls').selectAll().where('turn_id', 'in', ids).execute()
  return new Map(rows.map((row) => [row.turn_id, row]))
}

/** The columns of `expected` are the catalog's: a column that a later schema adds is not compared. */
function differentColumn(row: CallsTable, expected: CallsTable): string | null {
  const found = new Map(Object.entries(row))
  for (const [column, value] of Object.entries(expected)) {
    if (!isStoredAs(found.get(column), value)) return `${column} is ${String(found.get(column))} instead of ${String(value)}`
  }
  return null
}

/**
 * A model may be called by anything that JSON holds, and columns of text hold less: half a surrogate pair on no database, a NUL
 * not on Postgres. Each writes its own replacement, and node:sqlite reads no further than a NUL.
 */
function isStoredAs(found: unknown, value: unknown): boolean {
  if (typeof found !== 'string' || typeof value !== 'string') return found === value
  return withReplacements(found) === withReplacements(value) || found === value.split('\0')[0]
}

const withReplacements = (text: string): string =>
  text.replaceAll('\0', '\uFFFD').replaceAll(/[\uFFFD\p{Surrogate}]+/gu, '\uFFFD')

/** The turns that are under way: open in the events, and open in `inflight`. */
async function matchInflight(db: Kysely<Database>, open: ReadonlyMap<string, OpenTurn>, faults: FaultLog): Promise<number> {
  const rows = await db.selectFrom('inflight').select('turn_id').orderBy('turn_id').execute()
  const under = new Set(rows.map((row) => row.turn_id))
  for (const [turnId, turn] of open) {
    if (!under.has(turnId)) faults.add(`events ${turn.routeId}`, `turn ${turnId} has no end and is not under way`)
  }
  for (const turnId of under) {
    if (!open.has(turnId)) faults.add(`inflight ${turnId}`, 'is under way, and its events say that it is not')
  }
  return open.size
}
