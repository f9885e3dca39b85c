// The meter of a whole answer: the same figures that the tap gathers from a stream.
import type { Meter } from '../../ir/stream.ts'
import type { EncodedRequest } from '../protocol.ts'
import { lostOf } from './losses.ts'
import type { WireAnswer } from './schema.ts'
import { spokenOf } from './spoken.ts'
import { stopOf } from './stop.ts'
import { tellsCounts, usageOf } from './usage.ts'

/** The answer that a wire with one is told: index 0, wherever it stands. */
export function firstOf({ choices }: WireAnswer): WireAnswer['choices'][number] | undefined {
  return choices.find(({ index }) => (index ?? 0) === 0) ?? choices[0]
}

export function meterOf(answer: WireAnswer, call: EncodedRequest): Meter {
  const { choices, usage, model } = answer
  let toolCalls = 0
  let thinkingBlocks = 0
  let outputCharacters = 0
  for (const { message } of choices) {
    const { thinking, text: said } = spokenOf(message)
    const calls = [...(message.tool_calls ?? []).map((call) => call.function), message.function_call].filter((call) => call?.name)
    toolCalls += calls.length
    if (thinking !== '') thinkingBlocks++
    for (const text of [thinking, said, message.refusal, ...calls.map((call) => call?.arguments)]) {
      outputCharacters += text?.length ?? 0
    }
  }
  const first = firstOf(answer)
  const facts = { hasToolCalls: toolCalls > 0, hasRefusal: Boolean(first?.message.refusal) }
  return {
    ...(usage && tellsCounts(usage) ? { usage: usageOf(usage, answer.service_tier) } : {}),
    stop: stopOf(first?.finish_reason ?? 'stop', facts),
    ended: true,
    toolCalls,
    thinkingBlocks,
    outputCharacters,
    ...(model ? { model } : {}),
    ...lostOf(call, choices),
  }
}
