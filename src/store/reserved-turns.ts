// T1 and T2 of a turn under caps. T1 is a chain: each quota is only reserved behind the one before it, the turn only opened
// behind the last, so that one unit without reading decides, and its counts of changed rows tell what it decided.
import type { EventsTable, InflightTable } from './schema.ts'
import { behind, quotaColumns } from './quota-statements.ts'
import type { Reservation } from './quotas.ts'
import type { Unit } from './storage.ts'
import type { TurnStatements } from './turn-statements.ts'

/** The quotas of a reservation, then the turn itself: the first statements of its T1, in this order. */
export function openReservedUnit(
  { quota, insertLastEvent }: TurnStatements,
  { nanoUsd, quotas }: Reservation,
  inflight: InflightTable,
  route: EventsTable,
): Unit {
  const turn = { turn_id: inflight.turn_id, route_id: route.id }
  const reserve = quotas.map((one, place) => {
    const row = { ...quotaColumns(one), ...turn, nano_usd: nanoUsd, limit_nano_usd: one.limitNanoUsd }
    const before = quotas[place - 1]
    return before === undefined ? quota.reserveFirst(row) : quota.reserveNext({ ...row, ...behind(before) })
  })
  const last = quotas.at(-1)
  if (last === undefined) throw new Error('a reservation without a quota')
  // What the last one could not take, those before it hold no longer.
  const release = quotas.slice(0, -1).map((one) => quota.release({ ...quotaColumns(one), ...turn, nano_usd: nanoUsd }))
  return [...reserve, quota.open({ ...inflight, ...behind(last), route_id: route.id }), ...release, insertLastEvent(route)]
}

/**
 * Which quota refused the turn of such a unit, by its counts of changed rows; null = none did. Also the first one when the unit
 * was sent again after it had opened the turn: then the turn is in `inflight`.
 */
export function refusedBy({ quotas }: Reservation, affected: readonly number[]): Reservation['quotas'][number] | null {
  if (affected[quotas.length] === 1) return null
  return quotas.find((_, place) => affected[place] !== 1) ?? null
}

/** After the call's own row, which is what two closers of one turn wait for each other at; before the turn's guard goes. */
export function settleUnit({ quota }: TurnStatements, turnId: string, reservation: Reservation, costNanoUsd: number): Unit {
  const { nanoUsd, quotas } = reservation
  return quotas.map((one) =>
    quota.settle({ ...quotaColumns(one), turn_id: turnId, nano_usd: nanoUsd, cost_nano_usd: costNanoUsd }),
  )
}
