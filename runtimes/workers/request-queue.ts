// The commit queue of Workers: each unit goes to D1 by itself, within the request that sent it. Requests of one isolate may not
// wait for each other's I/O there, so nothing is grouped; D1 groups by batch what belongs together.
import type { Clock, Services } from '../../src/services.ts'
import { storeUnavailable } from '../../src/store/commit-queue.ts'
import type { CommitQueue, Ticket } from '../../src/store/commit-queue.ts'
import { StorageBusy } from '../../src/store/storage.ts'
import type { Storage, Unit } from '../../src/store/storage.ts'

export interface RequestQueueParts {
  readonly storage: Storage
  readonly clock: Clock
  /** Keeps the request alive for what it has begun to write. */
  readonly background: Services['background']
  /** Jitter of the waits: 0 ≤ x < 1. */
  readonly random: () => number
}

/** About as long as the platform lets a request live on. */
const giveUpAfterMs = 25_000
const waitMs = { first: 50, last: 1000 }

export function createRequestQueue({ storage, clock, background, random }: RequestQueueParts): CommitQueue {
  let waiting = 0
  let waitingBytes = 0
  let busySinceMs: number | null = null

  function enqueue(unit: Unit, bytes: number, late?: { readonly lateMs: number; readonly call: () => void }): Ticket {
    const withdrawn = new AbortController()
    const over = new AbortController()
    let writing = true

    async function write(): Promise<readonly number[]> {
      const sinceMs = clock.nowMs()
      for (let failures = 0; ; failures++) {
        writing = true
        try {
          const [outcome] = await storage.commit([unit])
          busySinceMs = null
          if (outcome?.ok === true) return outcome.affected
          throw outcome?.error ?? new Error('the store gave no outcome for a unit')
        } catch (error) {
          if (!(error instanceof StorageBusy)) throw error
          busySinceMs ??= clock.nowMs()
        }
        writing = false
        if (clock.nowMs() - sinceMs > giveUpAfterMs) throw storeUnavailable()
        const longest = Math.min(waitMs.last, waitMs.first * 2 ** Math.min(failures, 10))
        await clock.sleep(longest * (0.5 + random() / 2), withdrawn.signal)
      }
    }

    waiting += 1
    waitingBytes += bytes
    const done = write().finally(() => {
      writing = false
      waiting -= 1
      waitingBytes -= bytes
      over.abort()
    })
    background(done.catch(() => undefined))
    if (late !== undefined) {
      clock.sleep(late.lateMs, over.signal).then(late.call, () => undefined)
    }
    return {
      done,
      withdraw() {
        if (writing || over.signal.aborted) return false
        withdrawn.abort(storeUnavailable())
        return true
      },
    }
  }

  return {
    commit: (unit, bytes = 0) => enqueue(unit, bytes).done,
    enqueue,
    // Nobody waits for a queue that every request has for itself.
    idle: () => Promise.resolve(),
    close: () => undefined,
    state: () => ({
      waiting,
      waitingBytes,
      busySinceMs,
      oldestMs: busySinceMs === null ? 0 : clock.nowMs() - busySinceMs,
    }),
  }
}
