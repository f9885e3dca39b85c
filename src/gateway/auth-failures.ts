// Failed authentication on record without letting a flood fill the disk (reliability.md §5): every failure is counted, at
// most 60 a minute are written, each with eight hex digits of the token's hash.
import type { Clock, Logger } from '../services.ts'
import { auditEvent } from '../store/audit.ts'
import type { TraceStore } from '../store/traces.ts'

const ROWS_PER_MINUTE = 60
const MINUTE_MS = 60_000

export interface AuthFailureLog {
  record(tokenHash: string): void
  /** Since start. */
  readonly count: number
}

export function createAuthFailureLog(parts: {
  readonly traces: TraceStore
  readonly nextId: () => string
  readonly clock: Clock
  readonly logger: Logger
}): AuthFailureLog {
  let count = 0
  let unwritten = 0
  let written = 0
  let minuteStartMs = Number.NEGATIVE_INFINITY
  return {
    get count() {
      return count
    },
    record(tokenHash) {
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
      const payload = { token_hash_prefix: tokenHash.slice(0, 8), unwritten_before: unwritten }
      unwritten = 0
      const stamp = { id: parts.nextId(), timestampUs: parts.clock.nowUs() }
      parts.traces
        .append([auditEvent('gateway.auth_failed', payload, stamp)])
        .catch((fault: unknown) => parts.logger.log('warn', 'an audit event could not be recorded', { fault: String(fault) }))
    },
  }
}
