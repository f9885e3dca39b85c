// The one meaning of "the usage of a window": whole hours from `usage_hourly`, the ragged edges from `calls`, in one
// statement. Every endpoint that prints money sums through here, so that no two of them can disagree.
import { sql } from 'kysely'
import type { Kysely, RawBuilder } from 'kysely'
import { measuredBases } from '../store/projections.ts'
import type { Database } from '../store/schema.ts'
import { startsOf, withMarks, type Mark, type Span } from '../store/settled.ts'
import { unionAll } from '../store/union-all.ts'
import type { Dimension } from './dimensions.ts'
import type { Scope } from './endpoint.ts'
import { ofMarks, ofRun } from './settled-run.ts'
import { joined, longestFirst, partsOf, splitFor, splitName, type Split } from './settled-splits.ts'
import { numberOf, summed, usageOf, type SummedColumn, type SumsRow, type UsageSum } from './usage-sums.ts'
import { isoOf, type Window } from './window.ts'

export interface UsageRow {
  /** One value per dimension asked for, in its order; null = the call had none. `hour` is a time, `day` a date, both ISO and UTC. */
  readonly keys: readonly (string | null)[]
  readonly usage: UsageSum
}

/** Rows in no order. Without dimensions exactly one row. */
export async function readUsage(
  db: Kysely<Database>,
  scope: Scope,
  dimensions: readonly Dimension[] = [],
): Promise<readonly UsageRow[]> {
  return withMarks(db, scope.window, async (marks) => {
    const { rows } = await grouped(scope, dimensions, marks).execute(db)
    return rowsOf(dimensions, rows)
  })
}

export interface TopUsage {
  readonly rows: readonly UsageRow[]
  /** How many there are, and what they are together. */
  readonly count: number
  readonly whole: UsageSum
}

/** The dearest rows of a split, as `dearestFirst` has them, and the whole, at one moment: of many sessions few are summed in full. */
export async function readTopUsage(
  db: Kysely<Database>,
  scope: Scope,
  dimension: Dimension,
  limit: number,
): Promise<TopUsage | null> {
  return withMarks(db, scope.window, async (marks) => {
    const key = sql.ref('out_0')
    const dearestOf = (rows: 'ranked' | 'split') => {
      const column = (name: string) => sql.ref(`${rows}.${name}`)
      const own = column('out_0')
      return sql`coalesce(${column('cost_nano_usd')}, 0) desc, ${column('call_count')} desc, case when ${own} = '' then 1 else 0 end, ${own}`
    }
    const ofTop = sql`(select ${key} from top)`
    const whole = sumColumns.map((name) => sql`whole.${sql.ref(name)} as ${sql.ref(`whole_${name}`)}`)
    const { rows } = await sql<SqlRow>`with ranked as materialized (${grouped(scope, [dimension], marks, { only: rankedBy })}),
top as materialized (select ${key} from ranked order by ${dearestOf('ranked')} limit ${sql.lit(limit)})
select split.*, ${sql.join(whole)}, (select count(*) from ranked) as whole_rows
from (${grouped(scope, [dimension], marks, { among: ofTop })}) as split cross join (${grouped(scope, [], marks)}) as whole
order by ${dearestOf('split')}`.execute(db)
    const [first] = rows
    if (first === undefined) return null
    return {
      rows: rowsOf([dimension], rows),
      count: numberOf(first['whole_rows']),
      whole: usageOf(Object.fromEntries(sumColumns.map((name) => [name, first[`whole_${name}`]]))),
    }
  })
}

/** Where no row was counted, a split has none, and the whole one of nulls. */
function grouped(
  scope: Scope,
  dimensions: readonly Dimension[],
  marks: readonly Mark[],
  narrowed: Narrowed = {},
): RawBuilder<SqlRow> {
  const names = dimensions.map((_, index) => sql.ref(`out_${index}`))
  const sources = sourcesOf(scope, dimensions, marks)
  const arms = sources.map((source) => arm(source, scope, dimensions, names, narrowed))
  const [only] = arms
  if (only !== undefined && sources.length === 1 && !sources.some((source) => isFine(source, dimensions))) return only
  return sql<SqlRow>`select ${sql.join([...names, ...sumsOf('hours', narrowed)])} from (${unionAll(arms)}) as edges${groupBy(names)}`
}

