// A walk over events in the order of their ids, however many there are: each page is one statement that starts behind the last
// row of the one before, so that nothing is held while a page is worked on.
import type { SelectQueryBuilder } from 'kysely'
import type { Database } from './schema.ts'

/** What `query` asks for, page by page; ids are among its columns. */
export async function* eventPages<Row extends { readonly id: string }>(
  query: SelectQueryBuilder<Database, 'events', Row>,
  pageSize: number,
): AsyncGenerator<readonly Row[]> {
  for (let after = ''; ;) {
    const page: readonly Row[] = await query.where('events.id', '>', after).orderBy('events.id').limit(pageSize).execute()
    const last = page.at(-1)
    if (last === undefined) return
    after = last.id
    yield page
  }
}
