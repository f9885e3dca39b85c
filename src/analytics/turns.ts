// `/analytics/turns`: the calls of a window, newest first, a page at a time.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import * as z from 'zod'
import type { CallsTable, Database } from '../store/schema.ts'
import { callRow, callRowOf } from './call-rows.ts'
import { defineEndpoint, type Scope } from './endpoint.ts'
import { newestPieces, wholePiece, type Piece } from './newest-first.ts'
import { cursorOf, cursorTextOf, nextCursorField, pageFields, type Cursor } from './page.ts'
import type { Window } from './window.ts'

export const turns = defineEndpoint({
  path: '/analytics/turns',
  summary: 'Calls, newest first',
  fields: { ...pageFields, status: callRow.shape.status.optional() },
  data: z.array(callRow),
  beside: nextCursorField,
  async read({ db }, scope, { limit, cursor, status }) {
    const from = cursorOf(cursor)
    const rows: CallsTable[] = []
    // One more than asked for tells whether there is a next page.
    // What did not go well has an index of its own.
    for await (const piece of status === undefined || status === 'ok'
      ? newestPieces(db, scope, from)
      : [wholePiece(scope, from)]) {
      rows.push(...(await readPiece(db, scope, piece, { from, status, limit: limit + 1 - rows.length })))
      if (rows.length > limit) break
    }
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    const more = rows.length > limit && last !== undefined
    return {
      data: page.map(callRowOf),
      next_cursor: more ? cursorTextOf({ timeUs: Number(last.timestamp_us), id: last.turn_id }) : null,
    }
  },
})

interface Wanted {
  readonly from: Cursor | null
  readonly status: string | undefined
  readonly limit: number
}

/** D1 takes 100 parameters a statement, the filters among them. */
const idsAtOnce = 80

async function readPiece(db: Kysely<Database>, scope: Scope, piece: Piece, wanted: Wanted): Promise<readonly CallsTable[]> {
  if (piece.sessionIds === null) return readRows(db, scope, piece.window, wanted, null)
  const rows: CallsTable[] = []
  for (let at = 0; at < piece.sessionIds.length; at += idsAtOnce)
    rows.push(...(await readRows(db, scope, piece.window, wanted, piece.sessionIds.slice(at, at + idsAtOnce))))
  return rows.toSorted(newestFirst).slice(0, wanted.limit)
}

const newestFirst = (a: CallsTable, b: CallsTable): number =>
  Number(b.timestamp_us) - Number(a.timestamp_us) || (a.turn_id < b.turn_id ? 1 : -1)

function readRows(
  db: Kysely<Database>,
  { filters }: Scope,
  { startUs, endUs }: Window,
  { from, status, limit }: Wanted,
  sessionIds: readonly string[] | null,
): Promise<CallsTable[]> {
  // `+`: found by the index on sessions, not by the one on time.
  const time = sessionIds === null ? sql.ref<number>('timestamp_us') : sql<number>`+${sql.ref('timestamp_us')}`
  let query = db.selectFrom('calls').selectAll().where(time, '>=', startUs).where(time, '<', endUs)
  if (sessionIds !== null) query = query.where('session_id', 'in', sessionIds)
  for (const [column, value] of filters) query = query.where(column, '=', value)
  if (status !== undefined) query = query.where('status', '=', status)
  // Says nothing new, but that the index on what did not go well will do.
  if (status !== undefined && status !== 'ok') query = query.where(sql<boolean>`status <> 'ok'`)
  if (from !== null) query = query.where(({ eb, or }) => or([eb('timestamp_us', '<', from.timeUs), eb('turn_id', '<', from.id)]))
  return query.orderBy('timestamp_us', 'desc').orderBy('turn_id', 'desc').limit(limit).execute()
}
