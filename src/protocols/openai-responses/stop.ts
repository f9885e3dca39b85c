// Why an answer ended, in and out (translation.md "Responses API"): this wire has a status, and a reason only for what is cut.
import type { Stop } from '../../ir/stream.ts'

export interface AnswerFacts {
  readonly hasToolCalls: boolean
  readonly hasRefusal: boolean
}

export function stopOf(status: string | null | undefined, reason: string | null | undefined, facts: AnswerFacts): Stop {
  if (status === 'incomplete') {
    if (reason === 'content_filter') return { reason: 'refusal' }
    return reason === 'max_output_tokens' || !reason ? { reason: 'length' } : { reason: 'unknown', raw: reason }
  }
  if (facts.hasRefusal) return { reason: 'refusal' }
  return { reason: facts.hasToolCalls ? 'toolUse' : 'end' }
}

export interface WireEnding {
  readonly status: 'completed' | 'incomplete'
  readonly incomplete_details: { readonly reason: string } | null
}

/** @param hasRefusal the answer holds the refusal in words: it is then complete, as OpenAI's own are */
export function endingOf({ reason }: Stop, hasRefusal: boolean): WireEnding {
  switch (reason) {
    case 'length':
    case 'contextFull':
      return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }
    case 'refusal':
      return hasRefusal ? completed : { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }
    case 'end':
    case 'pause':
    case 'stopSequence':
    case 'toolUse':
    case 'unknown':
      return completed
    default:
      return reason satisfies never
  }
}

const completed: WireEnding = { status: 'completed', incomplete_details: null }
