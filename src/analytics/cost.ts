// `/analytics/cost`: what the calls of a window cost, split by one dimension, or by time and one more. The question that all
// others refine.
import * as z from 'zod'
import type { Dimension } from './dimensions.ts'
import { defineEndpoint, windowOfAnswer, windowSchema, type AnalyticsContext, type Scope } from './endpoint.ts'
import { groupBy, stackBy, type Grouping } from './grouping.ts'
import { InvalidParameter } from './invalid-parameter.ts'
import { limitOf } from './page.ts'
import { compareKeys, dearestFirst, groupRows, totalFields, totals, totalsOf, type Group } from './totals.ts'
import { addUsage, lessUsage, noUsageSum } from './usage-sums.ts'
import { readTopUsage, readUsage, type UsageRow } from './usage.ts'
import { windowBefore } from './window.ts'

/** Key columns are called as in the trace: `model`, `user_id`, … */
const row = z.object(totalFields).catchall(z.union([z.string(), z.number(), z.null()]))
const split = z.union([totals, z.array(row)])
const omitted = z.object({ rows: z.int(), totals })

type Row = z.infer<typeof row>
interface Split {
  readonly data: z.infer<typeof split>
  /** What the limit left out: data and it are the whole. */
  readonly omitted?: z.infer<typeof omitted>
}

const usualLimit = 1000
const mostRows = 10_000

export const cost = defineEndpoint({
  path: '/analytics/cost',
  summary: 'What calls cost, split by one dimension',
  fields: {
    group_by: groupBy.prefault('model'),
    stack_by: stackBy.optional(),
    limit: limitOf(mostRows).optional(),
    compare: z.literal('previous', 'must be previous').optional(),
  },
  data: split,
  beside: {
    omitted: omitted.optional(),
    previous: z.object({ window: windowSchema, data: split, omitted: omitted.optional() }).optional(),
  },
  async read(context, scope, { group_by: grouping, stack_by: stack, limit, compare }) {
    const isTime = grouping.by === 'dimension' && isTimeDimension(grouping.dimension)
    if (stack !== undefined && !isTime) throw new InvalidParameter('stack_by', 'goes with group_by=day or group_by=hour')
    if (limit !== undefined && (isTime || grouping.by === 'nothing'))
      throw new InvalidParameter('limit', 'goes with a group_by other than day, hour and none')
    const ask = (of: Scope) => splitOf(context, of, grouping, stack ?? null, limit ?? usualLimit)
    if (compare === undefined) return ask(scope)
    const before = windowBefore(scope.window)
    if (before === null) throw new InvalidParameter('compare', 'needs a window that has one before it')
    const previous = await ask({ ...scope, window: before })
    return { ...(await ask(scope)), previous: { window: windowOfAnswer(before), ...previous } }
  },
})

const isTimeDimension = (dimension: Dimension): boolean => dimension === 'day' || dimension === 'hour'

async function splitOf(
  { db }: AnalyticsContext,
  scope: Scope,
  grouping: Grouping,
  stack: Dimension | null,
  limit: number,
): Promise<Split> {
  switch (grouping.by) {
    case 'nothing': {
      const [whole] = await readUsage(db, scope)
      return { data: totalsOf(whole?.usage ?? noUsageSum) }
    }
    case 'tag': {
      // Split by whole tag sets in SQL, by the one tag here: no JSON path is the same SQL in every database.
      const rows = await readUsage(db, scope, ['tags_json'])
      const groups = groupRows(rows, (each) => tagIn(each.keys[0] ?? null, grouping.tag))
      return limited(groups, 'tag', limit)
    }
    case 'dimension': {
      const { dimension } = grouping
      if (dimension === 'session_id') return topOf(db, scope, dimension, limit)
      if (!isTimeDimension(dimension)) return limited(groupRows(await readUsage(db, scope, [dimension])), dimension, limit)
      const rows = await readUsage(db, scope, stack === null ? [dimension] : [dimension, stack])
      return { data: rows.toSorted(byTime).map((each) => timeRowOf(dimension, each, stack)) }
    }
    default:
      return grouping satisfies never
  }
}

/** Of the one dimension that has thousands of values. */
async function topOf(db: AnalyticsContext['db'], scope: Scope, dimension: Dimension, limit: number): Promise<Split> {
  const top = await readTopUsage(db, scope, dimension, limit)
  if (top === null) return { data: [] }
  const groups = groupRows(top.rows)
  const data = groups.map((group) => rowOf(dimension, group))
  if (top.count === groups.length) return { data }
  const left = groups.reduce((whole, { usage }) => lessUsage(whole, usage), top.whole)
  return { data, omitted: { rows: top.count - groups.length, totals: totalsOf(left) } }
}

function limited(groups: readonly Group[], column: string, limit: number): Split {
  const data = groups.slice(0, limit).map((group) => rowOf(column, group))
  const rest = groups.slice(limit)
  if (rest.length === 0) return { data }
  const left = rest.map((group) => group.usage).reduce(addUsage)
  return { data, omitted: { rows: rest.length, totals: totalsOf(left) } }
}

/** Within a time the dearest first. */
function byTime(a: UsageRow, b: UsageRow): number {
  const [time = null, key = null] = a.keys
  const [otherTime = null, otherKey = null] = b.keys
  return compareKeys(time, otherTime) || dearestFirst({ key, usage: a.usage }, { key: otherKey, usage: b.usage })
}

function timeRowOf(dimension: Dimension, { keys: [time = null, key = null], usage }: UsageRow, stack: Dimension | null): Row {
  if (stack === null) return { [dimension]: time, ...totalsOf(usage) }
  return { [dimension]: time, [stack]: key, ...totalsOf(usage) }
}

const rowOf = (column: string, group: Group): Row => ({ [column]: group.key, ...totalsOf(group.usage) })

/** By own keys: a tag may be called `__proto__`. */
function tagIn(json: string | null, tag: string): string | null {
  const tags: unknown = JSON.parse(json ?? '{}')
  if (typeof tags !== 'object' || tags === null || !Object.hasOwn(tags, tag)) return null
  const value: unknown = Reflect.get(tags, tag)
  return typeof value === 'string' ? value : null
}
