// Call events as they lie in the store, read back into the rows of `calls` that belong to them: for `rebuild`, which writes
// those rows again, and for the proof of the ledger, which compares them.
import { nanoUsdOf } from '../lib/money.ts'
import { llmCallCompleted, llmCallFailed } from './events.ts'
import { callRowOf } from './projections.ts'
import type { CallEvent } from './projections.ts'
import type { CallsTable, EventsTable } from './schema.ts'

/** The types of events that have a row in `calls`. */
export const callTypes = ['llm.call_completed', 'llm.call_failed'] as const satisfies readonly CallEvent['type'][]

/** null = the payload is not what the catalog of events says. */
export function projectedCall(event: EventsTable): CallsTable | null {
  const read = callEventOf(event)
  if (read === null) return null
  const usd = read.type === 'llm.call_completed' ? read.payload.cost_usd : 0
  return callRowOf(read, usd === null ? null : nanoUsdOf(usd))
}

function callEventOf(event: EventsTable): CallEvent | null {
  const head = {
    id: event.id,
    timestampUs: event.timestamp_us,
    sessionId: event.session_id,
    turnId: event.turn_id,
    parentEventId: event.parent_event_id,
  }
  const json = parsedJson(event.payload_json)
  if (event.type === 'llm.call_completed') {
    const payload = llmCallCompleted.safeParse(json)
    return payload.success ? { ...head, type: 'llm.call_completed', payload: payload.data } : null
  }
  const payload = llmCallFailed.safeParse(json)
  return payload.success ? { ...head, type: 'llm.call_failed', payload: payload.data } : null
}

/** null = no JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
