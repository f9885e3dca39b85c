// Why an answer ended, in and out (translation.md §3).
import type { Stop } from '../../ir/stream.ts'

export interface AnswerFacts {
  readonly hasToolCalls: boolean
  readonly hasRefusal: boolean
}

/** Servers say `stop` with tool calls in the answer, and `tool_calls` without: what the answer holds decides. */
export function stopOf(finishReason: string, { hasToolCalls, hasRefusal }: AnswerFacts): Stop {
  if (finishReason === 'length') return { reason: 'length' }
  if (finishReason === 'content_filter' || hasRefusal) return { reason: 'refusal' }
  if (hasToolCalls) return { reason: 'toolUse' }
  return ends.has(finishReason) ? { reason: 'end' } : { reason: 'unknown', raw: finishReason }
}

const ends = new Set(['stop', 'tool_calls', 'function_call'])

export function finishReasonOf({ reason }: Stop): string {
  switch (reason) {
    case 'length':
    case 'contextFull':
      return 'length'
    case 'toolUse':
      return 'tool_calls'
    case 'refusal':
      return 'content_filter'
    case 'end':
    case 'pause':
    case 'stopSequence':
    case 'unknown':
      return 'stop'
    default:
      return reason satisfies never
  }
}
