// A provider's own Responses stream: its bytes pass, its meter counts, its failures are heard, however the bytes are cut.
import { describe, expect, it } from 'vitest'
import type { StreamChunk } from '../../../src/ir/stream.ts'
import { foldEvents } from '../../../src/ir/response.ts'
import { protocols } from '../../../src/protocols/index.ts'
import { planAnswer } from '../../support/answer-plan.ts'
import { responsesErrorFrame, responsesFrames, responsesQuestion } from '../../support/responses-answers.ts'
import { buffersOf, bytesOf, call as chatCall, context, everyByteOf, textOf, verbatimOf } from '../openai/fixtures.ts'

const { client, server } = protocols['openai-responses']
const call = { ...chatCall, inboundShape: 'openai-responses' } as const

const plan = planAnswer(
  responsesQuestion({
    model: 'gpt-5-mini',
    stream: true,
    input: 'What is the weather?',
    reasoning: { effort: 'medium' },
    tools: [
      { type: 'function', name: 'get_weather', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
      { type: 'function', name: 'get_time', parameters: { type: 'object', properties: { zone: { type: 'string' } } } },
    ],
  }),
)
const frames = responsesFrames('1', 'gpt-5-mini', plan)
const stream = bytesOf(frames.join(''))
const withCrLf = bytesOf(frames.join('').replaceAll('\n', '\r\n'))

async function read(buffers: AsyncIterable<Uint8Array>) {
  const chunks: StreamChunk[] = []
  try {
    for await (const chunk of client.decodeStream(buffers, call)) chunks.push(chunk)
  } catch (error) {
    return { chunks, error }
  }
  return { chunks, error: undefined }
}

const sum = (chunks: readonly StreamChunk[], of: 'toolCalls' | 'thinkingBlocks' | 'outputCharacters') =>
  chunks.reduce((total, { meter }) => total + meter[of], 0)

describe.each([
  { how: 'whole', bytes: stream, cut: buffersOf },
  { how: 'byte by byte', bytes: stream, cut: everyByteOf },
  { how: 'with CRLF', bytes: withCrLf, cut: everyByteOf },
])('a stream $how', ({ bytes, cut }) => {
  it('passes byte for byte and is counted', async () => {
    const { chunks, error } = await read(cut(bytes))
    expect(error).toBeUndefined()
    // A line end behind the last event means nothing to anybody.
    expect(verbatimOf(chunks).trimEnd()).toBe(new TextDecoder().decode(bytes).trimEnd())
    expect([sum(chunks, 'toolCalls'), sum(chunks, 'thinkingBlocks')]).toEqual([2, 1])
    expect(sum(chunks, 'outputCharacters')).toBeGreaterThan(50)
    expect(chunks[0]?.meter.model).toBe('gpt-5-mini')
    expect(chunks.filter(({ meter }) => meter.ended)).toHaveLength(1)
    const { usage, stop } = chunks.at(-1)?.meter ?? {}
    expect(stop).toEqual({ reason: 'toolUse' })
    expect(usage).toMatchObject({
      inputUncached: plan.usage.inputUncached,
      cacheRead: plan.usage.cacheRead,
      cacheWrite5m: plan.usage.cacheWrite5m,
      output: plan.usage.output,
      reasoning: plan.usage.reasoning,
      serviceTier: 'default',
    })
  })

  it('means what it says', async () => {
    const { chunks } = await read(cut(bytes))
    const answer = foldEvents(chunks.flatMap((chunk) => chunk.events()))
    expect(answer.parts).toMatchObject(
      plan.parts.map((part) =>
        part.type === 'tool' ? { type: 'toolCall', name: part.name, argsText: part.args } : { type: part.type, text: part.text },
      ),
    )
  })

  it('that breaks off ends in response.failed, numbered behind the last event', async () => {
    const half = bytesOf(new TextDecoder().decode(bytes).slice(0, -40))
    const out: Uint8Array[] = []
    for await (const piece of server.encodeStream(client.decodeStream(cut(half), call), context)) out.push(piece)
    const passed = textOf(out)
    const [, last = ''] = /event: response\.failed\ndata: (.*)\n\n$/.exec(passed) ?? []
    expect(JSON.parse(last)).toMatchObject({
      sequence_number: frames.length - 1,
      response: { status: 'failed', error: { message: expect.stringContaining('closed the stream') } },
    })
  })
})

it('an error in place of an answer is no answer: it can be tried again', async () => {
  const { chunks, error } = await read(buffersOf(bytesOf(responsesErrorFrame('rate_limit_exceeded', 'slow down'))))
  expect(chunks).toEqual([])
  expect(error).toMatchObject({ errorClass: 'rate_limit', message: 'slow down' })
})

it.each([
  ['error', responsesErrorFrame('server_error', 'it broke')],
  [
    'response.failed',
    `event: response.failed\ndata: ${JSON.stringify({ type: 'response.failed', sequence_number: 9, response: { status: 'failed', error: { code: 'server_error', message: 'it broke' } } })}\n\n`,
  ],
])('`%s` in the middle reaches the client as the provider sent it, and fails the turn', async (_name, frame) => {
  const bytes = bytesOf(frames.slice(0, 6).join('') + frame)
  const { chunks, error } = await read(everyByteOf(bytes))
  expect(verbatimOf(chunks)).toBe(new TextDecoder().decode(bytes))
  expect(error).toMatchObject({ message: 'it broke', details: { delivered: true } })
})

it('tells a text that comes only with its end, and searches, which nobody else counts', async () => {
  const item = { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'All of it' }] }
  const output = [{ type: 'web_search_call', id: 'ws_1', status: 'completed' }, item]
  const response = { id: 'resp_1', model: 'm', status: 'completed', output, usage: { input_tokens: 3, output_tokens: 2 } }
  const events = [
    { type: 'response.created', response: { ...response, output: [], usage: null } },
    { type: 'response.output_item.done', output_index: 1, item },
    { type: 'response.completed', response },
  ]
  const text = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join('')
  const { chunks } = await read(everyByteOf(bytesOf(text)))
  expect(chunks.at(-1)?.meter.usage).toMatchObject({ inputUncached: 3, output: 2, webSearches: 1 })
  expect(foldEvents(chunks.flatMap((chunk) => chunk.events())).parts).toMatchObject([
    { type: 'text', text: 'All of it' },
    { type: 'opaque', shape: 'openai-responses' },
  ])
})

it('takes a usage without a count for none', () => {
  const body = { object: 'response', id: 'resp_1', status: 'completed', output: [], usage: { input_tokens: null } }
  expect(client.decodeResponse(bytesOf(JSON.stringify(body)), call).meter.usage).toBeUndefined()
})

it.each([
  ['nothing', ''],
  ['HTML', '<html>'],
  ['another JSON', '{"object":"list"}'],
  ['a failed answer', '{"object":"response","status":"failed","error":{"code":"server_error","message":"no"},"output":[]}'],
])('%s is no answer', (_what, body) => {
  expect(() => client.decodeResponse(bytesOf(body), call)).toThrow(expect.objectContaining({ code: 'upstream_bad_response' }))
})
