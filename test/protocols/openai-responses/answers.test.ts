// Every recording of the two other wires, rendered to a Responses client: it says the same, in a stream that the SDK and Codex
// take, and reads back as the same answer. So does the whole answer.
import { describe, expect, it } from 'vitest'
import { foldEvents, type LanguageModelResponse } from '../../../src/ir/response.ts'
import type { StreamEvent } from '../../../src/ir/stream.ts'
import { totalInputOf, type Usage } from '../../../src/ir/usage.ts'
import { protocols } from '../../../src/protocols/index.ts'
import { fixtures as anthropicFixtures } from '../anthropic/support.ts'
import { answered, buffersOf, bytesOf, call as chatCall, context, everyByteOf, failed, textOf } from '../openai/fixtures.ts'
import { readResponsesStream } from './sdk-rules.ts'

const responses = protocols['openai-responses']
const call = { ...chatCall, inboundShape: 'openai-responses' } as const

async function rendered(from: 'anthropic' | 'openai', buffers: AsyncIterable<Uint8Array>): Promise<string> {
  const out: Uint8Array[] = []
  for await (const bytes of responses.server.encodeStream(protocols[from].client.decodeStream(buffers, call), context))
    out.push(bytes)
  return textOf(out)
}

async function readBack(stream: string): Promise<LanguageModelResponse> {
  const events: StreamEvent[] = []
  for await (const chunk of responses.client.decodeStream(everyByteOf(bytesOf(stream)), call)) events.push(...chunk.events())
  return foldEvents(events)
}

function saidBy({ parts, stop }: LanguageModelResponse) {
  const said = parts.map((part) => (part.type === 'text' || part.type === 'refusal' ? part.text : '')).join('')
  const hasRefusal = parts.some(({ type }) => type === 'refusal')
  return said + (stop.reason === 'refusal' && !hasRefusal ? (stop.explanation ?? '') : '')
}

const thoughtsOf = ({ parts }: LanguageModelResponse) =>
  parts.flatMap((part) => (part.type === 'thinking' && part.text !== '' ? [part.text] : []))

const callsOf = ({ parts }: LanguageModelResponse) =>
  parts.flatMap((part) => (part.type === 'toolCall' ? [{ id: part.id, name: part.name, args: part.argsText || '{}' }] : []))

/** What only the wire that made it can read again, through a client that knows nothing of it. */
const sealsOf = ({ parts }: LanguageModelResponse) =>
  parts.flatMap((part) => {
    if (part.type === 'redactedThinking') return [part.data]
    return part.type === 'thinking' && part.signature ? [part.signature] : []
  })

const bucketsOf = ({ inputUncached, cacheRead, cacheWrite5m, cacheWrite1h, output }: Usage) => ({
  inputUncached,
  cacheRead,
  cacheWrite: cacheWrite5m + cacheWrite1h,
  output,
})

function endingOf({ stop, parts }: LanguageModelResponse) {
  if (stop.reason === 'length' || stop.reason === 'contextFull') return ['incomplete', 'max_output_tokens']
  const inWords = parts.some(({ type }) => type === 'refusal') || (stop.reason === 'refusal' && Boolean(stop.explanation))
  return stop.reason === 'refusal' && !inWords ? ['incomplete', 'content_filter'] : ['completed', '']
}

const recordings = [
  ...anthropicFixtures
    .filter(({ expected }) => !expected.error)
    .map(({ name, stream, expected }) => ({ from: 'anthropic' as const, name, stream, answer: foldEvents(expected.events) })),
  ...answered.map(({ name, stream, answer }) => ({ from: 'openai' as const, name, stream, answer })),
]

describe.each(recordings)('the $from stream $name, to a Responses client', ({ from, name, stream, answer }) => {
  it('says the same in well-formed events, however it was cut', async () => {
    const out = await rendered(from, buffersOf(stream))
    const seen = readResponsesStream(out)
    expect(seen.text).toBe(saidBy(answer))
    expect(seen.thinking).toBe(thoughtsOf(answer).join(''))
    expect(seen.tools).toEqual(callsOf(answer))
    expect([seen.status, seen.reason]).toEqual(endingOf(answer))
    if (name !== 'no-usage')
      expect(seen.usage).toMatchObject({ input_tokens: totalInputOf(answer.usage), output_tokens: answer.usage.output })
    expect(await rendered(from, everyByteOf(stream))).toBe(out)
    expect(await rendered(from, buffersOf(bytesOf(new TextDecoder().decode(stream).replaceAll(/\r?\n/g, '\r\n'))))).toBe(out)
  })

  it('reads back as the same answer, signatures and usage included', async () => {
    const back = await readBack(await rendered(from, buffersOf(stream)))
    expect(saidBy(back)).toBe(saidBy(answer))
    expect(thoughtsOf(back)).toEqual(thoughtsOf(answer))
    expect(callsOf(back)).toEqual(callsOf(answer))
    expect(sealsOf(back)).toEqual(sealsOf(answer))
    if (name !== 'no-usage') expect(bucketsOf(back.usage)).toEqual(bucketsOf(answer.usage))
  })

  it('says the same whole', () => {
    const body = responses.server.encodeResponse(answer, context)
    const back = foldEvents(responses.client.decodeResponse(bytesOf(body), { ...call, stream: false }).events())
    expect(saidBy(back)).toBe(saidBy(answer))
    expect(thoughtsOf(back)).toEqual(thoughtsOf(answer))
    expect(callsOf(back)).toEqual(callsOf(answer))
    expect(sealsOf(back)).toEqual(sealsOf(answer))
    if (name !== 'no-usage') expect(bucketsOf(back.usage)).toEqual(bucketsOf(answer.usage))
    expect([JSON.parse(body).status, JSON.parse(body).incomplete_details?.reason ?? '']).toEqual(endingOf(answer))
  })
})

const broken = [
  ...anthropicFixtures
    .filter(({ expected }) => expected.error)
    .map(({ name, stream }) => ({ from: 'anthropic' as const, name, stream })),
  ...failed.map(({ name, stream }) => ({ from: 'openai' as const, name, stream })),
]

describe.each(broken)('the broken $from stream $name, to a Responses client', ({ from, stream }) => {
  it('ends in response.failed: Codex waits for a terminal event', async () => {
    const seen = readResponsesStream(await rendered(from, everyByteOf(stream)))
    expect([seen.status, seen.error]).toEqual(['failed', expect.stringMatching(/./)])
  })
})

it('a call of a tool that takes text is a custom tool call', async () => {
  const frame = (delta: object, finish_reason: string | null = null) =>
    `data: ${JSON.stringify({ id: 'c', model: 'm', choices: [{ index: 0, delta, finish_reason }] })}\n\n`
  const custom = { index: 0, id: 'call_1', type: 'custom', custom: { name: 'apply_patch', input: '*** Begin Patch' } }
  const stream = `${frame({ tool_calls: [custom] })}${frame({}, 'tool_calls')}data: [DONE]\n\n`
  const { output } = readResponsesStream(await rendered('openai', buffersOf(bytesOf(stream))))
  expect(output).toMatchObject([{ type: 'custom_tool_call', call_id: 'call_1', name: 'apply_patch', input: '*** Begin Patch' }])
})