function rowsOf(dimensions: readonly Dimension[], rows: readonly SqlRow[]): readonly UsageRow[] {
  // The same days come again and again, and printing one takes longer than all else of a row.
  const times = new Map<unknown, string>()
  const keyOf = (dimension: Dimension, value: unknown): string | null => {
    if (dimension !== 'hour' && dimension !== 'day') return value === '' ? null : String(value)
    let text = times.get(value)
    if (text === undefined) times.set(value, (text = timeText(dimension, numberOf(value))))
    return text
  }
  return rows.map((row) => ({
    keys: dimensions.map((dimension, index) => keyOf(dimension, row[`out_${index}`])),
    usage: usageOf(row),
  }))
}

const timeText = (dimension: 'hour' | 'day', us: number): string => (dimension === 'day' ? isoOf(us).slice(0, 10) : isoOf(us))

/** What the order of a top is made of. */
const rankedBy = ['cost_nano_usd', 'call_count'] as const

interface Narrowed {
  /** Sums of these alone. */
  readonly only?: readonly SummedColumn[]
  /** A set of values of the first dimension. */
  readonly among?: RawBuilder<unknown>
}

export type SqlRow = SumsRow & Readonly<Record<string, unknown>>
const sumColumns = [...summed, 'last_call_us'] as const

interface Source {
  readonly table: 'calls' | 'usage_hourly' | 'settled_usage'
  readonly startUs: number
  readonly endUs: number
  /** Of `settled_usage`. */
  readonly settled?: { readonly span: Span; readonly split: Split }
}

const hourUs = 3_600_000_000
const dayUs = 24 * hourUs

/** Of days, and of hours: a past that changed here and there has many short ones, and D1 takes statements of 100 kB. */
const mostRuns = 4

/** Settled days, then settled hours in what is left, then the hours and the calls themselves. */
function sourcesOf({ window, filters }: Scope, dimensions: readonly Dimension[], marks: readonly Mark[]): readonly Source[] {
  // One session's calls are found by their own index.
  if (filters.some(([column]) => column === 'session_id')) return [{ table: 'calls', ...window }]
  const sources: Source[] = []
  let left: readonly Window[] = [window]
  for (const span of ['day', 'hour'] as const) {
    const split = splitFor(span, dimensions, filters)
    if (split === null) continue
    const parts = left.map((within) => partsOf(within, span, startsOf(marks, span)))
    const runs = parts.flatMap(({ settled }) => settled).sort(longestFirst)
    for (const { startUs, endUs } of runs.slice(0, mostRuns))
      sources.push({ table: 'settled_usage', startUs, endUs, settled: { span, split } })
    left = joined([...parts.flatMap(({ rest }) => rest), ...runs.slice(mostRuns)])
  }
  const needsCalls = dimensions.some((dimension) => dimension === 'session_id' || dimension === 'tags_json')
  for (const rest of left) sources.push(...(needsCalls ? [{ table: 'calls' as const, ...rest }] : hoursIn(rest)))
  return sources.length === 0 ? [{ table: 'calls', ...window }] : sources
}

function hoursIn({ startUs, endUs }: Window): readonly Source[] {
  const firstHour = Math.ceil(startUs / hourUs) * hourUs
  const lastHour = Math.floor(endUs / hourUs) * hourUs
  if (firstHour >= lastHour) return [{ table: 'calls', startUs, endUs }]
  const sources: readonly Source[] = [
    { table: 'usage_hourly', startUs: firstHour, endUs: lastHour },
    { table: 'calls', startUs, endUs: firstHour },
    { table: 'calls', startUs: lastHour, endUs },
  ]
  return sources.filter((source) => source.startUs < source.endUs)
}

