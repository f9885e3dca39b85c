// The one way to write: what waits at the end of an event-loop turn becomes one commit. A store that is away costs time,
// never order and never a row, up to a bound.
import { GatewayError } from '../ir/errors.ts'
import type { Clock, Logger } from '../services.ts'
import { StorageBusy } from './storage.ts'
import type { Storage, Unit, UnitOutcome } from './storage.ts'

export interface CommitQueueOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly defer: (task: () => void) => void
  readonly logger: Logger
  /** Jitter of the waits: 0 ≤ x < 1. */
  readonly random?: () => number
  readonly maxTurns?: number
  readonly maxBytes?: number
  /** Writes something, changes nothing. A store that is away is asked with it when no unit waits; absent: it is not asked. */
  readonly probe?: Unit
}

/** A unit in the queue. */
export interface Ticket {
  /** Rows changed by each statement. Rejects when the unit itself is at fault, or was withdrawn. */
  readonly done: Promise<readonly number[]>
  /** Takes the unit back; false when it is being written or is written already. */
  withdraw(): boolean
}

export interface CommitQueueState {
  /** Units not yet on disk. */
  readonly waiting: number
  readonly waitingBytes: number
  /** Since when the store has refused every commit, ms of the monotonic clock; null = it answers. */
  readonly busySinceMs: number | null
  /** Age of the oldest unit, ms; 0 when none waits. */
  readonly oldestMs: number
}

export interface CommitQueue {
  /** @throws GatewayError store_unavailable when the queue is full; whatever the unit's own fault was */
  commit(unit: Unit, bytes?: number): Promise<readonly number[]>
  /**
   * As `commit`, with a way back. `late` is called once when the unit is still waiting after `lateMs`.
   * @throws GatewayError store_unavailable when the queue is full
   */
  enqueue(unit: Unit, bytes: number, late?: { readonly lateMs: number; readonly call: () => void }): Ticket
  /** Resolves when nothing waits. */
  idle(): Promise<void>
  /** Gives up: what waits is refused with store_unavailable, and so is all that comes. */
  close(): void
  state(): CommitQueueState
}

interface Entry {
  readonly unit: Unit
  readonly bytes: number
  readonly sinceMs: number
  late: { readonly lateMs: number; readonly call: () => void } | undefined
  readonly resolve: (affected: readonly number[]) => void
  readonly reject: (error: unknown) => void
}

const unitsPerCommit = 100
const bytesPerUnit = 2048
/** A lock is held for milliseconds; a full disk for minutes: reliability.md §2 wants both found again within 5 s. */
const busyWaitMs = { first: 2, last: 50 }
const brokenWaitMs = { first: 50, last: 1000 }
/** A lock that is held no longer than this is nothing to tell. */
const quietLockMs = 1000
const watchEveryMs = 100
const logEveryMs = 60_000

