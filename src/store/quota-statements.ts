// The statements that make caps hold: a turn reserves what it may cost in T1, and T2 puts what it did cost in its place. No
// statement reads first and writes then, so they hold between processes, on every database.
import { sql } from 'kysely'
import type { CompiledQuery, Kysely, RawBuilder } from 'kysely'
import type { Database, InflightTable } from './schema.ts'
import { createTemplate } from './statements.ts'
import type { SlotOf } from './statements.ts'
import type { QuotaKey } from './quotas.ts'

interface QuotaColumns {
  readonly kind: string
  readonly id: string
  readonly scope: string
  readonly period_us: number
}

interface Reserving extends QuotaColumns {
  readonly turn_id: string
  readonly route_id: string
  readonly nano_usd: number
  readonly limit_nano_usd: number
}

/** The quota before this one in its turn's chain. */
interface Behind {
  readonly before_kind: string
  readonly before_id: string
  readonly before_scope: string
  readonly before_period_us: number
}

export interface QuotaStatements {
  /** Takes `nano_usd` from what is left of the first quota, or changes nothing when too little is. */
  readonly reserveFirst: (row: Reserving) => CompiledQuery
  /** The same for a further one, only where the one before it was reserved for this turn. */
  readonly reserveNext: (row: Reserving & Behind) => CompiledQuery
  /** Opens the turn only where the last of its quotas was reserved for it. */
  readonly open: (row: InflightTable & Behind & { readonly route_id: string }) => CompiledQuery
  /** Gives back what was reserved for a turn that could not be opened. Before the route event is written. */
  readonly release: (row: QuotaColumns & Pick<Reserving, 'turn_id' | 'route_id' | 'nano_usd'>) => CompiledQuery
  /** While the turn is open: what was reserved goes, what it cost comes. */
  readonly settle: (
    row: QuotaColumns & { readonly turn_id: string; readonly nano_usd: number; readonly cost_nano_usd: number },
  ) => CompiledQuery
}

export function createQuotaStatements(db: Kysely<Database>): QuotaStatements {
  // Compared parameters are cast: Postgres takes two of unknown type for texts.
  const integer = (value: RawBuilder<unknown>) => sql`cast(${value} as bigint)`
  const isQuota = (slot: SlotOf<QuotaColumns>) =>
    sql`kind = ${slot('kind')} and id = ${slot('id')} and scope = ${slot('scope')} and period_us = ${slot('period_us')}`
  const isNew = (slot: SlotOf<{ readonly route_id: string }>) =>
    sql`not exists (select 1 from events where events.id = ${slot('route_id')})`
  const isReservedBefore = (slot: SlotOf<Behind & { readonly turn_id: string }>) =>
    sql`exists (select 1 from quotas as q where q.kind = ${slot('before_kind')} and q.id = ${slot('before_id')}
and q.scope = ${slot('before_scope')} and q.period_us = ${slot('before_period_us')} and q.last_turn_id = ${slot('turn_id')})`

  const reserve = (slot: SlotOf<Reserving>, also: RawBuilder<unknown>) =>
    sql`insert into quotas (kind, id, scope, period_us, spent_nano_usd, reserved_nano_usd, alerted_percent, last_turn_id)
select ${slot('kind')}, ${slot('id')}, ${slot('scope')}, ${slot('period_us')}, 0, ${integer(slot('nano_usd'))}, 0, ${slot('turn_id')}
where ${integer(slot('nano_usd'))} <= ${integer(slot('limit_nano_usd'))} and ${isNew(slot)} and ${also}
on conflict (kind, id, scope, period_us) do update
set reserved_nano_usd = quotas.reserved_nano_usd + excluded.reserved_nano_usd, last_turn_id = excluded.last_turn_id
where quotas.spent_nano_usd + quotas.reserved_nano_usd + excluded.reserved_nano_usd <= ${integer(slot('limit_nano_usd'))}`.compile(
      db,
    )

  return {
    reserveFirst: createTemplate((slot) => reserve(slot, sql`1 = 1`)),
    reserveNext: createTemplate((slot) => reserve(slot, isReservedBefore(slot))),
    open: createTemplate((slot) =>
      sql`insert into inflight (turn_id, instance_id, started_us, opened_json)
select ${slot('turn_id')}, ${slot('instance_id')}, ${slot('started_us')}, ${slot('opened_json')}
where ${isNew(slot)} and ${isReservedBefore(slot)} on conflict do nothing`.compile(db),
    ),
    release: createTemplate((slot) =>
      sql`update quotas set reserved_nano_usd = reserved_nano_usd - ${integer(slot('nano_usd'))}, last_turn_id = ''
where ${isQuota(slot)} and last_turn_id = ${slot('turn_id')} and ${isNew(slot)}
and not exists (select 1 from inflight where inflight.turn_id = ${slot('turn_id')})`.compile(db),
    ),
    settle: createTemplate((slot) =>
      sql`update quotas set spent_nano_usd = spent_nano_usd + ${integer(slot('cost_nano_usd'))},
reserved_nano_usd = case when reserved_nano_usd > ${integer(slot('nano_usd'))} then reserved_nano_usd - ${integer(slot('nano_usd'))} else 0 end
where ${isQuota(slot)} and exists (select 1 from inflight where inflight.turn_id = ${slot('turn_id')})`.compile(db),
    ),
  }
}

export const quotaColumns = ({ kind, id, scope, periodUs }: QuotaKey): QuotaColumns => ({ kind, id, scope, period_us: periodUs })

export const behind = ({ kind, id, scope, periodUs }: QuotaKey): Behind => ({
  before_kind: kind,
  before_id: id,
  before_scope: scope,
  before_period_us: periodUs,
})
