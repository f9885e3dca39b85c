// What has been spent, from the hourly sums, and what is left of caps, as they are counted: read for all identities at once and kept
// for seconds, so that no request pays for a question of its own. Caps that must hold are not judged by this, only routes are.
// What requests share is what was read, never the reading: on Workers the I/O of a request ends with it, and others would wait forever.
import { sql } from 'kysely'
import { DAY_US, dayStartUs, monthStartUs } from '../lib/calendar.ts'
import type { Clock } from '../services.ts'
import { periodStartUs } from './quotas.ts'
import type { Storage } from './storage.ts'

export type SpendScope = 'key' | 'user' | 'team'

/** Of all caps of an identity, daily, monthly and one-off: the least that one of them has left. */
export interface Budget {
  /** Below 0 when one is overrun. */
  readonly leftNanoUsd: number
  /** Of the cap's limit; 0 to 1. */
  readonly leftShare: number
}

/** nano-USD, UTC day and month; an identity that is null has spent nothing. */
export interface Spend {
  today(scope: SpendScope | 'all', id: string | null): number
  month(scope: SpendScope, id: string | null): number
  /** null = it has no cap. */
  budgetOf(scope: SpendScope, id: string | null): Budget | null
}

export interface SpendReader {
  /** What was read last; null before the first time. */
  current(): Spend | null
  /** A promise when there is nothing yet, or it is too old to go on with; null = go on. */
  refresh(): Promise<void> | null
}

/** Asked again in the background from here on, waited for from there on. */
const FRESH_US = 3_000_000
const USABLE_US = 60_000_000

interface SumRow {
  readonly gateway_key_id: string
  readonly user_id: string
  readonly team_id: string
  readonly cost: number
}
type Sums = Readonly<Record<SpendScope | 'all', ReadonlyMap<string, number>>>

type Budgets = Readonly<Record<SpendScope, ReadonlyMap<string, Budget>>>

interface CapRow {
  readonly id: string
  readonly cap: number
  readonly spent: number | null
}

const owners = { key: 'gateway_keys', user: 'users', team: 'teams' } as const
const caps = [
  ['daily', 'daily_cap_nano_usd'],
  ['monthly', 'monthly_cap_nano_usd'],
  ['budget', 'budget_nano_usd'],
] as const

export function createSpendReader(storage: Pick<Storage, 'db'>, clock: Pick<Clock, 'nowUs'>): SpendReader {
  const { db } = storage
  let spend: Spend | null = null
  let readUs = -Infinity
  let askedUs = -Infinity
  /** The month's days before today change no more. */
  let earlier: { readonly dayUs: number; readonly sums: Sums } | null = null

  return {
    current: () => spend,
    refresh() {
      const nowUs = clock.nowUs()
      const age = nowUs - readUs
      if (age < FRESH_US) return null
      // A store that is away leaves what is known in use; whoever must not do without waits and sees the fault.
      if (spend === null || age >= USABLE_US) return read()
      if (nowUs - askedUs >= FRESH_US) read().catch(() => undefined)
      return null
    },
  }

  async function read(): Promise<void> {
    const nowUs = clock.nowUs()
    askedUs = nowUs
    const dayUs = dayStartUs(nowUs)
    if (earlier?.dayUs !== dayUs) earlier = { dayUs, sums: await sumsOf(monthStartUs(nowUs), dayUs) }
    const today = await sumsOf(dayUs, dayUs + DAY_US)
    const budgets = {
      key: await budgetsOf('key', nowUs),
      user: await budgetsOf('user', nowUs),
      team: await budgetsOf('team', nowUs),
    }
    // Another request's may have been faster, and later.
    if (readUs > nowUs) return
    spend = spendOf(today, earlier.sums, budgets)
    readUs = nowUs
  }

  async function sumsOf(fromUs: number, beforeUs: number): Promise<Sums> {
    const { rows } = await sql<SumRow>`select gateway_key_id, user_id, team_id, sum(cost_nano_usd) as cost from usage_hourly
where hour_us >= ${fromUs} and hour_us < ${beforeUs} group by gateway_key_id, user_id, team_id`.execute(db)
    const sums = { all: new Map(), key: new Map(), user: new Map(), team: new Map() }
    const add = (map: Map<string, number>, id: string, cost: number) => map.set(id, (map.get(id) ?? 0) + cost)
    for (const row of rows) {
      // Postgres hands sums over as text.
      const cost = Number(row.cost)
      add(sums.all, '', cost)
      add(sums.key, row.gateway_key_id, cost)
      add(sums.user, row.user_id, cost)
      add(sums.team, row.team_id, cost)
    }
    return sums
  }

  async function budgetsOf(scope: SpendScope, nowUs: number): Promise<ReadonlyMap<string, Budget>> {
    const { rows } = await capsOf(scope, nowUs).execute(db)
    const budgets = new Map<string, Budget>()
    for (const { id, cap, spent } of rows) {
      const left = cap - (spent ?? 0)
      const leftShare = left <= 0 ? 0 : left / cap
      const tightest = budgets.get(id) ?? { leftNanoUsd: left, leftShare }
      budgets.set(id, {
        leftNanoUsd: Math.min(tightest.leftNanoUsd, left),
        leftShare: Math.min(tightest.leftShare, leftShare),
      })
    }
    return budgets
  }
}

/** Each cap that somebody has, with what is spent of it; keys that took each other's place spend from one. */
function capsOf(kind: SpendScope, nowUs: number) {
  const quotaId = kind === 'key' ? sql`coalesce(owner.root_id, owner.id)` : sql`owner.id`
  const selects = caps.map(
    ([scope, column]) => sql`select owner.id as id, ${sql.ref(`owner.${column}`)} as cap, q.spent_nano_usd as spent
from ${sql.table(owners[kind])} as owner left join quotas as q
on q.kind = ${kind} and q.id = ${quotaId} and q.scope = ${scope} and q.period_us = ${periodStartUs(scope, nowUs)}
where ${sql.ref(`owner.${column}`)} is not null`,
  )
  return sql<CapRow>`${sql.join(selects, sql` union all `)}`
}

function spendOf(today: Sums, earlier: Sums, budgets: Budgets): Spend {
  const spentToday = (scope: SpendScope | 'all', id: string | null) => (id === null ? 0 : (today[scope].get(id) ?? 0))
  return {
    today: spentToday,
    month: (scope, id) => (id === null ? 0 : spentToday(scope, id) + (earlier[scope].get(id) ?? 0)),
    budgetOf: (scope, id) => (id === null ? null : (budgets[scope].get(id) ?? null)),
  }
}
