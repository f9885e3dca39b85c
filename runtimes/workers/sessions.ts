// Sessions on Workers: an engine of their own, as on Node, and what holds between isolates. Each turn is its own instance, which it
// beats for from its own request, so that its session is free soon after the platform has ended it; and from there it looks
// whether somebody, in whichever isolate, has told it to stop.
import type { Config } from '../../src/config/schema.ts'
import { createEngine, type Engine, type EngineParts } from '../../src/engine/engine.ts'
import { noBrake } from '../../src/engine/brake.ts'
import { createRateKeeper } from '../../src/engine/rates.ts'
import { noTurnInFlight } from '../../src/engine/session-error.ts'
import { createSessions, type Sessions } from '../../src/engine/sessions.ts'
import { createAlertWebhook } from '../../src/gateway/alert-webhook.ts'
import { createSpanExport } from '../../src/gateway/span-export.ts'
import { watchTraces } from '../../src/gateway/watched-traces.ts'
import type { Services } from '../../src/services.ts'
import type { CommitQueue } from '../../src/store/commit-queue.ts'
import type { IdentityStore } from '../../src/store/identities.ts'
import { heartbeatOf, registerInstance, removeInstance } from '../../src/store/instances.ts'
import { createQuotaAlerts } from '../../src/store/quota-alerts.ts'
import { createMemoryRates } from '../../src/store/rates.ts'
import { createSessionStore, type SessionStore } from '../../src/store/sessions.ts'
import { beatEveryMs, isolateFacts } from './instances.ts'

export interface WorkersSessionsParts extends Omit<EngineParts, 'limits' | 'rates' | 'brake' | 'onSettled'> {
  readonly services: Services
  readonly queue: CommitQueue
  readonly identities: IdentityStore
  readonly version: string
}

export interface WorkersSessions {
  readonly store: SessionStore
  readonly sessions: Sessions
  readonly engine: Engine
}

/** Of a request with a question: what is said is a row, and D1 takes rows of 2 MB. */
const mostQuestionBytes = 1_900_000

/** The configuration that the handlers of sessions are held to. */
export const configOfSessions = (config: Config): Config => ({
  ...config,
  limits: { ...config.limits, bodyBytes: Math.min(config.limits.bodyBytes, mostQuestionBytes) },
})

/** A question to D1 each: a request may ask a thousand. */
const lookEveryMs = 3000

export function openSessions(parts: WorkersSessionsParts): WorkersSessions {
  const { services, queue, clock, logger, nextId, version } = parts
  const { storage, config, send, background } = services
  const notify = createAlertWebhook({ config: config.alerts, send, clock, logger })
  const alert = createQuotaAlerts({
    storage,
    queue,
    clock,
    newId: nextId,
    logger,
    notify: (quota) => notify({ type: 'quota.alert', ...quota }),
  })
  const spans = config.otlp === null ? null : createSpanExport({ config: config.otlp, services, version })
  const engine = createEngine({
    ...parts,
    traces: spans === null ? parts.traces : watchTraces(parts.traces, [spans], logger),
    limits: [],
    brake: noBrake,
    // Only keys have rates.
    rates: createRateKeeper(createMemoryRates(clock), () => undefined),
    onSettled: (reservation) => background(alert(reservation)),
  })
  const storeOf = (instanceId: string) => createSessionStore({ storage, queue, clock, instanceId })
  const shared = storeOf('')
  /** Turns that run here, and what ends their heart. */
  const hearts = new Map<string, AbortController>()
  const register = (id: string) => registerInstance({ storage, queue, clock, facts: isolateFacts('workers') }, { id, version })
  const leave = (id: string) => removeInstance({ storage, queue }, id).catch(() => undefined)

  const store: SessionStore = {
    ...shared,
    async begin(sessionId, turnId, question) {
      await register(turnId)
      let taken = false
      try {
        taken = await storeOf(turnId).begin(sessionId, turnId, question)
      } finally {
        // Also after a fault: without its instance a session is free, whatever was written.
        if (!taken) background(leave(turnId))
      }
      if (!taken) return false
      const over = new AbortController()
      hearts.set(turnId, over)
      // Keeps the request alive until the answer is on record, also when its client has gone.
      background(live(sessionId, turnId, over.signal))
      return true
    },
    async finish(sessionId, turnId, answer) {
      try {
        await shared.finish(sessionId, turnId, answer)
      } finally {
        hearts.get(turnId)?.abort()
        hearts.delete(turnId)
      }
    },
  }
  const sessions = createSessions({ ...parts, engine, store })

  return {
    store,
    engine,
    sessions: {
      ...sessions,
      // A request must not touch what another one waits for, so all of them are told the same way.
      async cancel(sessionId) {
        const turnId = await store.tellToStop(sessionId)
        if (turnId === null) throw noTurnInFlight()
        return turnId
      },
    },
  }

  /** Resolves when the turn is over and its instance gone. */
  async function live(sessionId: string, turnId: string, over: AbortSignal): Promise<void> {
    let beatMs = clock.nowMs()
    let told = false
    while (!over.aborted) {
      await clock.sleep(lookEveryMs, over).catch(() => undefined)
      if (over.aborted) break
      try {
        if (clock.nowMs() - beatMs >= beatEveryMs) {
          beatMs = clock.nowMs()
          const [changed] = await queue.commit([heartbeatOf(storage.db, turnId, clock.nowUs()).compile()])
          if (changed === 0) await register(turnId)
        }
        const [stopped] = told ? [] : await shared.toldToStop([sessionId])
        if (stopped?.turnId === turnId) {
          told = true
          // Never the next one, which another request may have begun since.
          sessions.cancelHere(sessionId, turnId)
        }
      } catch {
        // The database is away: the next look tells.
      }
    }
    await leave(turnId)
  }
}
