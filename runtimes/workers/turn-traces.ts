// Turns on record, on Workers: a trace store for each turn, because what it keeps beside a database that is away (a queue, a
// promise, a timer) belongs to the request that runs the turn, and ends with it. So does the heart of the turn: one that has
// stopped beating is lost, and its place is given back.
import type { Clock, Logger, Services } from '../../src/services.ts'
import type { CommitQueue } from '../../src/store/commit-queue.ts'
import type { Storage } from '../../src/store/storage.ts'
import { createTraceStore, type SpoolingTraceStore } from '../../src/store/trace-store.ts'
import { createTurnStatements } from '../../src/store/turn-statements.ts'
import { beatEveryMs, type Instances } from './instances.ts'

export interface TurnTracesParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
  readonly logger: Logger
  readonly instances: Instances
  readonly background: Services['background']
}

export interface TurnTraces extends SpoolingTraceStore {
  /** Turns whose requests the platform has ended, each told once. */
  takeLost(): readonly string[]
}

interface OpenTurn {
  readonly store: SpoolingTraceStore
  readonly over: AbortController
  beatMs: number
}

/** A beat, and the longest that the queue tries to write it. */
const lostAfterMs = 3 * beatEveryMs

export function createTurnTraces(parts: TurnTracesParts): TurnTraces {
  const { storage, clock, instances, background } = parts
  const statements = createTurnStatements(storage.db)
  const storeOf = (instanceId: string) => createTraceStore({ ...parts, instanceId, statements })
  const open = new Map<string, OpenTurn>()
  let untraced = 0

  return {
    async openTurn(opened, options) {
      const instanceId = await instances.current()
      const turn = { store: storeOf(instanceId), over: new AbortController(), beatMs: clock.nowMs() }
      const recorded = await turn.store.openTurn(opened, options)
      if (recorded.exceeded !== undefined) return recorded
      open.set(opened.turnId, turn)
      // Keeps the request alive until the turn is closed, also when its client has gone.
      background(beat(turn, instanceId))
      return recorded
    },
    async refuseTurn(route, turn) {
      const store = storeOf('')
      const recorded = await store.refuseTurn(route, turn)
      return keep(store, recorded)
    },
    async closeTurn(closed) {
      const turn = open.get(closed.turnId)
      const store = turn?.store ?? storeOf('')
      try {
        return keep(store, await store.closeTurn(closed))
      } finally {
        open.delete(closed.turnId)
        turn?.over.abort()
      }
    },
    append: (events) => storeOf('').append(events),
    untracedTurns: () => untraced,
    settled: () => Promise.resolve(),
    close: () => true,
    takeLost() {
      const lost = [...open].filter(([, turn]) => clock.nowMs() - turn.beatMs > lostAfterMs).map(([turnId]) => turnId)
      for (const turnId of lost) open.delete(turnId)
      return lost
    },
  }

  /** Resolves when the turn is over. */
  async function beat(turn: OpenTurn, instanceId: string): Promise<void> {
    for (;;) {
      try {
        await clock.sleep(beatEveryMs, turn.over.signal)
      } catch {
        return
      }
      turn.beatMs = clock.nowMs()
      await instances.beat(instanceId)
    }
  }

  /** What waits beside the database is written for as long as the platform lets the request live. */
  function keep<T extends { readonly deferred: boolean }>(store: SpoolingTraceStore, recorded: T): T {
    untraced += store.untracedTurns()
    if (recorded.deferred) background(store.settled())
    return recorded
  }
}
