// Turns on record, through the commit queue: T1 before the upstream call, T2 before the client sees the end.
import * as z from 'zod'
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../ir/errors.ts'
import type { Logger } from '../services.ts'
import type { CommitQueue } from './commit-queue.ts'
import { createGapCounter } from './gap.ts'
import { callRowOf } from './projections.ts'
import { createSharedFlush } from './shared-flush.ts'
import type { Storage, Unit } from './storage.ts'
import type { Recorded, TraceStore, TurnClosed, TurnOpened } from './traces.ts'
import { createTurnStatements, eventRowOf } from './turn-statements.ts'
import type { TurnStatements } from './turn-statements.ts'

export interface TraceStoreOptions {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly instanceId: string
  readonly logger: Logger
  /** How long T1 may hold the upstream call back, ms. */
  readonly openWithinMs?: number
  /** How long T2 may hold the end of an answer back, ms. A stream shall show no gap of a second (reliability.md §2). */
  readonly closeWithinMs?: number
  /** `strict`: the end of an answer also waits until its rows are safe from power loss. */
  readonly durability?: Config['durability']
}

/** What `inflight.opened_json` holds: all that closing the turn needs beside its route event, when its process is gone. */
export const openedNote = z.object({
  routeId: z.string(),
  provider: z.string(),
  model: z.string(),
  requestedModel: z.string(),
  stream: z.boolean(),
  estimatedInputTokens: z.int(),
  pricingVersion: z.string(),
})
export type OpenedNote = z.infer<typeof openedNote>

const onTime: Recorded = { deferred: false }
const late: Recorded = { deferred: true }
/** A unit in memory weighs this beside its strings: what the queue's byte bound counts. */
const bytesBesideText = 1024

/** The store, and how many turns it could not keep: `metis_untraced_turns_total`. */
export type CountingTraceStore = TraceStore & { untracedTurns(): number }

export function createTraceStore(options: TraceStoreOptions): CountingTraceStore {
  const { storage, queue, instanceId, logger, openWithinMs = 1000, closeWithinMs = 700 } = options
  const flush = options.durability === 'strict' ? createSharedFlush(() => storage.flush()) : null
  const statements = createTurnStatements(storage.db)
  const gap = createGapCounter(instanceId)

  /** Resolves when the unit is on disk, or as deferred when it is late; rejects when it is at fault itself, or the queue is full. */
  async function record(unit: Unit, lateMs: number): Promise<Recorded> {
    const recorded = await new Promise<Recorded>((resolve, reject) => {
      const ticket = queue.enqueue(unit, bytesOf(unit), { lateMs, call: () => resolve(late) })
      ticket.done.then(
        () => resolve(onTime),
        (error: unknown) => {
          logger.log('error', 'a turn could not be recorded', { error: String(error) })
          reject(error)
        },
      )
    })
    if (!recorded.deferred) tellGap()
    return recorded
  }

  /** As `record`; a turn that finds the queue full is counted instead, and goes on. */
  async function recordOrCount(unit: Unit, lateMs: number, atUs: number): Promise<Recorded> {
    try {
      return await record(unit, lateMs)
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error
      gap.add(atUs)
      return late
    }
  }

  /** Resolves when the unit is on disk; a late one is taken back, and is never written afterwards. */
  async function recordOrRefuse(unit: Unit, lateMs: number): Promise<Recorded> {
    const ticket = queue.enqueue(unit, bytesOf(unit), { lateMs, call: () => ticket.withdraw() })
    await ticket.done
    return onTime
  }

  /** A disk that cannot be synced holds no answer back: it was paid for. */
  async function afterFlush(flush: () => Promise<void>): Promise<Recorded> {
    try {
      await flush()
      return onTime
    } catch (error) {
      logger.log('error', 'a turn is on disk, but not yet safe from power loss', { error: String(error) })
      return late
    }
  }

  function tellGap(): void {
    const event = gap.take()
    if (event === null) return
    logger.log('warn', 'turns are missing from the trace: the store was away for too long', event.payload)
    queue.commit([statements.insertEvent(eventRowOf(event))]).catch((error: unknown) => {
      logger.log('error', 'the gap in the trace could not be recorded', { error: String(error), ...event.payload })
    })
  }

  return {
    openTurn: async (opened, { mustCommit }) => {
      const unit = openUnit(statements, opened, instanceId)
      return mustCommit ? recordOrRefuse(unit, openWithinMs) : recordOrCount(unit, openWithinMs, opened.startedUs)
    },
    refuseTurn: async (route, turn) => {
      const unit = [statements.insertEvent(eventRowOf(route)), statements.insertEvent(eventRowOf(turn))]
      return recordOrCount(unit, openWithinMs, route.timestampUs)
    },
    closeTurn: async (closed) => {
      const recorded = await recordOrCount(closeUnit(statements, closed), closeWithinMs, closed.turn.timestampUs)
      return flush === null || recorded.deferred ? recorded : afterFlush(flush)
    },
    append: async (events) => {
      const unit = events.map((event) => statements.insertEvent(eventRowOf(event)))
      await queue.commit(unit, bytesOf(unit))
    },
    untracedTurns: () => gap.total(),
  }
}

function openUnit(statements: TurnStatements, opened: TurnOpened, instanceId: string): Unit {
  const note: OpenedNote = {
    routeId: opened.route.id,
    provider: opened.provider,
    model: opened.model,
    requestedModel: opened.requestedModel,
    stream: opened.stream,
    estimatedInputTokens: opened.estimatedInputTokens,
    pricingVersion: opened.pricingVersion,
  }
  return [
    statements.open({
      turn_id: opened.turnId,
      instance_id: instanceId,
      started_us: opened.startedUs,
      opened_json: JSON.stringify(note),
      route_id: opened.route.id,
    }),
    statements.insertEvent(eventRowOf(opened.route)),
  ]
}

/** Projections first, the guard's row last. */
export function closeUnit(statements: TurnStatements, { turnId, call, costNanoUsd, turn }: TurnClosed): Unit {
  const turnKey = { turn_id: turnId }
  const ending = [statements.insertLastEvent(eventRowOf(turn)), statements.close(turnKey)]
  if (call === null) return ending
  return [
    statements.insertCall(callRowOf(call, costNanoUsd)),
    statements.addToHour(turnKey),
    statements.insertLastEvent(eventRowOf(call)),
    ...ending,
  ]
}

function bytesOf(unit: Unit): number {
  let bytes = bytesBesideText
  for (const statement of unit) for (const value of statement.parameters) if (typeof value === 'string') bytes += value.length
  return bytes
}
