// A trace store whose turns others see as they end: for counters, lines and spans. What they see is what goes on record, and they
// see it before the client sees the end of its answer; whatever one of them does, the turn is recorded.
import type { Logger } from '../services.ts'
import type { TraceStore, TurnClosed, TurnRefused } from '../store/traces.ts'

export interface TurnWatcher {
  closed(turn: TurnClosed): void
  refused(turn: TurnRefused): void
}

export function watchTraces(traces: TraceStore, watchers: readonly TurnWatcher[], logger: Logger): TraceStore {
  const tell = (see: (watcher: TurnWatcher) => void): void => {
    for (const watcher of watchers) {
      try {
        see(watcher)
      } catch (error) {
        logger.log('error', 'a turn could not be counted', { error: String(error) })
      }
    }
  }
  return {
    openTurn: (opened, options) => traces.openTurn(opened, options),
    append: (events) => traces.append(events),
    closeTurn(closed) {
      tell((watcher) => watcher.closed(closed))
      return traces.closeTurn(closed)
    },
    refuseTurn(route, turn) {
      tell((watcher) => watcher.refused({ route, turn }))
      return traces.refuseTurn(route, turn)
    },
  }
}
