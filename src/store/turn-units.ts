// A turn as units of statements: T1 and T2 of reliability.md §1, made of what is known of the turn and of nothing else, so
// that the same turn makes the same unit whoever sends it, and when.
import * as z from 'zod'
import type { TurnEvent } from './events.ts'
import { callRowOf } from './projections.ts'
import { reservation } from './quotas.ts'
import { openReservedUnit, settleUnit } from './reserved-turns.ts'
import { wrongAfter } from './settled.ts'
import type { Unit } from './storage.ts'
import type { TurnClosed, TurnOpened, TurnRefused } from './traces.ts'
import { eventRowOf } from './turn-statements.ts'
import type { TurnStatements } from './turn-statements.ts'

/** What `inflight.opened_json` holds: all that closing the turn needs beside its route event, when its process is gone. */
export const openedNote = z.object({
  routeId: z.string(),
  provider: z.string(),
  model: z.string(),
  requestedModel: z.string(),
  stream: z.boolean(),
  estimatedInputTokens: z.int(),
  pricingVersion: z.string(),
  reservation: reservation.optional(),
  subscription: z.literal(true).optional(),
})
export type OpenedNote = z.infer<typeof openedNote>

/** A unit in memory weighs this beside its strings. */
const bytesBesideText = 1024

export function openUnit(statements: TurnStatements, opened: TurnOpened, instanceId: string): Unit {
  const note: OpenedNote = {
    routeId: opened.route.id,
    provider: opened.provider,
    model: opened.model,
    requestedModel: opened.requestedModel,
    stream: opened.stream,
    estimatedInputTokens: opened.estimatedInputTokens,
    pricingVersion: opened.pricingVersion,
    ...(opened.reservation === undefined ? {} : { reservation: opened.reservation }),
    ...(opened.subscription === true ? { subscription: true } : {}),
  }
  const inflight = {
    turn_id: opened.turnId,
    instance_id: instanceId,
    started_us: opened.startedUs,
    opened_json: JSON.stringify(note),
  }
  const route = eventRowOf(opened.route)
  if (opened.reservation !== undefined) return openReservedUnit(statements, opened.reservation, inflight, route)
  return [statements.open({ ...inflight, route_id: opened.route.id }), statements.insertEvent(route)]
}

export const refuseUnit = (statements: TurnStatements, { route, turn }: TurnRefused): Unit => [
  statements.insertEvent(eventRowOf(route)),
  statements.insertEvent(eventRowOf(turn)),
]

/** Projections first, the guard's row last. */
export function closeUnit(statements: TurnStatements, closed: TurnClosed): Unit {
  const { turnId, call, costNanoUsd, turn } = closed
  const turnKey = { turn_id: turnId }
  // What has no known cost takes nothing of a cap: it was allowed to.
  const settle = closed.reservation === undefined ? [] : settleUnit(statements, turnId, closed.reservation, costNanoUsd ?? 0)
  const ending = [statements.insertLastEvent(eventRowOf(turn)), ...settle, statements.close(turnKey)]
  if (call === null) return ending
  return [
    statements.insertCall(callRowOf(call, costNanoUsd)),
    statements.addToHour(turnKey),
    statements.insertLastEvent(eventRowOf(call)),
    ...ending,
  ]
}

/** T2 of a turn that ended before now: what was summed of its time must be summed anew. */
export const lateCloseUnit = (statements: TurnStatements, closed: TurnClosed): Unit => [
  unsettled(statements, closed.call ?? closed.turn),
  ...closeUnit(statements, closed),
]

export const unsettled = (statements: TurnStatements, { timestampUs }: TurnEvent) => statements.unsettle(wrongAfter(timestampUs))

/** What the bounds on memory count. */
export function bytesOf(unit: Unit): number {
  let bytes = bytesBesideText
  for (const statement of unit) for (const value of statement.parameters) if (typeof value === 'string') bytes += value.length
  return bytes
}
