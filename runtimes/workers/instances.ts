// Who is alive, on a platform that tells nobody when it ends an isolate or a request. Turns that begin within half a minute in
// one isolate share an instance, and each of them beats for it from its own request (turn-traces.ts): when the last of them is
// gone, whichever way, it falls silent, and the sweep closes what it left open.
import type { Clock } from '../../src/services.ts'
import type { CommitQueue } from '../../src/store/commit-queue.ts'
import { heartbeatOf, registerInstance, type ProcessFacts } from '../../src/store/instances.ts'
import type { Storage } from '../../src/store/storage.ts'

export interface Instances {
  /** The instance of a turn that begins now; its row is there, or will be with the first beat. */
  current(): Promise<string>
  /** That it lives, on record. Never throws: while the database is away nobody can sweep either. */
  beat(id: string): Promise<void>
}

export interface InstanceParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
  readonly newId: () => string
  readonly version: string
}

/** With the pause between two beats it stays well below the 90 s after which silence means death. */
const lastsMs = 30_000
export const beatEveryMs = 30_000
/** What a database that is away may hold a turn back for its instance. */
const registerWithinMs = 500

/** There are no processes to look at here: only heartbeats count, and no isolate is of anybody's host. */
export const isolateFacts = (host: string): ProcessFacts => ({ host, pid: 0, processStart: '', isProcessAlive: () => false })

export function createInstances({ storage, queue, clock, newId, version }: InstanceParts): Instances {
  let id = ''
  let sinceMs = Number.NEGATIVE_INFINITY
  let registered = ''
  const register = (instance: string) =>
    registerInstance({ storage, queue, clock, facts: isolateFacts('workers') }, { id: instance, version })

  return {
    async current() {
      const nowMs = clock.nowMs()
      if (nowMs - sinceMs > lastsMs) {
        id = newId()
        sinceMs = nowMs
      }
      const own = id
      if (registered === own) return own
      const soon = new AbortController()
      const written = register(own).then(
        () => {
          registered = own
        },
        () => undefined,
      )
      await Promise.race([written, clock.sleep(registerWithinMs, soon.signal).catch(() => undefined)])
      soon.abort()
      return own
    },
    async beat(own) {
      try {
        const [changed] = await queue.commit([heartbeatOf(storage.db, own, clock.nowUs()).compile()])
        if (changed === 0) await register(own)
      } catch {
        // The next one may be written.
      }
    },
  }
}
