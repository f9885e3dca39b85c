// Whole answers, both ways: a provider's body as one chunk, and a folded answer as a `response`.
import type { LanguageModelResponse } from '../../ir/response.ts'
import type { StreamChunk } from '../../ir/stream.ts'
import { usageToTell } from '../estimate.ts'
import { badAnswer } from '../openai/errors.ts'
import type { AnswerContext, EncodedRequest } from '../protocol.ts'
import { isObject, jsonOf } from '../wire.ts'
import { endedAnswer } from './envelope.ts'
import { createEventDecoder } from './event-decoder.ts'
import { failureIn } from './frames.ts'
import { argsOf, callItem, citationOf, itemId, messageItem, reasoningItem, type TextContent } from './items.ts'
import { answerSchema, type WireAnswer } from './schema.ts'
import { endOf, isCall } from './tap.ts'

/** `verbatim` only when no stream was asked for: a stream is rendered from the events. */
export function decodeResponse(bytes: Uint8Array, call: EncodedRequest): StreamChunk {
  const answer = readAnswer(new TextDecoder().decode(bytes))
  const { output, model } = answer
  return {
    ...(call.stream ? {} : { verbatim: { shape: 'openai-responses' as const, bytes } }),
    meter: {
      ...endOf(answer),
      toolCalls: output.filter(({ type }) => isCall(type)).length,
      thinkingBlocks: output.filter(({ type }) => type === 'reasoning').length,
      outputCharacters: output.reduce((sum, item) => sum + charactersOf(item), 0),
      ...(model ? { model } : {}),
    },
    events: () => createEventDecoder().whole(answer),
  }
}

function readAnswer(text: string): WireAnswer {
  const body = jsonOf(text)
  if (body === undefined)
    throw badAnswer(`the provider sent ${text.trim() === '' ? 'an empty answer' : 'an answer that is not JSON'}`)
  if (isObject(body) && isObject(body['error'])) throw failureIn(text, false)
  const answer = answerSchema.safeParse(body)
  if (answer.success) return answer.data
  throw badAnswer('the provider sent JSON that is not a response', answer.error)
}

function charactersOf({ content, summary, arguments: args, input }: WireAnswer['output'][number]): number {
  const texts = [...(content ?? []), ...(summary ?? [])].map(({ text, refusal }) => text ?? refusal ?? '')
  return [...texts, args ?? '', input ?? ''].join('').length
}

export function encodeResponse(response: LanguageModelResponse, answer: AnswerContext): string {
  const { stop } = response
  const explanation = stop.reason === 'refusal' ? stop.explanation : undefined
  const hasRefusal = response.parts.some(({ type }) => type === 'refusal')
  const said =
    explanation && !hasRefusal
      ? [...response.parts, { type: 'refusal', text: explanation, citations: [] } as const]
      : response.parts
  const ending = { stop, hasRefusal: hasRefusal || Boolean(explanation), output: outputOf(said, answer.turnId) }
  return JSON.stringify(endedAnswer(answer, { ...ending, usage: usageToTell(response, answer) }))
}

type Json = Readonly<Record<string, unknown>>

function outputOf(parts: LanguageModelResponse['parts'], turnId: string): readonly Json[] {
  const items: Json[] = []
  let texts: TextContent[] = []
  const endMessage = (): void => {
    if (texts.length > 0) items.push(messageItem(itemId('message', turnId, items.length), 'completed', texts))
    texts = []
  }
  for (const part of parts) {
    switch (part.type) {
      case 'text':
      case 'refusal': {
        const annotations = part.citations.map(({ url, title }) => citationOf(url, title, part.text.length))
        texts.push({ kind: part.type, text: part.text, annotations })
        break
      }
      case 'toolCall':
        endMessage()
        items.push(
          callItem(itemId(part.custom ? 'customCall' : 'call', turnId, items.length), 'completed', {
            ...part,
            argsText: argsOf(part),
          }),
        )
        break
      case 'thinking':
      case 'redactedThinking':
        endMessage()
        items.push(reasoningItem(itemId('reasoning', turnId, items.length), part))
        break
      case 'opaque':
        // What a server tool did is of no use to this wire; its answer stands in the text.
        break
      default:
        part satisfies never
    }
  }
  endMessage()
  return items
}
