// Spending under a cap that is set in the middle of its period: what was spent before counts. Nothing is counted for identities
// without a cap, so it is summed up when one is given to them.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { periodStartUs } from './quotas.ts'
import type { CapChange, QuotaKey } from './quotas.ts'
import type { Database } from './schema.ts'
import type { Unit } from './storage.ts'

const tables = { key: 'gateway_keys', user: 'users', team: 'teams' } as const
/** Hours of the identity; a key's are those of all that took its place, too. */
const hoursOf = (kind: QuotaKey['kind'], id: string) =>
  kind === 'key'
    ? sql`h.gateway_key_id in (select k.id from gateway_keys as k where coalesce(k.root_id, k.id) = ${id})`
    : sql`${sql.ref(`h.${kind}_id`)} = ${id}`
/** What logs told was paid elsewhere, or by a subscription: it is in the hours, and uses no cap. None of it has a key. */
const importedOf = (kind: QuotaKey['kind'], id: string, periodUs: number) =>
  kind === 'key'
    ? sql`0`
    : sql`coalesce((select sum(c.cost_nano_usd) from calls as c
where c.timestamp_us >= ${periodUs} and c.cost_basis = 'imported' and ${sql.ref(`c.${kind}_id`)} = ${id}), 0)`
const columns = { daily: 'daily_cap_nano_usd', monthly: 'monthly_cap_nano_usd', budget: 'budget_nano_usd' } as const

/**
 * What must come before the change in its unit: a cap that was not there begins with what its period has cost so far, a budget
 * with nothing. One that was there keeps its count; either way its alerts are given anew. What running calls have reserved stays.
 */
export function countedBefore(
  db: Kysely<Database>,
  identity: { readonly kind: QuotaKey['kind']; readonly id: string },
  caps: CapChange,
  nowUs: number,
): Unit {
  const changes = [
    ['daily', caps.dailyNanoUsd],
    ['monthly', caps.monthlyNanoUsd],
    ['budget', caps.budgetNanoUsd],
  ] as const
  return changes.flatMap(([scope, limit]) => {
    if (limit === undefined || limit === null) return []
    const { kind, id } = identity
    const periodUs = periodStartUs(scope, nowUs)
    const spent =
      scope === 'budget'
        ? sql`0`
        : sql`coalesce((select sum(h.cost_nano_usd) from usage_hourly as h where h.hour_us >= ${periodUs} and ${hoursOf(kind, id)}), 0) - ${importedOf(kind, id, periodUs)}`
    const isNew = sql`exists (select 1 from ${sql.table(tables[kind])} as owner where owner.id = ${id} and ${sql.ref(`owner.${columns[scope]}`)} is null)`
    return [
      sql`insert into quotas (kind, id, scope, period_us, spent_nano_usd, reserved_nano_usd, alerted_percent, last_turn_id)
select ${kind}, ${id}, ${scope}, ${periodUs}, ${spent}, 0, 0, '' where ${isNew}
on conflict (kind, id, scope, period_us) do update set spent_nano_usd = excluded.spent_nano_usd`.compile(db),
      sql`update quotas set alerted_percent = 0
where kind = ${kind} and id = ${id} and scope = ${scope} and period_us = ${periodUs}`.compile(db),
    ]
  })
}
