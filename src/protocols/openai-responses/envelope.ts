// The answer around its items: one object, in the whole answer and in each event that carries it.
import type { Stop } from '../../ir/stream.ts'
import type { Usage } from '../../ir/usage.ts'
import type { AnswerContext } from '../protocol.ts'
import { endingOf } from './stop.ts'
import { wireUsageOf } from './usage.ts'

type Json = Readonly<Record<string, unknown>>

/** Nothing is stored here, so nothing can be continued from it. */
export function runningAnswer(answer: AnswerContext): Json {
  return bodyOf(answer, { status: 'in_progress', incomplete_details: null }, [], null, null)
}

export function endedAnswer(answer: AnswerContext, ending: Ending): Json {
  const { stop, hasRefusal, output, usage } = ending
  return bodyOf(answer, endingOf(stop, hasRefusal), output, wireUsageOf(usage), null)
}

export interface Ending {
  readonly stop: Stop
  readonly hasRefusal: boolean
  readonly output: readonly Json[]
  readonly usage: Usage
}

export function failedAnswer(answer: AnswerContext, error: { readonly code: string; readonly message: string }): Json {
  return bodyOf(answer, { status: 'failed', incomplete_details: null }, [], null, error)
}

function bodyOf(
  { turnId, createdS, model }: AnswerContext,
  ending: { readonly status: string; readonly incomplete_details: Json | null },
  output: readonly Json[],
  usage: Json | null,
  error: Json | null,
): Json {
  return {
    id: `resp_${turnId}`,
    object: 'response',
    created_at: createdS,
    ...ending,
    background: false,
    error,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    reasoning: { effort: null, summary: null },
    store: false,
    temperature: null,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    truncation: 'disabled',
    usage,
  }
}
