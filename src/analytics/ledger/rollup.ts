// `usage_hourly` against `calls`, hour by hour and identity by identity, in one statement. The sums stand here a second time,
// on purpose: what proves an arithmetic must not share it.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Database } from '../../store/schema.ts'
import { isoOf } from '../window.ts'
import type { FaultLog } from './faults.ts'

const keys = [
  'gateway_key_id',
  'user_id',
  'team_id',
  'workspace',
  'project',
  'branch',
  'client',
  'inbound_shape',
  'provider',
  'model',
] as const

/** Column of the hour ← what one call adds. */
const addends = [
  ['call_count', sql`1`],
  ['failed_calls', sql`case when status = 'failed' then 1 else 0 end`],
  ['unpriced_calls', sql`case when cost_nano_usd is null then 1 else 0 end`],
  ['input_tokens', sql`input_tokens`],
  ['output_tokens', sql`output_tokens`],
  ['cached_input_tokens', sql`cached_input_tokens`],
  ['cache_creation_input_tokens', sql`cache_creation_input_tokens`],
  ['cache_creation_1h_tokens', sql`cache_creation_1h_tokens`],
  ['reasoning_tokens', sql`reasoning_tokens`],
  ['cost_nano_usd', sql`coalesce(cost_nano_usd, 0)`],
  [
    'measured_cost_nano_usd',
    sql`case when cost_basis in ('metered', 'provider_reported') then coalesce(cost_nano_usd, 0) else 0 end`,
  ],
  ['subscription_calls', sql`case when cost_basis = 'subscription' then 1 else 0 end`],
  ['list_nano_usd', sql`coalesce(list_nano_usd, 0)`],
  ['latency_ms_sum', sql`cast(round(latency_ms) as bigint)`],
] as const

type Drift = Readonly<Record<string, unknown>>

/** Every call added, every hour taken away: what is not nothing is drift. */
export async function compareRollup(db: Kysely<Database>, faults: FaultLog): Promise<void> {
  const names = sql.join(keys.map((key) => sql.ref(key)))
  const { rows } = await sql<Drift>`
select hour_us, ${names}, ${sql.join(addends.map(([name]) => sql`sum(${sql.ref(name)}) as ${sql.ref(name)}`))}
from (
  select (timestamp_us / 3600000000) * 3600000000 as hour_us,
    ${sql.join(keys.map((key) => sql`coalesce(${sql.ref(key)}, '') as ${sql.ref(key)}`))},
    ${sql.join(addends.map(([name, value]) => sql`${value} as ${sql.ref(name)}`))} from calls
  union all
  select hour_us, ${names}, ${sql.join(addends.map(([name]) => sql`-${sql.ref(name)}`))} from usage_hourly
) as both_sides
group by hour_us, ${names}
having ${sql.join(
    addends.map(([name]) => sql`sum(${sql.ref(name)}) <> 0`),
    sql` or `,
  )}
order by hour_us, ${names} limit 20`.execute(db)
  for (const row of rows) {
    const wrong = addends.filter(([name]) => Number(row[name]) !== 0).map(([name]) => `${name} by ${-Number(row[name])}`)
    const named = keys.filter((key) => row[key] !== '').map((key) => `${key}=${String(row[key])}`)
    faults.add(
      `usage_hourly ${isoOf(Number(row['hour_us']))} ${named.join(' ')}`.trim(),
      `is not the sum of its calls: off in ${wrong.join(', ')}`,
    )
  }
}
