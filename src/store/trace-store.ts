// Turns on record, through the commit queue: T1 before the upstream call, T2 before the client sees the end.
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../ir/errors.ts'
import type { Clock, Logger } from '../services.ts'
import type { CommitQueue } from './commit-queue.ts'
import { createDeferredTurns } from './deferred-turns.ts'
import { createGapCounter } from './gap.ts'
import { createSharedFlush } from './shared-flush.ts'
import { readQuota } from './quotas.ts'
import type { ExceededQuota } from './quotas.ts'
import { refusedBy } from './reserved-turns.ts'
import { noSpool } from './spool.ts'
import type { Spool, SpoolEntry } from './spool.ts'
import type { Storage, Unit } from './storage.ts'
import type { Recorded, TraceStore, TurnOpened } from './traces.ts'
import { createTurnStatements, eventRowOf, type TurnStatements } from './turn-statements.ts'
import { bytesOf, closeUnit, openUnit, refuseUnit } from './turn-units.ts'

export interface TraceStoreOptions {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
  readonly instanceId: string
  readonly logger: Logger
  /** Where turns wait while the store is away; absent: in memory alone. */
  readonly spool?: Spool
  /** How many lines may wait in memory when the spool cannot be written. */
  readonly maxLinesInMemory?: number
  /** How long T1 may hold the upstream call back, ms. */
  readonly openWithinMs?: number
  /** How long T2 may hold the end of an answer back, ms. A stream shall show no gap of a second (reliability.md §2). */
  readonly closeWithinMs?: number
  /** `strict`: the end of an answer also waits until its rows are safe from power loss. */
  readonly durability?: Config['durability']
  /** For whoever opens many; absent: compiled here. */
  readonly statements?: TurnStatements
}

const onTime: Recorded = { deferred: false }
const late: Recorded = { deferred: true }

/** The store of a process that can lose it for a while. */
export interface SpoolingTraceStore extends TraceStore {
  /** Turns that it could not keep: `metis_untraced_turns_total`. */
  untracedTurns(): number
  /** Resolves when no turn waits beside the store. */
  settled(): Promise<void>
  /** Before the queue is closed. False: turns wait in the spool for the next start. */
  close(): boolean
}

export function createTraceStore(options: TraceStoreOptions): SpoolingTraceStore {
  const { storage, queue, instanceId, logger, openWithinMs = 1000, closeWithinMs = 700 } = options
  const flush = options.durability === 'strict' ? createSharedFlush(() => storage.flush()) : null
  const statements = options.statements ?? createTurnStatements(storage.db)
  const gap = createGapCounter(instanceId)

  const untraced = new Set<string>()
  const waiting = createDeferredTurns({
    queue,
    statements,
    logger,
    instanceId,
    clock: options.clock,
    spool: options.spool ?? noSpool,
    ...(options.maxLinesInMemory === undefined ? {} : { maxLines: options.maxLinesInMemory }),
    onReplayed: tellGap,
  })

  /** Resolves when the unit is on disk, or waits beside the store; null = there is no room for it. Rejects when it is at fault itself. */
  async function record(unit: Unit, entry: SpoolEntry, lateMs: number): Promise<Recorded | null> {
    if (waiting.holds()) return waiting.add(entry) ? late : null
    const recorded = await new Promise<Recorded | null>((resolve, reject) => {
      const divert = (): void => {
        const kept = waiting.add(entry)
        // What cannot be taken back is being written at this moment.
        resolve(!ticket.withdraw() || kept ? late : null)
      }
      const ticket = queue.enqueue(unit, bytesOf(unit), { lateMs, call: divert })
      ticket.done.then(
        () => resolve(onTime),
        (error: unknown) => {
          if (!(error instanceof GatewayError)) logger.log('error', 'a turn could not be recorded', { error: String(error) })
          reject(error)
        },
      )
    }).catch((error: unknown) => {
      if (!(error instanceof GatewayError)) throw error
      return waiting.add(entry) ? late : null
    })
    if (recorded === onTime) tellGap()
    return recorded
  }

  /** Resolves when the unit is on disk; a late one is taken back, and is never written afterwards. */
  async function recordOrRefuse(unit: Unit, lateMs: number): Promise<readonly number[]> {
    const ticket = queue.enqueue(unit, bytesOf(unit), { lateMs, call: () => ticket.withdraw() })
    return await ticket.done
  }

  async function exceededBy({ turnId, reservation }: TurnOpened, affected: readonly number[]): Promise<ExceededQuota | null> {
    const quota = reservation === undefined ? null : refusedBy(reservation, affected)
    if (quota === null) return null
    // A unit whose answer was lost on its way is sent again, and changes nothing then.
    const inflight = storage.db.selectFrom('inflight').select('turn_id').where('turn_id', '=', turnId).compile()
    if ((await storage.read(inflight)).length > 0) return null
    const row = await readQuota(storage, quota)
    return { quota, spentNanoUsd: row?.spent_nano_usd ?? 0, reservedNanoUsd: row?.reserved_nano_usd ?? 0 }
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
      if (mustCommit) {
        const affected = await recordOrRefuse(unit, openWithinMs)
        const exceeded = await exceededBy(opened, affected)
        return exceeded === null ? onTime : { ...onTime, exceeded }
      }
      const recorded = await record(unit, { kind: 'opened', opened }, openWithinMs)
      if (recorded !== null) return recorded
      gap.add(opened.startedUs)
      untraced.add(opened.turnId)
      return late
    },
    refuseTurn: async (route, turn) => {
      const refused = { route, turn }
      const recorded = await record(refuseUnit(statements, refused), { kind: 'refused', refused }, openWithinMs)
      if (recorded === null) gap.add(route.timestampUs)
      return recorded ?? late
    },
    closeTurn: async (closed) => {
      // An end without its beginning would be nothing.
      if (untraced.delete(closed.turnId)) return late
      const recorded = (await record(closeUnit(statements, closed), { kind: 'closed', closed }, closeWithinMs)) ?? late
      return flush === null || recorded.deferred ? recorded : afterFlush(flush)
    },
    append: async (events) => {
      const unit = events.map((event) => statements.insertEvent(eventRowOf(event)))
      await queue.commit(unit, bytesOf(unit))
    },
    untracedTurns: () => gap.total(),
    settled: waiting.settled,
    close: () => {
      const lost = waiting.close()
      if (lost > 0) logger.log('error', 'the store and the spool could not be written to the end', { lost_units: lost })
      return !waiting.holds()
    },
  }
}
