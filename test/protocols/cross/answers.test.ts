// Every recording of one wire, rendered to a client of the other: text, tool ids and JSON, usage and stop survive, and what
// comes out is a stream that the vendors' SDKs take.
import { describe, expect, it } from 'vitest'
import { foldEvents, type LanguageModelResponse } from '../../../src/ir/response.ts'
import type { Shape } from '../../../src/ir/stream.ts'
import type { Usage } from '../../../src/ir/usage.ts'
import { safeToolId } from '../../../src/lib/identifiers.ts'
import { protocols } from '../../../src/protocols/index.ts'
import { fixtures as anthropicFixtures } from '../anthropic/support.ts'
import { answered, buffersOf, bytesOf, call, context, everyByteOf, failed, textOf } from '../openai/fixtures.ts'
import { readAnthropicStream, readOpenaiStream } from './sdk-rules.ts'

const { anthropic, openai } = protocols

async function rendered(from: 'anthropic' | 'openai', buffers: AsyncIterable<Uint8Array>): Promise<string> {
  const inboundShape: Shape = from === 'anthropic' ? 'openai' : 'anthropic'
  const chunks = protocols[from].client.decodeStream(buffers, { ...call, inboundShape })
  const out: Uint8Array[] = []
  for await (const bytes of protocols[inboundShape].server.encodeStream(chunks, context)) out.push(bytes)
  return textOf(out)
}

async function readBack(as: 'anthropic' | 'openai', stream: string): Promise<LanguageModelResponse> {
  const events = []
  const chunks = protocols[as].client.decodeStream(buffersOf(bytesOf(stream)), {
    ...call,
    inboundShape: as === 'openai' ? 'anthropic' : 'openai',
  })
  for await (const chunk of chunks) events.push(...chunk.events())
  return foldEvents(events)
}

function spoken({ parts }: LanguageModelResponse): string {
  return parts.map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : '')).join('')
}

function thought({ parts }: LanguageModelResponse): string {
  return parts.map((part) => (part.type === 'thinking' ? part.text : '')).join('')
}

function callsOf({ parts }: LanguageModelResponse, idOf = (id: string): string => id) {
  return parts.flatMap((part) =>
    part.type === 'toolCall' ? [{ id: idOf(part.id), name: part.name, args: part.argsText === '' ? '{}' : part.argsText }] : [],
  )
}

function bucketsOf({ inputUncached, cacheRead, cacheWrite5m, cacheWrite1h, output }: Usage) {
  return { inputUncached, cacheRead, cacheWrite: cacheWrite5m + cacheWrite1h, output }
}

const wholeAnthropic = anthropicFixtures.filter(({ expected }) => !expected.error)
const brokenAnthropic = anthropicFixtures.filter(({ expected }) => expected.error)

const finishByStop = {
  end: 'stop',
  pause: 'stop',
  stopSequence: 'stop',
  unknown: 'stop',
  length: 'length',
  contextFull: 'length',
  toolUse: 'tool_calls',
  refusal: 'content_filter',
} as const

const stopReasonByStop = {
  ...finishByStop,
  end: 'end_turn',
  unknown: 'end_turn',
  length: 'max_tokens',
  toolUse: 'tool_use',
  refusal: 'refusal',
} as const

describe.each(wholeAnthropic)('the Anthropic stream $name, to an OpenAI client', ({ name, stream, expected }) => {
  const answer = foldEvents(expected.events)

  it('says the same in well-formed frames, however it was cut', async () => {
    const out = await rendered('anthropic', buffersOf(stream))
    const seen = readOpenaiStream(out)
    expect(seen.text).toBe(spoken(answer) + (answer.stop.reason === 'refusal' ? (answer.stop.explanation ?? '') : ''))
    expect(seen.thinking).toBe(thought(answer))
    expect(seen.tools).toEqual(callsOf(answer))
    expect(seen.stop).toBe(finishByStop[answer.stop.reason])
    expect(await rendered('anthropic', everyByteOf(stream))).toBe(out)
  })

  it('reads back as the same answer with the same usage', async () => {
    const back = await readBack('openai', await rendered('anthropic', buffersOf(stream)))
    expect(callsOf(back)).toEqual(callsOf(answer))
    if (name !== 'no-usage') expect(bucketsOf(back.usage)).toEqual(bucketsOf(answer.usage))
  })
})

describe.each(brokenAnthropic)('the broken Anthropic stream $name, to an OpenAI client', ({ stream }) => {
  it('ends in an error and no end mark', async () => {
    expect(readOpenaiStream(await rendered('anthropic', everyByteOf(stream))).error).toEqual(expect.any(String))
  })
})

describe.each(answered)('the OpenAI stream $name, to an Anthropic client', ({ name, stream, answer }) => {
  const idOf = (id: string): string => safeToolId(id, 256)

  it('says the same in well-formed frames, however it was cut', async () => {
    const out = await rendered('openai', buffersOf(stream))
    const seen = readAnthropicStream(out)
    expect(seen.text).toBe(spoken(answer))
    expect(seen.thinking).toBe(thought(answer))
    expect(seen.tools.map((tool) => ({ ...tool, args: tool.args || '{}' }))).toEqual(callsOf(answer, idOf))
    expect(seen.stop).toBe(stopReasonByStop[answer.stop.reason])
    expect(await rendered('openai', everyByteOf(stream))).toBe(out)
  })

  it('reads back as the same answer with the same usage', async () => {
    const back = await readBack('anthropic', await rendered('openai', buffersOf(stream)))
    expect(callsOf(back)).toEqual(callsOf(answer, idOf))
    if (name !== 'no-usage') expect(bucketsOf(back.usage)).toEqual(bucketsOf(answer.usage))
  })

  it('says the same whole', () => {
    const back = foldEvents(
      anthropic.client.decodeResponse(bytesOf(anthropic.server.encodeResponse(answer, context)), call).events(),
    )
    expect([spoken(back), thought(back)]).toEqual([spoken(answer), thought(answer)])
    if (answer.stop.reason !== 'length') expect(callsOf(back)).toEqual(callsOf(answer, idOf))
    expect(bucketsOf(back.usage)).toEqual(bucketsOf(answer.usage))
  })
})

describe.each(failed)('the broken OpenAI stream $name, to an Anthropic client', ({ stream, failure }) => {
  it('ends in an error event and no end mark', async () => {
    expect(readAnthropicStream(await rendered('openai', everyByteOf(stream))).error).toContain(failure.message)
  })
})

describe('an answer without usage', () => {
  it('is estimated for a client that asked', async () => {
    const stream = answered.find(({ name }) => name === 'no-usage')?.stream ?? new Uint8Array()
    const events = []
    for await (const chunk of openai.client.decodeStream(buffersOf(stream), call)) events.push(...chunk.events())
    const { usage } = JSON.parse(openai.server.encodeResponse(foldEvents(events), context))
    expect(usage).toMatchObject({ prompt_tokens: context.estimatedInputTokens, completion_tokens: 1 })
  })
})
