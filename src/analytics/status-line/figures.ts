// The figures of a status line: a few small reads, each by an index, for they are made beside the gateway's answers. Plain SQL, and
// nothing loaded for it: a program that starts after each message makes the same ones. A test holds them to what /analytics says.
import type { Cap } from '../../ir/principal.ts'
import { DAY_US, dayStartUs, monthStartUs } from '../../lib/calendar.ts'

/** Runs one statement with `?` for its parameters. */
export type ReadRows = (sql: string, parameters: readonly (string | number)[]) => readonly unknown[] | Promise<readonly unknown[]>

/**
 * Whose calls are counted: of a key without a user, its own and those of the keys whose place it took. null = everybody's.
 * `otherKeys`: what calls of users can be on record under beside keys of their own.
 */
export type Owner =
  | { readonly kind: 'user'; readonly id: string; readonly otherKeys?: readonly string[] }
  | { readonly kind: 'key'; readonly id: string }
  | null

export interface FiguresAsked {
  readonly sessionId: string | null
  readonly owner: Owner
  readonly caps: readonly Cap[]
  readonly project: string | null
  readonly branch: string | null
  readonly nowUs: number
  /** Midnight where the user is. */
  readonly todayUs: number
}

export interface Figures {
  /** null = no call of it is on record. */
  readonly session: SessionFigures | null
  readonly todayNanoUsd: number
  /** Over the last 30 days; null = nothing is on record for it. */
  readonly branchNanoUsd: number | null
  /** The cap that has the least left; null = there is none. */
  readonly budget: Budget | null
}

export interface SessionFigures {
  readonly costNanoUsd: number
  readonly unpricedCalls: number
  /** Of its input; null = there was none. */
  readonly cacheShare: number | null
}

export interface Budget {
  readonly scope: Cap['scope']
  /** What is spent and what running calls have reserved is gone. */
  readonly leftNanoUsd: number
  readonly limitNanoUsd: number
}

const HOUR_US = 3_600_000_000
const BRANCH_DAYS = 30
/** A month of hours is looked into for each key: with more of them no answer could wait for it. */
const MOST_KEYS = 24

export async function readFigures(read: ReadRows, asked: FiguresAsked): Promise<Figures> {
  return {
    session: await sessionOf(read, asked),
    todayNanoUsd: await todayOf(read, asked),
    branchNanoUsd: await branchOf(read, asked),
    budget: await budgetOf(read, asked),
  }
}

type Row = Readonly<Record<string, unknown>>

const sameKey =
  'select id from gateway_keys where coalesce(root_id, id) = (select coalesce(root_id, id) from gateway_keys where id = ?)'

interface Condition {
  readonly sql: string
  readonly parameters: readonly string[]
}

function amongCalls(owner: Owner): Condition {
  if (owner === null) return { sql: '', parameters: [] }
  return { sql: owner.kind === 'user' ? 'and user_id = ?' : `and gateway_key_id in (${sameKey})`, parameters: [owner.id] }
}

/** Of a user, since when they can have been used: when that was is noted by the minute, and may be lost. */
const keysInUse = 'from gateway_keys where user_id = ? and (last_used_us is null or last_used_us >= ?)'

interface Sum {
  readonly rows: number
  readonly costNanoUsd: number
}

/**
 * Of whole hours. An owner's rows lie apart under each hour, so each hour is looked into for each of the owner's keys (and for none: a
 * session's log names none): to read all that lies between takes 20 times as long on a million calls.
 */
async function sumOf(read: ReadRows, owner: Owner, fromUs: number, toUs: number, also: Condition): Promise<Sum> {
  const sum = 'select count(*) as found, sum(u.cost_nano_usd) as cost from'
  if (owner === null)
    return sumIn(await read(`${sum} usage_hourly as u where u.hour_us >= ? ${also.sql}`, [fromUs, ...also.parameters]))
  const otherKeys = owner.kind === 'user' ? ['', ...(owner.otherKeys ?? [])] : []
  const keys =
    owner.kind === 'user'
      ? {
          sql: `select id ${keysInUse}${otherKeys.map(() => ' union select cast(? as text)').join('')}`,
          parameters: [owner.id, fromUs - DAY_US, ...otherKeys],
          user: owner.id,
        }
      : { sql: `${sameKey} union select cast(? as text)`, parameters: [owner.id, owner.id], user: '' }
  const rows = await read(
    `with recursive hours(hour_us) as
(select cast(? as bigint) union all select hour_us + ${HOUR_US} from hours where hour_us + ${HOUR_US} <= ?),
owned(id) as (${keys.sql})
${sum} hours cross join owned cross join usage_hourly as u
where u.hour_us = hours.hour_us and u.gateway_key_id = owned.id and u.user_id = ? ${also.sql}`,
    [fromUs, toUs, ...keys.parameters, keys.user, ...also.parameters],
  )
  return sumIn(rows)
}