export function createCommitQueue(options: CommitQueueOptions): CommitQueue {
  const { storage, clock, defer, logger, random = Math.random, probe } = options
  const { maxTurns = 10_000, maxBytes = 64 * 1024 * 1024 } = options
  let waiting: Entry[] = []
  let writing: readonly Entry[] = []
  let waitingBytes = 0
  let running = false
  let closed = false
  let watching = false
  let failures = 0
  let busySinceMs: number | null = null
  let loggedMs = Number.NEGATIVE_INFINITY
  let idlers: (() => void)[] = []

  function enqueue(unit: Unit, bytes: number, late?: Entry['late']): Ticket {
    if (closed || waiting.length + writing.length >= maxTurns || waitingBytes + bytes > maxBytes) throw storeUnavailable()
    let entry: Entry | undefined
    const done = new Promise<readonly number[]>((resolve, reject) => {
      entry = { unit, bytes, sinceMs: clock.nowMs(), late, resolve, reject }
      waiting.push(entry)
    })
    waitingBytes += bytes
    if (late !== undefined && busySinceMs !== null) watch()
    start()
    return { done, withdraw: () => entry !== undefined && withdraw(entry) }
  }

  function withdraw(entry: Entry): boolean {
    const place = waiting.indexOf(entry)
    if (place < 0) return false
    waiting.splice(place, 1)
    waitingBytes -= entry.bytes
    entry.reject(storeUnavailable())
    return true
  }

  function start(): void {
    if (running) return
    running = true
    defer(() => void drain())
  }

  /** One batch a turn of the event loop: a long queue never holds the loop, and what a batch sets off is committed together. */
  async function drain(): Promise<void> {
    const batch = waiting.slice(0, unitsPerCommit)
    waiting = waiting.slice(unitsPerCommit)
    writing = batch
    // A commit that is still under way in the next turn belongs to a store that can hang.
    defer(() => {
      if (writing === batch) watch()
    })
    try {
      const outcomes = await storage.commit(unitsOf(batch))
      writing = []
      failures = 0
      tellReturn()
      busySinceMs = null
      settle(batch, outcomes)
    } catch (error) {
      writing = []
      waiting = [...batch, ...waiting]
      await waitAfter(error)
    }
    if (waiting.length === 0) {
      for (const resolve of idlers) resolve()
      idlers = []
    }
    if (waiting.length > 0 || isAsking()) return defer(() => void drain())
    running = false
  }

  const isAsking = (): boolean => probe !== undefined && busySinceMs !== null && !closed

  const unitsOf = (batch: readonly Entry[]): readonly Unit[] =>
    batch.length === 0 && probe !== undefined ? [probe] : batch.map((entry) => entry.unit)

  function settle(entries: readonly Entry[], outcomes: readonly UnitOutcome[]): void {
    entries.forEach((entry, index) => {
      waitingBytes -= entry.bytes
      const outcome = outcomes[index]
      if (outcome?.ok === true) entry.resolve(outcome.affected)
      else entry.reject(outcome?.error ?? new Error('the store gave no outcome for a unit'))
    })
  }

  async function waitAfter(error: unknown): Promise<void> {
    const nowMs = clock.nowMs()
    busySinceMs ??= nowMs
    watch()
    const wait = error instanceof StorageBusy ? busyWaitMs : brokenWaitMs
    const awayMs = nowMs - busySinceMs
    if (nowMs - loggedMs >= logEveryMs && (!(error instanceof StorageBusy) || awayMs >= quietLockMs)) {
      loggedMs = nowMs
      logger.log('error', 'the store refuses writes; turns wait beside it', { error: String(error), away_ms: Math.round(awayMs) })
    }
    const longest = Math.min(wait.last, wait.first * 2 ** Math.min(failures, 20))
    failures += 1
    await clock.sleep(longest * (0.5 + random() / 2))
  }

  function tellReturn(): void {
    if (busySinceMs === null || loggedMs < busySinceMs) return
    logger.log('info', 'the store takes writes again', { away_ms: Math.round(clock.nowMs() - busySinceMs) })
  }

  /** One timer for all late units, and only while the store is away: none per turn. */
  function watch(): void {
    if (watching) return
    watching = true
    void clock.sleep(watchEveryMs).then(callLate)
  }

  function callLate(): void {
    watching = false
    const nowMs = clock.nowMs()
    let patient = false
    for (const entry of [...writing, ...waiting]) {
      if (entry.late === undefined) continue
      if (nowMs - entry.sinceMs < entry.late.lateMs) {
        patient = true
        continue
      }
      const { call } = entry.late
      entry.late = undefined
      call()
    }
    if (patient) watch()
  }

  return {
    commit: async (unit, bytes = bytesPerUnit) => enqueue(unit, bytes).done,
    enqueue,
    idle: () => (waiting.length + writing.length > 0 ? new Promise((resolve) => idlers.push(resolve)) : Promise.resolve()),
    close: () => {
      closed = true
      const refused = waiting
      waiting = []
      for (const entry of refused) {
        waitingBytes -= entry.bytes
        entry.reject(storeUnavailable())
      }
    },
    state: () => ({
      waiting: waiting.length + writing.length,
      waitingBytes,
      busySinceMs,
      oldestMs: oldestOf(writing[0] ?? waiting[0], clock.nowMs()),
    }),
  }
}

const oldestOf = (entry: Entry | undefined, nowMs: number): number => (entry === undefined ? 0 : nowMs - entry.sinceMs)

/** What a client is told while turns cannot be put on record. */
export function storeUnavailable(): GatewayError {
  return new GatewayError('overloaded', 'store_unavailable', 'the trace store cannot be written; try again shortly', {
    retryAfterMs: 5000,
  })
}
