import { describe, expect, it } from 'vitest'
import { foldEvents } from '../../../src/ir/response.ts'
import type { StreamEvent } from '../../../src/ir/stream.ts'
import { noUsage } from '../../../src/ir/usage.ts'
import { answerContext, bytesOf, callFor, client, decodeAll, errorFactsOf, server, thrownBy } from './support.ts'

const same = callFor('anthropic')

describe('a whole answer of a provider', () => {
  it.each([
    ['nothing', ''],
    ['HTML', '<html></html>'],
    ['cut JSON', '{"type":"message","content":['],
    ['another wire', '{"object":"chat.completion","choices":[]}'],
  ])('calls %s a bad response', (_name, body) => {
    expect(errorFactsOf(thrownBy(() => client.decodeResponse(bytesOf(body), same)))).toEqual({
      errorClass: 'other',
      code: 'upstream_bad_response',
      status: 502,
    })
  })

  it.each([
    ['overloaded_error', 'overloaded', 503],
    ['rate_limit_error', 'rate_limit', 429],
    ['invalid_request_error', 'invalid_request', 400],
    ['api_error', 'server_error', 502],
    ['something_new', 'server_error', 502],
  ])('reads a %s in an answer with status 200 as what it names', (type, errorClass, status) => {
    const body = bytesOf(JSON.stringify({ type: 'error', error: { type, message: 'no' } }))
    expect(errorFactsOf(thrownBy(() => client.decodeResponse(body, same)))).toEqual({
      errorClass,
      code: 'upstream_bad_response',
      status,
    })
  })
})

describe('a usage without a count', () => {
  it.each([{}, { input_tokens: null, output_tokens: null }, { service_tier: 'standard' }, { input_tokens: 'many' }])(
    'is no usage, so that it is estimated and never free: %j',
    async (usage) => {
      const { meter } = client.decodeResponse(bytesOf(JSON.stringify({ type: 'message', content: [], usage })), callFor('openai'))
      expect(meter.usage).toBeUndefined()
      const frames = [{ type: 'message_start', message: { usage } }, { type: 'message_delta', usage }, { type: 'message_stop' }]
      const stream = bytesOf(frames.map((frame) => `event: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`).join(''))
      const { chunks, events } = await decodeAll([stream], callFor('openai'))
      expect(chunks.map((chunk) => chunk.meter.usage)).toEqual([undefined])
      expect(events.filter(({ type }) => type === 'usage')).toEqual([])
    },
  )
})

describe('an answer with fields of another form than today', () => {
  const odd = [{ type: 'new_block', id: 5, text: { a: 1 }, data: [1], citations: 'none' }]

  it('is an answer all the same, whole', () => {
    const body = {
      type: 'message',
      id: 1,
      content: [...odd, { type: 'text', text: 'hi' }],
      stop_reason: 'end_turn',
      stop_details: 'x',
    }
    const { events, meter } = client.decodeResponse(bytesOf(JSON.stringify(body)), callFor('openai'))
    expect(meter.stop).toEqual({ reason: 'end' })
    expect(foldEvents(events()).parts).toMatchObject([{ type: 'opaque' }, { type: 'text', text: 'hi' }])
  })

  it('is an answer all the same, streamed', async () => {
    const frames = [
      { type: 'message_start', message: { id: 1, usage: { input_tokens: 3, cache_creation: 0 } } },
      { type: 'content_block_start', index: 0, content_block: odd[0] },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_details: 'x' }, usage: { output_tokens: 1 } },
      { type: 'message_stop' },
    ]
    const { events, error } = await decodeAll([bytesOf(frames.map((data) => `data: ${JSON.stringify(data)}\n\n`).join(''))], same)
    expect(error).toBeUndefined()
    expect(foldEvents(events)).toMatchObject({ stop: { reason: 'end' }, usage: { inputUncached: 3, output: 1 } })
  })
})

describe('a whole answer for a client of this wire', () => {
  const events: readonly StreamEvent[] = [
    { type: 'start', id: 'chatcmpl-1', model: 'gpt-5.6' },
    { type: 'part-start', index: 0, part: { type: 'text' } },
    { type: 'text-delta', index: 0, text: 'hi' },
    { type: 'part-start', index: 1, part: { type: 'toolCall', id: 'call_1', name: 'f' } },
    { type: 'args-delta', index: 1, text: '{"id": 12345678901234567890}' },
  ]
  const response = foldEvents(events)

  it('is the message, with arguments as the model wrote them', () => {
    const json = server.encodeResponse({ ...response, stop: { reason: 'toolUse' } }, answerContext)
    expect(json).toContain('"input":{"id": 12345678901234567890}')
    expect(JSON.parse(json)).toMatchObject({
      id: `msg_${answerContext.turnId}`,
      type: 'message',
      role: 'assistant',
      model: 'my-model',
      content: [
        { type: 'text', text: 'hi' },
        { type: 'tool_use', id: 'call_1', name: 'f' },
      ],
      stop_reason: 'tool_use',
      stop_sequence: null,
    })
  })

  it.each([
    ['none', '', {}],
    ['broken JSON', '{"a":', { _invalid_arguments: '{"a":' }],
    ['no object', '[1]', { _invalid_arguments: '[1]' }],
    ['an empty object', '{ }', {}],
  ])('gives a tool whose arguments are %s an object all the same', (_name, argsText, input) => {
    const json = server.encodeResponse(
      { ...response, parts: [{ type: 'toolCall', id: 'a', name: 'f', argsText }] },
      answerContext,
    )
    expect(JSON.parse(json)).toMatchObject({ content: [{ input }], stop_reason: 'tool_use' })
  })

  it('estimates what the provider did not count', () => {
    const json = server.encodeResponse({ ...response, usage: noUsage }, answerContext)
    expect(JSON.parse(json).usage).toMatchObject({ input_tokens: 321, output_tokens: 9 })
  })

  it('leaves out empty text and signs unsigned thinking', () => {
    const parts = [
      { type: 'thinking', text: 'hm' },
      { type: 'text', text: '', citations: [] },
    ] as const
    const json = server.encodeResponse({ ...response, parts }, answerContext)
    expect(JSON.parse(json)).toMatchObject({ content: [{ type: 'thinking', thinking: 'hm', signature: 'metis.Z3B0LTUuNg' }] })
  })
})