const sumIn = (rows: readonly unknown[]): Sum => ({
  rows: numberAt(rowOf(rows), 'found'),
  costNanoUsd: numberAt(rowOf(rows), 'cost'),
})

async function sessionOf(read: ReadRows, { sessionId, owner }: FiguresAsked): Promise<SessionFigures | null> {
  if (sessionId === null) return null
  const who = amongCalls(owner)
  const row = rowOf(
    await read(
      `select count(*) as calls, sum(cost_nano_usd) as cost, sum(case when cost_nano_usd is null then 1 else 0 end) as unpriced,
sum(cached_input_tokens) as cached, sum(input_tokens + cached_input_tokens + cache_creation_input_tokens) as input
from calls where session_id = ? ${who.sql}`,
      [sessionId, ...who.parameters],
    ),
  )
  if (numberAt(row, 'calls') === 0) return null
  const input = numberAt(row, 'input')
  return {
    costNanoUsd: numberAt(row, 'cost'),
    unpricedCalls: numberAt(row, 'unpriced'),
    cacheShare: input === 0 ? null : numberAt(row, 'cached') / input,
  }
}

/** Only a zone of half an hour asks for calls. */
async function todayOf(read: ReadRows, { todayUs, nowUs, owner }: FiguresAsked): Promise<number> {
  const firstHourUs = Math.ceil(todayUs / HOUR_US) * HOUR_US
  const whole = await sumOf(read, owner, firstHourUs, nowUs, { sql: '', parameters: [] })
  if (firstHourUs === todayUs) return whole.costNanoUsd
  const calls = amongCalls(owner)
  const rest = await read(
    `select sum(cost_nano_usd) as cost from calls where timestamp_us >= ? and timestamp_us < ? ${calls.sql}`,
    [todayUs, firstHourUs, ...calls.parameters],
  )
  return whole.costNanoUsd + numberAt(rowOf(rest), 'cost')
}

async function branchOf(read: ReadRows, { project, branch, nowUs, owner }: FiguresAsked): Promise<number | null> {
  if (project === null || branch === null) return null
  const sinceUs = Math.floor(nowUs / HOUR_US) * HOUR_US - BRANCH_DAYS * DAY_US
  if (owner?.kind === 'user') {
    const keys = await read(`select count(*) as keys ${keysInUse}`, [owner.id, sinceUs - DAY_US])
    if (numberAt(rowOf(keys), 'keys') > MOST_KEYS) return null
  }
  const named = { sql: 'and u.project = ? and u.branch = ?', parameters: [project, branch] }
  const sum = await sumOf(read, owner, sinceUs, nowUs, named)
  return sum.rows === 0 ? null : sum.costNanoUsd
}

async function budgetOf(read: ReadRows, { caps, nowUs }: FiguresAsked): Promise<Budget | null> {
  if (caps.length === 0) return null
  const one = '(kind = ? and id = ? and scope = ? and period_us = ?)'
  const rows = await read(
    `select kind, id, scope, spent_nano_usd + reserved_nano_usd as used from quotas where ${caps.map(() => one).join(' or ')}`,
    caps.flatMap(({ kind, id, scope }) => [kind, id, scope, periodStartUs(scope, nowUs)]),
  )
  const used = new Map(rows.map((row) => [nameOf(rowOf([row])), numberAt(rowOf([row]), 'used')]))
  const budgets = caps.map(({ kind, id, scope, limitNanoUsd }): Budget => {
    const usedNanoUsd = used.get(nameOf({ kind, id, scope })) ?? 0
    return { scope, limitNanoUsd, leftNanoUsd: Math.max(0, limitNanoUsd - usedNanoUsd) }
  })
  return budgets.toSorted((a, b) => a.leftNanoUsd - b.leftNanoUsd)[0] ?? null
}

/** As store/quotas.ts has it, which brings a schema library along. */
const periodStartUs = (scope: Cap['scope'], nowUs: number): number =>
  ({ daily: dayStartUs(nowUs), monthly: monthStartUs(nowUs), budget: 0 })[scope]

const nameOf = ({ kind, id, scope }: Row): string => `${String(kind)} ${String(scope)} ${String(id)}`

const rowOf = ([row]: readonly unknown[]): Row => (typeof row === 'object' && row !== null ? { ...row } : {})
/** A sum of nothing is null; one of a server's comes as text. */
const numberAt = (row: Row, name: string): number => Number(row[name] ?? 0)
