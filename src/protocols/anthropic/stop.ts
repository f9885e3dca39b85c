// Why the model stopped, between this wire's words and the IR (translation.md §3).
import type { Stop } from '../../ir/stream.ts'
import type { WireStop } from './answer-schema.ts'

/** Undefined while the wire has not said: `stop_reason` is null until the last message_delta. */
export function stopOf(wire: WireStop): Stop | undefined {
  const { stop_reason: reason, stop_sequence: sequence, stop_details: details } = wire
  switch (reason) {
    case undefined:
    case null:
      return undefined
    case 'end_turn':
      return { reason: 'end' }
    case 'max_tokens':
      return { reason: 'length' }
    case 'tool_use':
      return { reason: 'toolUse' }
    case 'pause_turn':
      return { reason: 'pause' }
    case 'model_context_window_exceeded':
      return { reason: 'contextFull' }
    case 'stop_sequence':
      return typeof sequence === 'string' ? { reason: 'stopSequence', text: sequence } : { reason: 'stopSequence' }
    case 'refusal':
      return typeof details?.explanation === 'string'
        ? { reason: 'refusal', explanation: details.explanation }
        : { reason: 'refusal' }
    default:
      return { reason: 'unknown', raw: reason }
  }
}

/** A call of nothing but the answer tool is the answer itself: nothing is left to do. */
export function stopForClient(
  stop: Stop | undefined,
  seen: { readonly answered: boolean; readonly called: boolean },
): Stop | undefined {
  return stop?.reason === 'toolUse' && seen.answered && !seen.called ? { reason: 'end' } : stop
}

/** What the answer holds besides its stop: other wires tell some reasons only so. */
export interface StopEvidence {
  readonly hasToolCalls: boolean
  readonly hasRefusal: boolean
}

export function wireStopOf(stop: Stop | undefined, evidence: StopEvidence): Record<string, unknown> {
  const plain = (reason: string): Record<string, unknown> => ({ stop_reason: reason, stop_sequence: null })
  const refused = (explanation: string | null): Record<string, unknown> => ({
    ...plain('refusal'),
    stop_details: { type: 'refusal', category: null, explanation },
  })
  switch (stop?.reason) {
    case 'length':
      return plain('max_tokens')
    case 'pause':
      return plain('pause_turn')
    case 'contextFull':
      return plain('model_context_window_exceeded')
    case 'stopSequence':
      return { stop_reason: 'stop_sequence', stop_sequence: stop.text ?? null }
    case 'refusal':
      return refused(stop.explanation ?? null)
    case 'end':
    case 'unknown':
    case 'toolUse':
    case undefined:
      if (evidence.hasRefusal) return refused(null)
      // A stop that says tool_use without a call, or a call without saying so, leaves agent loops hanging.
      return plain(evidence.hasToolCalls ? 'tool_use' : 'end_turn')
    default:
      return stop satisfies never
  }
}
