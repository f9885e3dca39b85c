// `/analytics/turns`: the calls of a window, newest first, a page at a time.
import type { Kysely } from 'kysely'
import * as z from 'zod'
import type { CallsTable, Database } from '../store/schema.ts'
import { callRow, callRowOf } from './call-rows.ts'
import { defineEndpoint, type Scope } from './endpoint.ts'
import { newestPieces } from './newest-first.ts'
import { cursorOf, cursorTextOf, nextCursorField, pageFields, type Cursor } from './page.ts'

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
    for await (const piece of newestPieces(db, scope, from)) {
      rows.push(...(await readPiece(db, { ...scope, window: piece }, { from, status, limit: limit + 1 - rows.length })))
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

function readPiece(
  db: Kysely<Database>,
  { window, filters }: Scope,
  { from, status, limit }: { readonly from: Cursor | null; readonly status: string | undefined; readonly limit: number },
): Promise<CallsTable[]> {
  let query = db
    .selectFrom('calls')
    .selectAll()
    .where('timestamp_us', '>=', window.startUs)
    .where('timestamp_us', '<', window.endUs)
  for (const [column, value] of filters) query = query.where(column, '=', value)
  if (status !== undefined) query = query.where('status', '=', status)
  if (from !== null) query = query.where(({ eb, or }) => or([eb('timestamp_us', '<', from.timeUs), eb('turn_id', '<', from.id)]))
  return query.orderBy('timestamp_us', 'desc').orderBy('turn_id', 'desc').limit(limit).execute()
}
