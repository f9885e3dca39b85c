// A trace store whose turns others see as they end: for counters, spans and alerts. What they see is what goes on record, and they see
// it before the client sees the end of its answer; whatever one of them does, it is recorded.
import type { Logger } from '../services.ts'
import type { TraceEvent } from '../store/events.ts'
import type { TraceStore, TurnClosed, TurnRefused } from '../store/traces.ts'

export interface TraceWatcher {
  closed?(turn: TurnClosed): void
  refused?(turn: TurnRefused): void
  /** Of audit events, those that the engine and the door append. */
  appended?(event: TraceEvent): void
}

export function watchTraces(traces: TraceStore, watchers: readonly TraceWatcher[], logger: Logger): TraceStore {
  const tell = (see: (watcher: TraceWatcher) => void): void => {
    for (const watcher of watchers) {
      try {
        see(watcher)
      } catch (error) {
        logger.log('error', 'what happened could not be told on', { error: String(error) })
      }
    }
  }
  return {
    openTurn: (opened, options) => traces.openTurn(opened, options),
    append(events) {
      for (const event of events) tell((watcher) => watcher.appended?.(event))
      return traces.append(events)
    },
    closeTurn(closed) {
      tell((watcher) => watcher.closed?.(closed))
      return traces.closeTurn(closed)
    },
    refuseTurn(route, turn) {
      tell((watcher) => watcher.refused?.({ route, turn }))
      return traces.refuseTurn(route, turn)
    },
  }
}
