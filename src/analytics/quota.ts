// How far caps are used up. A cap has a window of its own (the UTC day, the month), whatever window the query asks for.
import { sql } from 'kysely'
import { dayStartUs, monthStartUs } from '../lib/calendar.ts'
import { usdOf } from '../lib/money.ts'
import type { AnalyticsContext } from './endpoint.ts'
import type { Identity, IdentityKind } from './identities.ts'
import { isoOf, nextDayUs } from './window.ts'

export interface Quota {
  readonly scope: 'daily' | 'monthly'
  readonly limit_usd: number
  readonly current_usd: number
  /** Of the limit; beyond 100 when the last call went over it. */
  readonly percentage: number
  readonly resets_at: string
}

/** By the identity's id. */
export type Quotas = ReadonlyMap<string, readonly Quota[]>

/** Only identities that have a cap. One statement, and none when nobody has one. */
export async function readQuotas(
  { db, nowUs }: AnalyticsContext,
  kind: IdentityKind,
  identities: Iterable<Identity>,
): Promise<Quotas> {
  const capped = [...identities].filter(
    ({ daily_cap_nano_usd: day, monthly_cap_nano_usd: month }) => day !== null || month !== null,
  )
  if (capped.length === 0) return new Map()
  const column = sql.ref(`${kind}_id`)
  const { rows } = await sql<{ id: string; daily: number; monthly: number }>`
select ${column} as id, sum(case when hour_us >= ${dayStartUs(nowUs)} then cost_nano_usd else 0 end) as daily, sum(cost_nano_usd) as monthly
from usage_hourly where hour_us >= ${monthStartUs(nowUs)} and ${column} <> '' group by ${column}`.execute(db)
  const spent = new Map(rows.map((row) => [row.id, row]))
  return new Map(
    capped.map((identity) => {
      const { daily = 0, monthly = 0 } = spent.get(identity.id) ?? {}
      return [
        identity.id,
        [
          ...quotaOf('daily', identity.daily_cap_nano_usd, Number(daily), nextDayUs(nowUs)),
          ...quotaOf('monthly', identity.monthly_cap_nano_usd, Number(monthly), monthStartUs(nowUs, 1)),
        ],
      ]
    }),
  )
}

function quotaOf(scope: Quota['scope'], limitNanoUsd: number | null, spentNanoUsd: number, resetsUs: number): readonly Quota[] {
  if (limitNanoUsd === null) return []
  // A limit of 0 is a key that may not spend: used up before the first call.
  const percentage = limitNanoUsd === 0 ? 100 : Math.round((spentNanoUsd / limitNanoUsd) * 10_000) / 100
  return [
    {
      scope,
      limit_usd: usdOf(limitNanoUsd),
      current_usd: usdOf(spentNanoUsd),
      percentage,
      resets_at: isoOf(resetsUs),
    },
  ]
}
