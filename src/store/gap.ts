// Turns that could not even wait for the store: counted, and said in one `trace.gap` event when it is back.
import { auditEvent } from './audit.ts'
import { derivedId } from './derived-id.ts'
import type { AuditEvent } from './events.ts'

export interface GapCounter {
  add(atUs: number): void
  /** Turns not on record since the process began. */
  total(): number
  /** The event that tells of the turns lost since the last one; null when none were. */
  take(): AuditEvent | null
}

export function createGapCounter(instanceId: string): GapCounter {
  let total = 0
  let count = 0
  let fromUs = 0
  let toUs = 0
  return {
    add: (atUs) => {
      if (count === 0) fromUs = atUs
      toUs = Math.max(toUs, atUs)
      count += 1
      total += 1
    },
    total: () => total,
    take: () => {
      if (count === 0) return null
      const payload = { instance_id: instanceId, from_us: fromUs, to_us: toUs, count }
      count = 0
      return auditEvent('trace.gap', payload, { id: derivedId(toUs / 1000, `${instanceId} ${fromUs}`), timestampUs: toUs })
    },
  }
}
