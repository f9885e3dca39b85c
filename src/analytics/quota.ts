// How far caps are used up, from the very numbers that refuse a call. A cap has a period of its own (the UTC day, the month,
// once), whatever window the query asks for.
import * as z from 'zod'
import { usdOf } from '../lib/money.ts'
import { periodStartUs, resetsUs } from '../store/quotas.ts'
import type { AnalyticsContext } from './endpoint.ts'
import type { Identity, IdentityKind } from './identities.ts'
import { isoOf } from './window.ts'

export const quota = z.object({
  scope: z.enum(['daily', 'monthly', 'budget']),
  limit_usd: z.number(),
  current_usd: z.number(),
  /** Of the limit; beyond 100 when the last call cost more than was foreseen. */
  percentage: z.number(),
  /** null: a budget does not reset. */
  resets_at: z.string().nullable(),
})
export type Quota = z.infer<typeof quota>

/** By the identity's id. */
export type Quotas = ReadonlyMap<string, Quota[]>

const kinds = { gateway_key: 'key', user: 'user', team: 'team' } as const
const scopes = ['daily', 'monthly', 'budget'] as const

/** Only identities that have a cap. One statement, and none when nobody has one. */
export async function readQuotas(
  { db, nowUs }: AnalyticsContext,
  kind: IdentityKind,
  identities: Iterable<Identity>,
): Promise<Quotas> {
  const capped = [...identities].filter((identity) => scopes.some((scope) => limitOf(identity, scope) !== null))
  if (capped.length === 0) return new Map()
  const rows = await db
    .selectFrom('quotas')
    .select(['id', 'scope', 'spent_nano_usd'])
    .where('kind', '=', kinds[kind])
    .where(({ or, eb }) => or(scopes.map((scope) => eb('scope', '=', scope).and('period_us', '=', periodStartUs(scope, nowUs)))))
    .execute()
  const spent = new Map(rows.map((row) => [`${row.scope} ${row.id}`, row.spent_nano_usd]))
  return new Map(
    capped.map((identity) => {
      const quotas = scopes.flatMap((scope) => {
        const limitNanoUsd = limitOf(identity, scope)
        if (limitNanoUsd === null) return []
        return quotaOf(scope, limitNanoUsd, spent.get(`${scope} ${identity.quota_id}`) ?? 0, nowUs)
      })
      return [identity.id, quotas] as const
    }),
  )
}

function limitOf(identity: Identity, scope: Quota['scope']): number | null {
  if (scope === 'budget') return identity.budget_nano_usd
  return scope === 'daily' ? identity.daily_cap_nano_usd : identity.monthly_cap_nano_usd
}

function quotaOf(scope: Quota['scope'], limitNanoUsd: number, spentNanoUsd: number, nowUs: number): Quota {
  // A limit of 0 is a key that may not spend: used up before the first call.
  const percentage = limitNanoUsd === 0 ? 100 : Math.round((spentNanoUsd / limitNanoUsd) * 10_000) / 100
  const endUs = resetsUs(scope, periodStartUs(scope, nowUs))
  return {
    scope,
    limit_usd: usdOf(limitNanoUsd),
    current_usd: usdOf(spentNanoUsd),
    percentage,
    resets_at: endUs === null ? null : isoOf(endUs),
  }
}
