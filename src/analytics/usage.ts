// The one meaning of "the usage of a window": whole hours from `usage_hourly`, the ragged edges from `calls`, in one
// statement. Every endpoint that prints money sums through here, so that no two of them can disagree.
import { sql } from 'kysely'
import type { Kysely, RawBuilder } from 'kysely'
import { measuredBases } from '../store/projections.ts'
import type { Database } from '../store/schema.ts'
import type { Scope } from './endpoint.ts'
import type { FilterColumn } from './filters.ts'
import { isoOf, type Window } from './window.ts'

/** What usage can be split by. `session_id` and `tags_json` are not in the rollup: they read `calls` alone. */
export type Dimension =
  | Exclude<FilterColumn, 'session_id'>
  | 'branch'
  | 'inbound_shape'
  | 'hour'
  | 'day'
  | 'session_id'
  | 'tags_json'

export interface UsageSum {
  readonly callCount: number
  readonly unpricedCalls: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedInputTokens: number
  readonly cacheCreationInputTokens: number
  readonly cacheCreation1hTokens: number
  /** Of the output. */
  readonly reasoningTokens: number
  /** Of the priced calls. */
  readonly costNanoUsd: number
  /** Of those whose tokens the provider counted. */
  readonly measuredCostNanoUsd: number
  /** Of clients' own subscriptions: no part of the cost. */
  readonly subscriptionCalls: number
  /** Theirs, at list price. */
  readonly listNanoUsd: number
  readonly latencyMsSum: number
  /** 0 = no call. */
  readonly lastCallUs: number
}

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
  const names = dimensions.map((_, index) => sql.ref(`key_${index}`))
  const arms = sourcesOf(scope, dimensions).map((source) => arm(source, scope, dimensions, names))
  const [only] = arms
  const statement =
    arms.length === 1 && only !== undefined
      ? only
      : sql<SqlRow>`select ${sql.join([...names, ...outerSums])} from (${sql.join(arms, sql` union all `)}) as edges${groupBy(names)}`
  const { rows } = await statement.execute(db)
  return rows.map((row) => ({
    keys: dimensions.map((dimension, index) => keyOf(dimension, row[`key_${index}`])),
    usage: usageOf(row),
  }))
}

export type SqlRow = Readonly<Record<string, unknown>>

interface Source {
  readonly table: 'calls' | 'usage_hourly'
  readonly startUs: number
  readonly endUs: number
}

const hourUs = 3_600_000_000
const dayUs = 24 * hourUs

function sourcesOf({ window, filters }: Scope, dimensions: readonly Dimension[]): readonly Source[] {
  const needsCalls =
    dimensions.some((dimension) => dimension === 'session_id' || dimension === 'tags_json') ||
    filters.some(([column]) => column === 'session_id')
  return needsCalls ? [{ table: 'calls', ...window }] : split(window)
}

function split({ startUs, endUs }: Window): readonly Source[] {
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

/** One source, summed by itself first: the outer sum then meets few rows. */
function arm(
  source: Source,
  { filters }: Scope,
  dimensions: readonly Dimension[],
  names: readonly RawBuilder<unknown>[],
): RawBuilder<SqlRow> {
  const time = sql.ref(source.table === 'calls' ? 'timestamp_us' : 'hour_us')
  const keys = dimensions.map((dimension, index) => sql`${keyExpression(dimension, time)} as ${sql.ref(`key_${index}`)}`)
  const sums = source.table === 'calls' ? callSums : hourlySums
  const conditions = [
    sql`${time} >= ${source.startUs}`,
    sql`${time} < ${source.endUs}`,
    ...filters.map(([column, value]) => sql`${sql.ref(column)} = ${value}`),
  ]
  return sql`select ${sql.join([...keys, ...sums])} from ${sql.table(source.table)} where ${sql.join(conditions, sql` and `)}${groupBy(names)}`
}

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

const summed = [
  'call_count',
  'unpriced_calls',
  'input_tokens',
  'output_tokens',
  'cached_input_tokens',
  'cache_creation_input_tokens',
  'cache_creation_1h_tokens',
  'reasoning_tokens',
  'cost_nano_usd',
  'measured_cost_nano_usd',
  'subscription_calls',
  'list_nano_usd',
  'latency_ms_sum',
] as const

/** What one call is worth where it is more than its column; the same as store/projections.ts adds to an hour. */
const ofCall: Partial<Record<(typeof summed)[number], RawBuilder<unknown>>> = {
  call_count: sql`1`,
  unpriced_calls: sql`case when cost_nano_usd is null then 1 else 0 end`,
  measured_cost_nano_usd: sql`case when cost_basis in (${sql.join(measuredBases.map((basis) => sql.lit(basis)))}) then coalesce(cost_nano_usd, 0) else 0 end`,
  subscription_calls: sql`case when cost_basis = 'subscription' then 1 else 0 end`,
  latency_ms_sum: sql`cast(round(latency_ms) as bigint)`,
}

const sumOf = (name: string, value: RawBuilder<unknown> = sql.ref(name)) => sql`sum(${value}) as ${sql.ref(name)}`
const lastCall = (column: string) => sql`max(${sql.ref(column)}) as last_call_us`

/** Sums over rows of `calls`, read by `usageOf`. */
export const callSums = [...summed.map((name) => sumOf(name, ofCall[name])), lastCall('timestamp_us')]
const hourlySums = [...summed.map((name) => sumOf(name)), lastCall('last_call_us')]
const outerSums = hourlySums

/** Sums over nothing are NULL; Postgres may print a bigint as text. */
const numberOf = (value: unknown): number => Number(value ?? 0)

export function usageOf(row: SqlRow): UsageSum {
  return {
    callCount: numberOf(row.call_count),
    unpricedCalls: numberOf(row.unpriced_calls),
    inputTokens: numberOf(row.input_tokens),
    outputTokens: numberOf(row.output_tokens),
    cachedInputTokens: numberOf(row.cached_input_tokens),
    cacheCreationInputTokens: numberOf(row.cache_creation_input_tokens),
    cacheCreation1hTokens: numberOf(row.cache_creation_1h_tokens),
    reasoningTokens: numberOf(row.reasoning_tokens),
    costNanoUsd: numberOf(row.cost_nano_usd),
    measuredCostNanoUsd: numberOf(row.measured_cost_nano_usd),
    subscriptionCalls: numberOf(row.subscription_calls),
    listNanoUsd: numberOf(row.list_nano_usd),
    latencyMsSum: numberOf(row.latency_ms_sum),
    lastCallUs: numberOf(row.last_call_us),
  }
}

function keyOf(dimension: Dimension, value: unknown): string | null {
  if (dimension === 'hour') return isoOf(numberOf(value))
  if (dimension === 'day') return isoOf(numberOf(value)).slice(0, 10)
  return value === '' ? null : String(value)
}
