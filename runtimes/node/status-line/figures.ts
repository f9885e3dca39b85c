// The figures of a status line, straight from the database's file: no server is asked, so none need run. The one place outside the
// store with SQL of its own: a query builder would take longer to load than the queries take. A test holds it to what /analytics says.
import { DAY_US, dayStartUs, monthStartUs } from '../../../src/lib/calendar.ts'
import type { SqliteConnection } from '../sqlite-connection.ts'

export interface FiguresAsked {
  readonly sessionId: string | null
  /** Of the token that Claude Code sends, where it is known. */
  readonly keyId: string | null
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
  /** The cap of key, user and team that has the least left; null = there is none. */
  readonly budget: Budget | null
}

export interface SessionFigures {
  readonly costNanoUsd: number
  readonly unpricedCalls: number
  /** Of its input; null = there was none. */
  readonly cacheShare: number | null
}

export interface Budget {
  readonly scope: 'daily' | 'monthly' | 'budget'
  /** What is spent and what running calls have reserved is gone. */
  readonly leftNanoUsd: number
  readonly limitNanoUsd: number
}

const HOUR_US = 3_600_000_000
const BRANCH_DAYS = 30

export function readFigures(connection: SqliteConnection, asked: FiguresAsked): Figures {
  const one = (sql: string, parameters: readonly (string | number)[]): Row => rowOf(connection.prepare(sql).all(parameters)[0])
  const session = asked.sessionId === null ? null : one(sessionSql, [asked.sessionId, asked.sessionId])
  const keyId = asked.keyId ?? textAt(session ?? {}, 'key_id')
  const key = keyId === null ? {} : one(keySql, [keyId])
  return {
    session: session === null || numberAt(session, 'calls') === 0 ? null : sessionOf(session),
    todayNanoUsd: todayOf(one, asked.todayUs, textAt(key, 'user_id')),
    branchNanoUsd: branchOf(one, asked),
    budget: budgetOf(one, key, asked.nowUs),
  }
}

type Row = Readonly<Record<string, unknown>>
type One = (sql: string, parameters: readonly (string | number)[]) => Row

const sessionSql = `select count(*) as calls, sum(cost_nano_usd) as cost, sum(cost_nano_usd is null) as unpriced,
sum(cached_input_tokens) as cached, sum(input_tokens + cached_input_tokens + cache_creation_input_tokens) as input,
(select gateway_key_id from calls where session_id = ? order by timestamp_us desc limit 1) as key_id
from calls where session_id = ?`

const keySql = `select coalesce(k.root_id, k.id) as key_id, k.user_id, coalesce(k.team_id, u.team_id) as team_id,
k.daily_cap_nano_usd as key_daily, k.monthly_cap_nano_usd as key_monthly, k.budget_nano_usd as key_budget,
u.daily_cap_nano_usd as user_daily, u.monthly_cap_nano_usd as user_monthly, u.budget_nano_usd as user_budget,
t.daily_cap_nano_usd as team_daily, t.monthly_cap_nano_usd as team_monthly, t.budget_nano_usd as team_budget
from gateway_keys as k left join users as u on u.id = k.user_id left join teams as t on t.id = coalesce(k.team_id, u.team_id)
where k.id = ?`

function sessionOf(row: Row): SessionFigures {
  const input = numberAt(row, 'input')
  return {
    costNanoUsd: numberAt(row, 'cost'),
    unpricedCalls: numberAt(row, 'unpriced'),
    cacheShare: input === 0 ? null : numberAt(row, 'cached') / input,
  }
}

/** Of the key's user; without one, of all that is on record here. Whole hours are summed up; only a zone of half an hour asks for calls. */
function todayOf(one: One, todayUs: number, userId: string | null): number {
  const firstHourUs = Math.ceil(todayUs / HOUR_US) * HOUR_US
  const who = userId === null ? '' : 'and user_id = ?'
  const by = userId === null ? [] : [userId]
  const hours = one(`select sum(cost_nano_usd) as cost from usage_hourly where hour_us >= ? ${who}`, [firstHourUs, ...by])
  if (firstHourUs === todayUs) return numberAt(hours, 'cost')
  const span = 'timestamp_us >= ? and timestamp_us < ?'
  const rest = one(`select sum(cost_nano_usd) as cost from calls where ${span} ${who}`, [todayUs, firstHourUs, ...by])
  return numberAt(hours, 'cost') + numberAt(rest, 'cost')
}

function branchOf(one: One, { project, branch, nowUs }: FiguresAsked): number | null {
  if (project === null || branch === null) return null
  const sinceUs = Math.floor(nowUs / HOUR_US) * HOUR_US - BRANCH_DAYS * DAY_US
  const where = 'hour_us >= ? and project = ? and branch = ?'
  const row = one(`select count(*) as hours, sum(cost_nano_usd) as cost from usage_hourly where ${where}`, [
    sinceUs,
    project,
    branch,
  ])
  return numberAt(row, 'hours') === 0 ? null : numberAt(row, 'cost')
}

function budgetOf(one: One, key: Row, nowUs: number): Budget | null {
  const budgets = (['key', 'user', 'team'] as const).flatMap((kind) =>
    (['daily', 'monthly', 'budget'] as const).flatMap((scope) => {
      const [id, limit] = [textAt(key, `${kind}_id`), key[`${kind}_${scope}`]]
      if (id === null || limit === null || limit === undefined) return []
      const periodUs = { daily: dayStartUs(nowUs), monthly: monthStartUs(nowUs), budget: 0 }[scope]
      const used = one(quotaSql, [kind, id, scope, periodUs])
      const limitNanoUsd = Number(limit)
      return { scope, limitNanoUsd, leftNanoUsd: Math.max(0, limitNanoUsd - numberAt(used, 'used')) }
    }),
  )
  return budgets.toSorted((a, b) => a.leftNanoUsd - b.leftNanoUsd)[0] ?? null
}

const quotaSql = `select spent_nano_usd + reserved_nano_usd as used from quotas
where kind = ? and id = ? and scope = ? and period_us = ?`

const rowOf = (row: unknown): Row => (typeof row === 'object' && row !== null ? { ...row } : {})
/** A sum of nothing is null. */
const numberAt = (row: Row, name: string): number => Number(row[name] ?? 0)
const textAt = (row: Row, name: string): string | null => {
  const value = row[name]
  return typeof value === 'string' && value !== '' ? value : null
}
