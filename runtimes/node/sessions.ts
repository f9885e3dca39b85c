// Sessions on Node: kept in the process' store and run by an engine of its own, put together as the gateway's is.
import { createEngine, type Engine } from '../../src/engine/engine.ts'
import { noBrake } from '../../src/engine/brake.ts'
import { createRateKeeper } from '../../src/engine/rates.ts'
import { hearStops } from '../../src/engine/session-stops.ts'
import { createSessions, type Sessions } from '../../src/engine/sessions.ts'
import { createAlertWebhook } from '../../src/gateway/alert-webhook.ts'
import { createSpanExport } from '../../src/gateway/span-export.ts'
import { watchTraces } from '../../src/gateway/watched-traces.ts'
import type { RoutingTables } from '../../src/routing/tables.ts'
import { createQuotaAlerts } from '../../src/store/quota-alerts.ts'
import { createMemoryRates } from '../../src/store/rates.ts'
import { createSessionStore, type SessionStore } from '../../src/store/sessions.ts'
import type { NodeContext } from './context.ts'
import { openEngineParts } from './engine-parts.ts'
import { version } from './version.ts'

export interface NodeSessions {
  readonly store: SessionStore
  readonly sessions: Sessions
  readonly engine: Engine
  readonly routing: RoutingTables
  /** What runs is cut and on record as interrupted. */
  close(): Promise<void>
}

export async function openSessions(context: NodeContext): Promise<NodeSessions> {
  const { config, clock, logger } = context
  const { parts, send, close } = await openEngineParts(context)
  const notify = createAlertWebhook({ config: config.alerts, send, clock, logger })
  const alert = createQuotaAlerts({
    ...context,
    newId: context.nextId,
    notify: (quota) => notify({ type: 'quota.alert', ...quota }),
  })
  const pending = new Set<Promise<unknown>>()
  const background = (work: Promise<unknown>): void => {
    pending.add(work)
    void work.finally(() => pending.delete(work))
  }
  const spans =
    config.otlp === null ? null : createSpanExport({ config: config.otlp, services: { ...context, send, background }, version })
  const engine = createEngine({
    ...parts,
    traces: spans === null ? parts.traces : watchTraces(parts.traces, [spans], logger),
    brake: noBrake,
    // Only keys have rates.
    rates: createRateKeeper(createMemoryRates(clock), () => undefined),
    onSettled: (reservation) => background(alert(reservation)),
  })
  const store = hearStops(createSessionStore(context), clock, (sessionId, turnId) => void sessions.cancelHere(sessionId, turnId))
  const sessions = createSessions({ ...context, engine, store })
  return {
    store,
    sessions,
    engine,
    routing: parts.routing,
    async close() {
      await engine.interruptAll()
      spans?.hurry()
      await Promise.allSettled(pending)
      await close()
    },
  }
}
