// Whole answers, both ways: a provider's JSON body as one chunk with every event, and a folded answer as `chat.completion`.
import type { LanguageModelResponse } from '../../ir/response.ts'
import type { StreamChunk, StreamEvent } from '../../ir/stream.ts'
import { usageToTell } from '../estimate.ts'
import type { AnswerContext, EncodedRequest } from '../protocol.ts'
import { readErrorBody } from '../upstream-error.ts'
import { decodeEmbeddings, embeddingsPath } from './embeddings.ts'
import { badAnswer, errorInAnswer } from './errors.ts'
import { createEventDecoder } from './event-decoder.ts'
import { answerSchema, type WireAnswer } from './schema.ts'
import { passesBytes } from './same-shape.ts'
import { finishReasonOf } from './stop.ts'
import { firstOf, meterOf } from './answer-meter.ts'
import { wireUsageOf } from './usage.ts'

/** `verbatim` only when no stream was asked for: a stream is rendered from the events. */
export function decodeResponse(bytes: Uint8Array, call: EncodedRequest): StreamChunk {
  if (call.path === embeddingsPath) return decodeEmbeddings(bytes)
  const answer = readAnswer(bytes)
  let events: readonly StreamEvent[] | undefined
  return {
    ...(passesBytes(call) && !call.stream ? { verbatim: { shape: 'openai' as const, bytes } } : {}),
    meter: meterOf(answer, call),
    events: () => (events ??= eventsOf(answer, call)),
  }
}

function readAnswer(bytes: Uint8Array): WireAnswer {
  const text = new TextDecoder().decode(bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw badAnswer(
      text.trim() === '' ? 'the provider sent an empty answer' : 'the provider sent an answer that is not JSON',
      cause,
    )
  }
  const answer = answerSchema.safeParse(value)
  if (answer.success) return answer.data
  if (readErrorBody(text).message !== undefined) throw errorInAnswer(text, false)
  throw badAnswer('the provider sent JSON that is not a chat completion', answer.error)
}

function eventsOf(answer: WireAnswer, call: EncodedRequest): readonly StreamEvent[] {
  const decoder = createEventDecoder(call)
  const first = firstOf(answer)
  const delta = first && { ...first.message, tool_calls: first.message.tool_calls?.map((call, index) => ({ ...call, index })) }
  const choices = [{ index: 0, finish_reason: first?.finish_reason, delta }]
  return [...decoder.push({ ...answer, choices }), ...decoder.end()]
}

/** `answer.model` and the turn's id in place of the provider's (translation.md §3). */
export function encodeResponse(response: LanguageModelResponse, answer: AnswerContext): string {
  const content: string[] = []
  const refusals: string[] = []
  const reasoning: string[] = []
  const thinkingBlocks: unknown[] = []
  const calls: unknown[] = []
  const annotations: unknown[] = []
  for (const part of response.parts) {
    switch (part.type) {
      case 'text': {
        const start = content.join('').length
        content.push(part.text)
        const span = { start_index: start, end_index: start + part.text.length }
        for (const { url, title = '' } of part.citations)
          annotations.push({ type: 'url_citation', url_citation: { ...span, url, title } })
        break
      }
      case 'refusal':
        refusals.push(part.text)
        break
      case 'thinking':
        reasoning.push(part.text)
        if (part.signature) thinkingBlocks.push({ type: 'thinking', thinking: part.text, signature: part.signature })
        break
      case 'redactedThinking':
        thinkingBlocks.push({ type: 'redacted_thinking', data: part.data })
        break
      case 'toolCall':
        calls.push({
          id: part.id,
          type: 'function',
          function: { name: part.name, arguments: part.argsText || (part.custom ? '' : '{}') },
        })
        break
      case 'opaque':
        // What a server tool did is of no use to this wire; its answer stands in the text.
        break
      default:
        part satisfies never
    }
  }
  if (response.stop.reason === 'refusal' && response.stop.explanation && refusals.length === 0)
    refusals.push(response.stop.explanation)
  const message = {
    role: 'assistant',
    content: content.length === 0 ? null : content.join(''),
    refusal: refusals.length === 0 ? null : refusals.join(''),
    ...(reasoning.length === 0 ? {} : { reasoning_content: reasoning.join('') }),
    ...(thinkingBlocks.length === 0 ? {} : { thinking_blocks: thinkingBlocks }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(annotations.length === 0 ? {} : { annotations }),
  }
  return JSON.stringify({
    id: `chatcmpl-${answer.turnId}`,
    object: 'chat.completion',
    created: answer.createdS,
    model: answer.model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReasonOf(response.stop) }],
    usage: wireUsageOf(usageToTell(response, answer)),
  })
}
