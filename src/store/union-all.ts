// One select of many, whatever their number: D1 takes no more than five in a row.
import { sql } from 'kysely'
import type { RawBuilder } from 'kysely'

const mostTerms = 5

/** The rows of all of them, in nested selects. */
export function unionAll(selects: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  if (selects.length <= mostTerms) return sql.join(selects, sql` union all `)
  const groups: RawBuilder<unknown>[] = []
  for (let at = 0; at < selects.length; at += mostTerms)
    groups.push(sql`select * from (${unionAll(selects.slice(at, at + mostTerms))}) as terms`)
  return unionAll(groups)
}
