// Audit events: every change of keys and identities, every sweep, said once and kept by `prune`.
import type { AuditEvent, AuditType } from './events.ts'

/** They belong to no turn and no session: both columns are ''. */
export function auditEvent(
  type: AuditType,
  payload: Readonly<Record<string, unknown>>,
  stamp: { readonly id: string; readonly timestampUs: number },
): AuditEvent {
  return { id: stamp.id, timestampUs: stamp.timestampUs, sessionId: '', turnId: '', parentEventId: null, type, payload }
}
