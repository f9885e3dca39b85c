// What has been spent, from the hourly sums: read for all identities at once and kept for seconds, so that no request pays
// for a question of its own. Caps that must hold are not judged by this (it may be seconds old), only routes are.
import { sql } from 'kysely'
import { DAY_US, dayStartUs, monthStartUs } from '../lib/calendar.ts'
import type { Clock } from '../services.ts'
import type { Storage } from './storage.ts'

export type SpendScope = 'key' | 'user' | 'team'

export interface Budget {
  /** Of the cap with the least left; below 0 when it is overrun. */
  readonly leftNanoUsd: number
  /** Of that cap; 0 to 1. */
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

interface CapRow {
  readonly id: string
  readonly daily_cap_nano_usd: number | null
  readonly monthly_cap_nano_usd: number | null
}
type CapTable = ReadonlyMap<string, CapRow>

export function createSpendReader(storage: Pick<Storage, 'db'>, clock: Pick<Clock, 'nowUs'>): SpendReader {
  const { db } = storage
  let spend: Spend | null = null
  let readUs = -Infinity
  let reading: Promise<void> | null = null
  /** The month's days before today change no more. */
  let earlier: { readonly dayUs: number; readonly sums: Sums } | null = null

  return {
    current: () => spend,
    refresh() {
      const age = clock.nowUs() - readUs
      if (age < FRESH_US) return null
      reading ??= read().finally(() => (reading = null))
      // A store that is away leaves what is known in use; whoever must not do without waits and sees the fault.
      if (spend !== null && age < USABLE_US) {
        reading.catch(() => undefined)
        return null
      }
      return reading
    },
  }

  async function read(): Promise<void> {
    const nowUs = clock.nowUs()
    const dayUs = dayStartUs(nowUs)
    if (earlier?.dayUs !== dayUs) earlier = { dayUs, sums: await sumsOf(monthStartUs(nowUs), dayUs) }
    const today = await sumsOf(dayUs, dayUs + DAY_US)
    const caps = { key: await capsOf('gateway_keys'), user: await capsOf('users'), team: await capsOf('teams') }
    spend = spendOf(today, earlier.sums, caps)
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

  async function capsOf(table: 'gateway_keys' | 'users' | 'teams'): Promise<CapTable> {
    const rows: readonly CapRow[] = await db
      .selectFrom(table)
      .select(['id', 'daily_cap_nano_usd', 'monthly_cap_nano_usd'])
      .where((where) => where.or([where('daily_cap_nano_usd', 'is not', null), where('monthly_cap_nano_usd', 'is not', null)]))
      .execute()
    return new Map(rows.map((row) => [row.id, row]))
  }
}

function spendOf(today: Sums, earlier: Sums, caps: Readonly<Record<SpendScope, CapTable>>): Spend {
  const spentToday = (scope: SpendScope | 'all', id: string | null) => (id === null ? 0 : (today[scope].get(id) ?? 0))
  const spentMonth = (scope: SpendScope, id: string | null) =>
    id === null ? 0 : spentToday(scope, id) + (earlier[scope].get(id) ?? 0)
  return {
    today: spentToday,
    month: spentMonth,
    budgetOf(scope, id) {
      const cap = id === null ? undefined : caps[scope].get(id)
      if (cap === undefined) return null
      const budgets = [
        budget(cap.daily_cap_nano_usd, spentToday(scope, id)),
        budget(cap.monthly_cap_nano_usd, spentMonth(scope, id)),
      ]
      return budgets.reduce((least, one) =>
        least === null || (one !== null && one.leftNanoUsd < least.leftNanoUsd) ? one : least,
      )
    },
  }
}

function budget(capNanoUsd: number | null, spentNanoUsd: number): Budget | null {
  if (capNanoUsd === null) return null
  const left = Number(capNanoUsd) - spentNanoUsd
  return { leftNanoUsd: left, leftShare: left <= 0 ? 0 : left / Number(capNanoUsd) }
}
