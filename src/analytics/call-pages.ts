// The calls of a scope, page by page in the order of time: what is exported, however much it is, never lies in memory whole.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { CallsTable, Database } from '../store/schema.ts'
import type { Scope } from './endpoint.ts'

/** D1 answers with at most a megabyte. */
const pageSize = 500

/** Each page is one statement that starts behind the last row of the one before, by the index on time. */
export async function* readCallPages(db: Kysely<Database>, { window, filters }: Scope): AsyncGenerator<readonly CallsTable[]> {
  let last: CallsTable | undefined
  for (;;) {
    let query = db
      .selectFrom('calls')
      .selectAll()
      .where('timestamp_us', '>=', window.startUs)
      .where('timestamp_us', '<', window.endUs)
      .orderBy('timestamp_us')
      .orderBy('turn_id')
      .limit(pageSize)
    for (const [column, value] of filters) query = query.where(column, '=', value)
    if (last !== undefined) query = query.where(sql<boolean>`(timestamp_us, turn_id) > (${last.timestamp_us}, ${last.turn_id})`)
    const page = await query.execute()
    last = page.at(-1)
    if (last === undefined) return
    yield page
  }
}
