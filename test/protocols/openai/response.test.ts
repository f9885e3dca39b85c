// Whole answers: a provider’s, and those we make for a client of this wire.
import { describe, expect, it } from 'vitest'
import { foldEvents } from '../../../src/ir/response.ts'
import { openaiProtocol } from '../../../src/protocols/openai/index.ts'
import { answered, buffersOf, bytesOf, call, context, decode, sameShapeCall } from './fixtures.ts'
import { cited, eventsOf, redacted, server1, signed, tool } from './foreign-answers.ts'

const { client, server } = openaiProtocol

const withResponse = answered.flatMap(({ response, ...rest }) => (response ? [{ ...rest, response }] : []))

describe.each(withResponse)('the unary answer $name', ({ response, stream, answer }) => {
  it('says what its stream says, and what the recording says it does', async () => {
    const events = client.decodeResponse(response, call).events()
    const { events: fromStream } = await decode(buffersOf(stream))
    expect(foldEvents(events)).toEqual(answer)
    expect(foldEvents(fromStream)).toEqual(foldEvents(events))
  })

  it('is metered as its stream is', async () => {
    const { meter: whole } = client.decodeResponse(response, sameShapeCall)
    const { chunks } = await decode(buffersOf(stream), sameShapeCall)
    expect(chunks).toHaveLength(1)
    expect(whole).toEqual(chunks[0]?.meter)
  })

  it('goes down as it came when the client asked for one, and from its events when it asked for a stream', () => {
    expect(client.decodeResponse(response, { ...sameShapeCall, stream: false }).verbatim?.bytes).toBe(response)
    expect(client.decodeResponse(response, sameShapeCall).verbatim).toBeUndefined()
    expect(client.decodeResponse(response, { ...call, stream: false }).verbatim).toBeUndefined()
  })
})

describe('a whole body that is no answer', () => {
  it.each([
    ['an error with status 200', '{"error":{"message":"boom","type":"server_error"}}', 'server_error', 502],
    ['an error that names its status', '{"error":{"message":"slow down","code":429}}', 'rate_limit', 429],
    ['a refused credential', '{"error":{"message":"Incorrect API key sk-abcdefghijkl","code":"invalid_api_key"}}', 'auth', 502],
    ['HTML', '<html></html>', 'other', 502],
    ['nothing', '', 'other', 502],
    ['a cut body', '{"id":"a","choices":[{"mess', 'other', 502],
    ['no choices', '{"id":"a","choices":[]}', 'other', 502],
    ['other JSON', '{"hello":1}', 'other', 502],
  ])('is a bad response: %s', (_, body, errorClass, status) => {
    expect(() => client.decodeResponse(bytesOf(body), call)).toThrow(expect.objectContaining({ errorClass, status }))
    expect(() => client.decodeResponse(bytesOf(body), call)).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('sk-') }),
    )
  })
})

describe('a usage without a count', () => {
  it.each([{}, { prompt_tokens: null, completion_tokens: null }, { cost: '0' }, { prompt_tokens_details: {} }])(
    'is no usage, so that it is estimated and never free: %j',
    async (usage) => {
      const message = { content: 'hi' }
      const whole = client.decodeResponse(bytesOf({ id: 'a', choices: [{ message, finish_reason: 'stop' }], usage }), call)
      expect(whole.meter.usage).toBeUndefined()
      const frame = `data: ${JSON.stringify({ id: 'a', choices: [{ delta: message, finish_reason: 'stop' }], usage })}\n\n`
      const { chunks, events } = await decode(buffersOf(bytesOf(`${frame}data: [DONE]\n\n`)))
      expect(chunks.map(({ meter }) => meter.usage)).toEqual([undefined])
      for (const seen of [whole.events(), events]) expect(seen.filter(({ type }) => type === 'usage')).toEqual([])
    },
  )
})

describe('an answer of several choices', () => {
  it('is told as the one of index 0, wherever it stands, as its stream is', () => {
    const choice = (index: number, content: string, finish_reason: string) => ({ index, message: { content }, finish_reason })
    const body = { id: 'a', choices: [choice(1, 'second', 'stop'), choice(0, 'first', 'length')] }
    const { events, meter } = client.decodeResponse(bytesOf(body), call)
    expect(foldEvents(events())).toMatchObject({ parts: [{ text: 'first' }], stop: { reason: 'length' } })
    expect(meter).toMatchObject({ stop: { reason: 'length' }, warnings: [{ field: 'choices' }] })
  })
})

describe('an answer with fields of another form than OpenAI gives them', () => {
  it.each([
    ['arguments as an object', { tool_calls: [{ id: 'a', function: { name: 'f', arguments: { x: 1 } } }] }],
    ['citations without an address', { annotations: [{ url_citation: { title: 'X' } }] }],
    ['reasoning as an object', { reasoning: { summary: 'x' } }],
  ])('is an answer all the same: %s', (_, fields) => {
    const body = { id: 1, choices: [{ message: { content: 'hi', ...fields } }], usage: { prompt_tokens: 3, cost: '0.1' } }
    const { events, meter } = client.decodeResponse(bytesOf(body), call)
    expect(foldEvents(events()).parts[0]).toMatchObject({ type: 'text', text: 'hi' })
    expect(meter.usage).toMatchObject({ inputUncached: 3 })
    for (const part of foldEvents(events()).parts.slice(1)) expect(part).toMatchObject({ argsText: '{"x":1}' })
  })
})

describe('an answer of another wire, whole', () => {
  it('has thinking to replay, joined text, tool calls and citations in their places', () => {
    const parts = [signed, redacted, server1, { ...cited, citations: [] }, cited, tool('a', ''), tool('b', '{"x":1}')]
    const answer = JSON.parse(server.encodeResponse(foldEvents(eventsOf(parts, { reason: 'toolUse' })), context))
    expect(answer).toMatchObject({
      id: `chatcmpl-${context.turnId}`,
      object: 'chat.completion',
      created: context.createdS,
      model: 'my-model',
    })
    expect(answer.choices[0].message).toEqual({
      role: 'assistant',
      content: 'See docs.See docs.',
      refusal: null,
      reasoning_content: 'Hm.',
      thinking_blocks: [
        { type: 'thinking', thinking: 'Hm.', signature: 'sig' },
        { type: 'redacted_thinking', data: 'xx' },
      ],
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } },
        { id: 'b', type: 'function', function: { name: 'f', arguments: '{"x":1}' } },
      ],
      annotations: [{ type: 'url_citation', url_citation: { start_index: 9, end_index: 18, url: 'https://x', title: 'X' } }],
    })
  })

  it('has content null when nothing was said', () => {
    const { choices } = JSON.parse(server.encodeResponse(foldEvents(eventsOf([tool('a', '{}')])), context))
    expect(choices[0].message).toMatchObject({ content: null, refusal: null })
  })
})
