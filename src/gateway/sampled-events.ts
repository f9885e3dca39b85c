// Events of which there may be a flood, on record without filling the disk (reliability.md §5): each is counted, at most 60 a
// minute are written, and each of those says how many were not.
import type { Clock, Logger } from '../services.ts'
import { auditEvent } from '../store/audit.ts'
import type { AuditType } from '../store/events.ts'
import type { TraceStore } from '../store/traces.ts'

const ROWS_PER_MINUTE = 60
const MINUTE_MS = 60_000

export interface SampledEvents {
  record(payload: Readonly<Record<string, unknown>>): void
  /** Since start. */
  readonly count: number
}

export function createSampledEvents(
  type: AuditType,
  parts: {
    readonly traces: TraceStore
    readonly nextId: () => string
    readonly clock: Clock
    readonly logger: Logger
  },
): SampledEvents {
  let count = 0
  let unwritten = 0
  let written = 0
  let minuteStartMs = Number.NEGATIVE_INFINITY
  return {
    get count() {
      return count
    },
    record(payload) {
      count += 1
      const nowMs = parts.clock.nowMs()
      if (nowMs - minuteStartMs >= MINUTE_MS) {
        minuteStartMs = nowMs
        written = 0
      }
      if (written >= ROWS_PER_MINUTE) {
        unwritten += 1
        return
      }
      written += 1
      const said = { ...payload, unwritten_before: unwritten }
      unwritten = 0
      const stamp = { id: parts.nextId(), timestampUs: parts.clock.nowUs() }
      parts.traces
        .append([auditEvent(type, said, stamp)])
        .catch((fault: unknown) => parts.logger.log('warn', 'an audit event could not be recorded', { fault: String(fault) }))
    },
  }
}
