// A whole answer, both ways: a provider's JSON to one chunk with every event, and an answer of the IR to this wire's JSON.
import type { AnswerPart, LanguageModelResponse } from '../../ir/response.ts'
import type { Meter, StreamChunk, StreamEvent } from '../../ir/stream.ts'
import { childSpans } from '../../lib/json.ts'
import { usageToTell } from '../estimate.ts'
import type { AnswerContext, EncodedRequest } from '../protocol.ts'
import { answerSchema, type WireAnswer, type WireBlock } from './answer-schema.ts'
import { headEvents, inputEvents, kindOf, printedInput, type AnswerNames } from './block-events.ts'
import { inputOf, wireToolId } from './encode-parts.ts'
import { badResponse, errorOfBody } from './errors.ts'
import { isObject, jsonOf } from '../wire.ts'
import { lostOf } from './losses.ts'
import { taggedSignature } from './signature.ts'
import { stopForClient, stopOf, wireStopOf } from './stop.ts'
import { tellsCounts, usageOf, wireUsageOf } from './usage.ts'

/** @throws GatewayError the provider's own for an error body with status 200, else upstream_bad_response */
export function decodeResponse(bytes: Uint8Array, call: EncodedRequest): StreamChunk {
  const text = new TextDecoder().decode(bytes)
  const body = jsonOf(text)
  if (isObject(body) && (body['type'] === 'error' || isObject(body['error']))) throw errorOfBody(text)
  const parsed = answerSchema.safeParse(body)
  if (!parsed.success) {
    const seen = bytes.length === 0 ? 'nothing' : 'something that is no message'
    throw badResponse(`The provider answered with ${seen}.`, parsed.error)
  }
  const answer = parsed.data
  const kinds = answer.content.map((block) => kindOf(block, call))
  const seen = { answered: kinds.includes('answer'), called: kinds.includes('tool') }
  const stop = stopForClient(stopOf(answer), seen)
  const usage = answer.usage && tellsCounts(answer.usage) ? usageOf(answer.usage) : undefined
  const meter: Meter = {
    ...(usage === undefined ? {} : { usage }),
    ...(stop === undefined ? {} : { stop }),
    ended: true,
    toolCalls: kinds.filter((kind) => kind === 'tool').length,
    thinkingBlocks: kinds.filter((kind) => kind === 'thinking' || kind === 'redacted').length,
    outputCharacters: answer.content.reduce((sum, block) => sum + charactersOf(block), 0),
    ...(answer.model ? { model: answer.model } : {}),
    ...lostOf(call, { blocks: answer.content, stop, usage }),
  }
  return {
    ...(call.inboundShape === 'anthropic' ? { verbatim: { shape: 'anthropic', bytes } } : {}),
    meter,
    events: () => [
      { type: 'start', id: answer.id ?? '', model: answer.model ?? '' },
      ...contentEvents(bytes, answer, call),
      ...(usage === undefined ? [] : [{ type: 'usage', usage } as const]),
      ...(stop === undefined ? [] : [{ type: 'stop', stop } as const]),
      { type: 'end' },
    ],
  }
}

export function encodeResponse(response: LanguageModelResponse, answer: AnswerContext): string {
  const { parts, stop, model } = response
  const evidence = {
    hasToolCalls: parts.some(({ type }) => type === 'toolCall'),
    hasRefusal: parts.some(({ type }) => type === 'refusal'),
  }
  const head = { id: messageIdOf(answer), type: 'message', role: 'assistant', model: answer.model }
  const tail = { ...wireStopOf(stop, evidence), usage: wireUsageOf(usageToTell(response, answer)) }
  const content = parts.flatMap((part) => blockText(part, model))
  // Joined as text: a tool's input goes out as the model wrote it.
  return `${JSON.stringify(head).slice(0, -1)},"content":[${content.join(',')}],${JSON.stringify(tail).slice(1)}`
}

export function messageIdOf(answer: AnswerContext): string {
  return `msg_${answer.turnId}`
}

function charactersOf(block: WireBlock): number {
  const input = block.type === 'tool_use' ? printedInput(block.input).length : 0
  return (block.text?.length ?? 0) + (block.thinking?.length ?? 0) + input
}

function contentEvents(bytes: Uint8Array, answer: WireAnswer, names: AnswerNames): readonly StreamEvent[] {
  const inputTexts = inputTextsOf(bytes)
  return answer.content.flatMap((block, index): readonly StreamEvent[] => {
    const kind = kindOf(block, names)
    const head = headEvents(index, block, kind, names)
    const end: StreamEvent = { type: 'part-end', index }
    if (kind !== 'tool' && kind !== 'answer') return [...head, end]
    const inputText = typeof block.input === 'string' ? block.input : (inputTexts(index) ?? printedInput(block.input))
    return [...head, ...inputEvents(index, kind, inputText), end]
  })
}

/** The input's JSON text as the provider wrote it, by the block's place: parsing and printing would round 64-bit integers. */
function inputTextsOf(bytes: Uint8Array): (index: number) => string | undefined {
  const decoder = new TextDecoder()
  const content = childSpans(bytes, bytes.indexOf(0x7b)).findLast(({ key }) => key === 'content')
  const blocks = content ? childSpans(bytes, content.start) : []
  return (index) => {
    const block = blocks[index]
    const input = block && childSpans(bytes, block.start).findLast(({ key }) => key === 'input')
    return input && decoder.decode(bytes.subarray(input.start, input.end))
  }
}

function blockText(part: AnswerPart, origin: string): readonly string[] {
  switch (part.type) {
    case 'text':
    case 'refusal':
      // Anthropic's clients send an empty block back, and the API refuses it.
      return part.text === '' ? [] : [JSON.stringify({ type: 'text', text: part.text, citations: null })]
    case 'thinking': {
      if (part.text === '' && part.signature === undefined) return []
      const signature = part.signature ?? taggedSignature(origin)
      return [JSON.stringify({ type: 'thinking', thinking: part.text, signature })]
    }
    case 'redactedThinking':
      return [JSON.stringify({ type: 'redacted_thinking', data: part.data })]
    case 'toolCall': {
      const head = JSON.stringify({ type: 'tool_use', id: wireToolId(part.id), name: part.name })
      return [`${head.slice(0, -1)},"input":${inputJson(part.argsText)}}`]
    }
    case 'opaque':
      return part.shape === 'anthropic' ? [JSON.stringify(part.raw)] : []
    default:
      return part satisfies never
  }
}

function inputJson(argsText: string): string {
  const input = inputOf(argsText)
  if (input === undefined) return JSON.stringify({ _invalid_arguments: argsText })
  return Object.keys(input).length === 0 ? '{}' : argsText
}
