// Whose calls a query is about. Values are bound, never written into SQL; the pattern is the contract's.
import * as z from 'zod'

export const identifier = z.string().regex(/^[A-Za-z0-9_.:/@-]{1,200}$/, 'must be 1 to 200 letters, digits or any of _ . : / @ -')

const filter = identifier.optional()

export const filterFields = {
  gateway_key: filter,
  user: filter,
  team: filter,
  model: filter,
  provider: filter,
  project: filter,
  client: filter,
  session: filter,
}

export type FilterColumn = 'gateway_key_id' | 'user_id' | 'team_id' | 'model' | 'provider' | 'project' | 'client' | 'session_id'

/** Column and the one value it must have. */
export type Filters = readonly (readonly [column: FilterColumn, value: string])[]

export function filtersOf(asked: z.output<z.ZodObject<typeof filterFields>>): Filters {
  const wanted: readonly (readonly [FilterColumn, string | undefined])[] = [
    ['gateway_key_id', asked.gateway_key],
    ['user_id', asked.user],
    ['team_id', asked.team],
    ['model', asked.model],
    ['provider', asked.provider],
    ['project', asked.project],
    ['client', asked.client],
    ['session_id', asked.session],
  ]
  return wanted.flatMap(([column, value]) => (value === undefined ? [] : [[column, value] as const]))
}

/** Whether a row is meant, for rows that are filtered after they were read. */
export function matches(filters: Filters, row: Readonly<Record<FilterColumn, string | null>>): boolean {
  return filters.every(([column, value]) => row[column] === value)
}
