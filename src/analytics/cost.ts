// `/analytics/cost`: what the calls of a window cost, split by one dimension. The question that all others refine.
import * as z from 'zod'
import { defineEndpoint } from './endpoint.ts'
import { identifier } from './filters.ts'
import { compareKeys, groupRows, totalsOf, type Group } from './totals.ts'
import { readUsage, type Dimension } from './usage.ts'

type Grouping =
  | { readonly by: 'nothing' }
  | { readonly by: 'tag'; readonly tag: string }
  /** The rows' key column is called as the dimension is, which is as in the trace. */
  | { readonly by: 'dimension'; readonly dimension: Dimension }

const dimensions: ReadonlyMap<string, Dimension> = new Map([
  ['model', 'model'],
  ['provider', 'provider'],
  ['session', 'session_id'],
  ['day', 'day'],
  ['hour', 'hour'],
  ['gateway_key', 'gateway_key_id'],
  ['user', 'user_id'],
  ['team', 'team_id'],
  ['project', 'project'],
  ['branch', 'branch'],
  ['client', 'client'],
])

const groupBy = z.string().transform((text, context): Grouping => {
  if (text === 'none') return { by: 'nothing' }
  const dimension = dimensions.get(text)
  if (dimension !== undefined) return { by: 'dimension', dimension }
  const tag = identifier.safeParse(text.replace(/^tag:/, ''))
  if (text.startsWith('tag:') && tag.success) return { by: 'tag', tag: tag.data }
  context.addIssue({ code: 'custom', message: `must be one of ${[...dimensions.keys()].join(', ')}, tag:<name>, none` })
  return z.NEVER
})

export const cost = defineEndpoint({
  path: '/analytics/cost',
  fields: { group_by: groupBy.prefault('model') },
  async read({ db }, scope, { group_by: grouping }) {
    switch (grouping.by) {
      case 'nothing': {
        const [row] = await readUsage(db, scope)
        return row === undefined ? null : totalsOf(row.usage)
      }
      case 'tag': {
        // Split by whole tag sets in SQL, by the one tag here: no JSON path is the same SQL in every database.
        const rows = await readUsage(db, scope, ['tags_json'])
        return groupRows(rows, (row) => tagIn(row.keys[0] ?? null, grouping.tag)).map(rowOf('tag'))
      }
      case 'dimension': {
        const { dimension } = grouping
        const groups = groupRows(await readUsage(db, scope, [dimension]))
        const isTime = dimension === 'day' || dimension === 'hour'
        return (isTime ? groups.toSorted((a, b) => compareKeys(a.key, b.key)) : groups).map(rowOf(dimension))
      }
      default:
        return grouping satisfies never
    }
  },
})

const rowOf = (column: string) => (group: Group) => ({ [column]: group.key, ...totalsOf(group.usage) })

/** By own keys: a tag may be called `__proto__`. */
function tagIn(json: string | null, tag: string): string | null {
  const tags: unknown = JSON.parse(json ?? '{}')
  if (typeof tags !== 'object' || tags === null || !Object.hasOwn(tags, tag)) return null
  const value: unknown = Reflect.get(tags, tag)
  return typeof value === 'string' ? value : null
}
