// Turns of sessions that somebody has asked another process to stop: while any run here, the store is looked at for word of it.
import type { Clock } from '../services.ts'
import type { SessionStore } from '../store/sessions.ts'

/** How much later a turn ends that is stopped through another process. */
const lookEveryMs = 500

/** The same store, which calls `stop` for what was begun through it and told to stop elsewhere. */
export function hearStops(
  store: SessionStore,
  clock: Pick<Clock, 'sleep'>,
  stop: (sessionId: string, turnId: string) => void,
): SessionStore {
  /** By session; without those that have been told. */
  const running = new Map<string, string>()
  let looking: AbortController | null = null

  async function look(over: AbortSignal): Promise<void> {
    for (;;) {
      await clock.sleep(lookEveryMs, over).catch(() => undefined)
      if (over.aborted) return
      // A store that is away tells at a later look.
      const told = await store.toldToStop([...running.keys()]).catch(() => [])
      for (const { sessionId, turnId } of told) {
        if (running.get(sessionId) !== turnId) continue
        running.delete(sessionId)
        stop(sessionId, turnId)
      }
    }
  }

  return {
    ...store,
    async begin(sessionId, turnId, question) {
      const taken = await store.begin(sessionId, turnId, question)
      if (!taken) return false
      running.set(sessionId, turnId)
      if (looking === null) {
        looking = new AbortController()
        void look(looking.signal)
      }
      return true
    },
    async finish(sessionId, turnId, answer) {
      if (running.get(sessionId) === turnId) running.delete(sessionId)
      if (running.size === 0) {
        looking?.abort()
        looking = null
      }
      await store.finish(sessionId, turnId, answer)
    },
  }
}