/** Sessions live for hours: a day's sums of them are summed once, with all others, because few of them become one. */
const isFine = ({ settled }: Source, dimensions: readonly Dimension[]): boolean =>
  settled !== undefined && dimensions.includes('session_id')

/** One source, summed by itself first, unless it is fine: the outer sum then meets few rows. */
function arm(
  source: Source,
  { filters }: Scope,
  dimensions: readonly Dimension[],
  names: readonly RawBuilder<unknown>[],
  narrowed: Narrowed,
): RawBuilder<SqlRow> {
  const { settled } = source
  const time = sql.ref(timeColumns[source.table])
  const expressions = dimensions.map((dimension) => keyExpression(dimension, time))
  const keys = expressions.map((expression, index) => sql`${expression} as ${sql.ref(`out_${index}`)}`)
  const [first] = expressions
  const among = narrowed.among === undefined || first === undefined ? [] : [sql`${first} in ${narrowed.among}`]
  const fine = isFine(source, dimensions)
  const sums = sumsOf(fine ? 'as they are' : source.table === 'calls' ? 'calls' : 'hours', narrowed)
  const { startUs, endUs } = source
  const within =
    settled === undefined
      ? [sql`${time} >= ${startUs}`, sql`${time} < ${endUs}`]
      : [ofRun('settled_usage', { span: settled.span, startUs, endUs }), sql`split = ${splitName(settled.split)}`]
  const from = settled === undefined ? sql.table(source.table) : ofMarks('settled_usage')
  const conditions = [...within, ...among, ...filters.map(([column, value]) => sql`${sql.ref(column)} = ${value}`)]
  return sql`select ${sql.join([...keys, ...sums])} from ${from} where ${sql.join(conditions, sql` and `)}${groupBy(fine ? [] : names)}`
}

const timeColumns = { calls: 'timestamp_us', usage_hourly: 'hour_us', settled_usage: 'settled_usage.start_us' } as const

function keyExpression(dimension: Dimension, time: RawBuilder<unknown>): RawBuilder<unknown> {
  switch (dimension) {
    case 'hour':
      return sql`(${time} / ${sql.lit(hourUs)}) * ${sql.lit(hourUs)}`
    case 'day':
      return sql`(${time} / ${sql.lit(dayUs)}) * ${sql.lit(dayUs)}`
    default:
      // The rollup writes '' for "none".
      return sql`coalesce(${sql.ref(dimension)}, '')`
  }
}

const groupBy = (names: readonly RawBuilder<unknown>[]): RawBuilder<unknown> =>
  names.length === 0 ? sql`` : sql` group by ${sql.join(names)}`

/** What one call is worth where it is more than its column; the same as store/projections.ts adds to an hour. */
const ofCall: Partial<Record<SummedColumn, RawBuilder<unknown>>> = {
  call_count: sql`1`,
  unpriced_calls: sql`case when cost_nano_usd is null then 1 else 0 end`,
  measured_cost_nano_usd: sql`case when cost_basis in (${sql.join(measuredBases.map((basis) => sql.lit(basis)))}) then coalesce(cost_nano_usd, 0) else 0 end`,
  subscription_calls: sql`case when cost_basis = 'subscription' then 1 else 0 end`,
  latency_ms_sum: sql`cast(round(latency_ms) as bigint)`,
}

type SumsOf = 'calls' | 'hours' | 'as they are'

function sumsOf(rows: SumsOf, { only }: Narrowed = {}): readonly RawBuilder<unknown>[] {
  const sumOf = (name: SummedColumn): RawBuilder<unknown> => {
    const column = sql.ref(name)
    if (rows === 'as they are') return column
    return sql`sum(${(rows === 'calls' ? ofCall[name] : undefined) ?? column}) as ${column}`
  }
  if (only !== undefined) return only.map(sumOf)
  const last = sql.ref(rows === 'calls' ? 'timestamp_us' : 'last_call_us')
  return [...summed.map(sumOf), rows === 'as they are' ? last : sql`max(${last}) as last_call_us`]
}

/** Sums over rows of `calls`, read by `usageOf`. */
export const callSums = sumsOf('calls')
