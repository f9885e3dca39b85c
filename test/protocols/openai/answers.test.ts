// What a client of this wire gets: whole answers, streams made of another wire's events, and errors.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError, type ErrorCode } from '../../../src/ir/errors.ts'
import { foldEvents, type AnswerPart, type LanguageModelResponse } from '../../../src/ir/response.ts'
import type { Stop, StreamChunk, StreamEvent } from '../../../src/ir/stream.ts'
import { noUsage, type Usage } from '../../../src/ir/usage.ts'
import { openaiProtocol } from '../../../src/protocols/openai/index.ts'
import { answered, buffersOf, bytesOf, call, context, decode, sameShapeCall, textOf } from './fixtures.ts'

const { client, server } = openaiProtocol
const meter = { ended: false, toolCalls: 0, thinkingBlocks: 0, outputCharacters: 0 }

function chunkOf(events: readonly StreamEvent[]): StreamChunk {
  return { meter, events: () => events }
}

async function streamed(chunks: AsyncIterable<StreamChunk> | Iterable<StreamChunk>, over = context): Promise<string> {
  async function* source() {
    yield* chunks
  }
  const out: Uint8Array[] = []
  for await (const bytes of server.encodeStream(source(), over)) out.push(bytes)
  return textOf(out)
}

function framesOf(stream: string) {
  return stream
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: {'))
    .map((frame) => JSON.parse(frame.slice(6)))
}

function deltasOf(stream: string) {
  return framesOf(stream).flatMap(({ choices }) => choices.map(({ delta }: { delta: object }) => delta))
}

function eventsOf(parts: readonly AnswerPart[], stop: Stop = { reason: 'end' }, usage: Usage = noUsage): readonly StreamEvent[] {
  const inner = parts.flatMap((part, index): readonly StreamEvent[] => {
    const end: StreamEvent = { type: 'part-end', index }
    if (part.type === 'redactedThinking' || part.type === 'opaque') return [{ type: 'part-start', index, part }, end]
    if (part.type === 'toolCall') {
      const args: readonly StreamEvent[] = part.argsText === '' ? [] : [{ type: 'args-delta', index, text: part.argsText }]
      return [{ type: 'part-start', index, part: { type: 'toolCall', id: part.id, name: part.name } }, ...args, end]
    }
    if (part.type === 'thinking') {
      const signed: readonly StreamEvent[] =
        part.signature === undefined ? [] : [{ type: 'signature', index, signature: part.signature }]
      return [
        { type: 'part-start', index, part: { type: 'thinking' } },
        { type: 'thinking-delta', index, text: part.text },
        ...signed,
        end,
      ]
    }
    const citations = part.citations.map((citation): StreamEvent => ({ type: 'citation', index, ...citation }))
    return [
      { type: 'part-start', index, part: { type: part.type } },
      { type: 'text-delta', index, text: part.text },
      ...citations,
      end,
    ]
  })
  return [
    { type: 'start', id: 'up-1', model: 'up-model' },
    ...inner,
    { type: 'usage', usage },
    { type: 'stop', stop },
    { type: 'end' },
  ]
}

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

// Any answer that this wire can say without loss.
const text = fc.string({ minLength: 1, unit: 'grapheme' })
const usage = fc.record({
  inputUncached: fc.nat(),
  cacheRead: fc.nat(),
  cacheWrite5m: fc.nat(),
  cacheWrite1h: fc.constant(0),
  output: fc.nat(),
  reasoning: fc.nat(5),
})
const toolCalls = fc.array(
  fc.record({
    type: fc.constant('toolCall' as const),
    id: fc.uuid(),
    name: fc.constantFrom('read', 'write'),
    argsText: fc.constantFrom('{}', '{"a":1}', '{"b":"\\u00fc"}'),
  }),
  { maxLength: 3 },
)
const answers = fc
  .record({ thinking: fc.option(text), spoken: fc.option(text), calls: toolCalls, usage, length: fc.boolean() })
  .map(({ thinking, spoken, calls, length, ...rest }): LanguageModelResponse => ({
    id: `chatcmpl-${context.turnId}`,
    model: context.model,
    parts: [
      ...(thinking === null ? [] : [{ type: 'thinking' as const, text: thinking }]),
      ...(spoken === null ? [] : [{ type: 'text' as const, text: spoken, citations: [] }]),
      ...calls,
    ],
    stop: { reason: length ? 'length' : calls.length > 0 ? 'toolUse' : 'end' },
    ...rest,
  }))

describe('the codec', () => {
  it('reads back the whole answer it wrote', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        const wire = server.encodeResponse(answer, context)
        expect(foldEvents(client.decodeResponse(bytesOf(wire), call).events())).toEqual(answer)
      }),
    )
  })

  it('reads back the stream it wrote, in chunks of any size', async () => {
    await fc.assert(
      fc.asyncProperty(answers, fc.nat(), async (answer, cut) => {
        const wire = bytesOf(await streamed(eventsOf(answer.parts, answer.stop, answer.usage).map((event) => chunkOf([event]))))
        const { events, error } = await decode(buffersOf(wire, cut % wire.length))
        expect(error).toBeUndefined()
        expect(foldEvents(events)).toEqual(answer)
      }),
    )
  })

  it('writes no chunk of a stream differently for how its events were grouped', async () => {
    await fc.assert(
      fc.asyncProperty(answers, async (answer) => {
        const events = eventsOf(answer.parts, answer.stop, answer.usage)
        expect(await streamed([chunkOf(events)])).toBe(await streamed(events.map((event) => chunkOf([event]))))
      }),
    )
  })
})

const signed: AnswerPart = { type: 'thinking', text: 'Hm.', signature: 'sig' }
const redacted: AnswerPart = { type: 'redactedThinking', data: 'xx' }
const server1: AnswerPart = { type: 'opaque', shape: 'anthropic', raw: { type: 'server_tool_use', id: 's' } }
const tool = (id: string, argsText: string): AnswerPart => ({ type: 'toolCall', id, name: 'f', argsText })
const cited: AnswerPart = { type: 'text', text: 'See docs.', citations: [{ url: 'https://x', title: 'X' }] }

describe('an answer of another wire, as a stream', () => {
  const parts = [signed, redacted, server1, cited, tool('a', ''), server1, tool('b', '{"x":1}')]

  it('opens with the role, counts only the client’s tools and ends with finish, usage and [DONE]', async () => {
    const stream = await streamed([
      chunkOf(
        eventsOf(
          parts,
          { reason: 'toolUse' },
          { ...noUsage, inputUncached: 3, cacheRead: 1000, cacheWrite5m: 100, cacheWrite1h: 100, output: 7 },
        ),
      ),
    ])
    expect(deltasOf(stream)).toEqual([
      { role: 'assistant', content: '' },
      { reasoning_content: 'Hm.' },
      { thinking_blocks: [{ type: 'thinking', thinking: 'Hm.', signature: 'sig' }] },
      { thinking_blocks: [{ type: 'redacted_thinking', data: 'xx' }] },
      { content: 'See docs.' },
      { annotations: [{ type: 'url_citation', url_citation: { start_index: 0, end_index: 9, url: 'https://x', title: 'X' } }] },
      { tool_calls: [{ index: 0, id: 'a', type: 'function', function: { name: 'f', arguments: '' } }] },
      { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
      { tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'f', arguments: '' } }] },
      { tool_calls: [{ index: 1, function: { arguments: '{"x":1}' } }] },
      {},
    ])
    const frames = framesOf(stream)
    expect(frames.at(-2).choices[0].finish_reason).toBe('tool_calls')
    expect(frames.at(-1)).toMatchObject({
      choices: [],
      usage: {
        prompt_tokens: 1203,
        completion_tokens: 7,
        total_tokens: 1210,
        prompt_tokens_details: { cached_tokens: 1000, cache_write_tokens: 200 },
      },
    })
    expect(frames.slice(0, -1).every((frame) => frame.usage === null)).toBe(true)
    expect(new Set(frames.map(({ id, created, model, object }) => `${id} ${created} ${model} ${object}`))).toEqual(
      new Set([`chatcmpl-${context.turnId} ${context.createdS} my-model chat.completion.chunk`]),
    )
    expect(stream.endsWith('data: [DONE]\n\n')).toBe(true)
  })

  it('says nothing of usage to a client that did not ask', async () => {
    const stream = await streamed([chunkOf(eventsOf([cited]))], { ...context, includeUsage: false })
    expect(stream).not.toContain('usage')
    expect(framesOf(stream).at(-1).choices[0].finish_reason).toBe('stop')
  })

  it.each<[Stop, string]>([
    [{ reason: 'end' }, 'stop'],
    [{ reason: 'pause' }, 'stop'],
    [{ reason: 'unknown', raw: 'x' }, 'stop'],
    [{ reason: 'stopSequence', text: 'x' }, 'stop'],
    [{ reason: 'length' }, 'length'],
    [{ reason: 'contextFull' }, 'length'],
    [{ reason: 'toolUse' }, 'tool_calls'],
    [{ reason: 'refusal' }, 'content_filter'],
  ])('maps the stop %j to %s, whole and streamed', async (stop, finish) => {
    expect(framesOf(await streamed([chunkOf(eventsOf([cited], stop))])).at(-2).choices[0].finish_reason).toBe(finish)
    expect(JSON.parse(server.encodeResponse(foldEvents(eventsOf([cited], stop)), context)).choices[0].finish_reason).toBe(finish)
  })

  it('shows why the model refused', async () => {
    const events = eventsOf([], { reason: 'refusal', explanation: 'policy' })
    expect(deltasOf(await streamed([chunkOf(events)]))).toContainEqual({ refusal: 'policy' })
    expect(JSON.parse(server.encodeResponse(foldEvents(events), context)).choices[0].message).toMatchObject({
      content: null,
      refusal: 'policy',
    })
  })

  it('writes one buffer for each chunk, and none for a chunk without meaning here', async () => {
    const chunks = [chunkOf(eventsOf([cited])), chunkOf([{ type: 'usage', usage: noUsage }])]
    async function* source() {
      yield* chunks
    }
    const out: Uint8Array[] = []
    for await (const bytes of server.encodeStream(source(), context)) out.push(bytes)
    expect(out).toHaveLength(1)
  })

  it('passes bytes of its own shape untouched and never asks for their meaning', async () => {
    const events = (): never => {
      throw new Error('asked')
    }
    const verbatim = (value: string): StreamChunk => ({ verbatim: { shape: 'openai', bytes: bytesOf(value) }, meter, events })
    expect(await streamed([verbatim('data: {odd}\n\n'), verbatim(''), verbatim(': x\n\n')])).toBe('data: {odd}\n\n: x\n\n')
  })

  async function* broken(error: Error): AsyncGenerator<StreamChunk> {
    yield chunkOf(eventsOf([cited]).slice(0, 3))
    throw error
  }

  it('ends a broken stream with an error frame and without [DONE]', async () => {
    const stream = await streamed(broken(new GatewayError('network', 'upstream_bad_response', 'cut')))
    expect(
      stream.endsWith('data: {"error":{"message":"cut","type":"server_error","param":null,"code":"upstream_bad_response"}}\n\n'),
    ).toBe(true)
    expect(stream).not.toContain('[DONE]')
    expect(stream).not.toContain('"finish_reason":"')
  })

  it('adds no second error frame behind the provider’s own', async () => {
    const stream = await streamed(broken(new GatewayError('server_error', 'upstream_bad_response', 'boom', { delivered: true })))
    expect(stream).not.toContain('"error"')
  })

  it('tells nothing of a defect of its own', async () => {
    const stream = await streamed(broken(new TypeError('x is undefined at /srv')))
    expect(framesOf(stream).at(-1).error).toMatchObject({ type: 'server_error', code: 'internal_error' })
    expect(stream).not.toContain('/srv')
  })

  it('closes its source when the client goes away', async () => {
    let closed = false
    async function* source() {
      try {
        for (;;) yield chunkOf(eventsOf([cited]))
      } finally {
        closed = true
      }
    }
    for await (const _ of server.encodeStream(source(), context)) break
    expect(closed).toBe(true)
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

describe('the keep-alive', () => {
  it('is a comment that every reader skips', () => {
    expect(new TextDecoder().decode(server.keepAlive)).toBe(': ping\n\n')
  })
})

describe('an error of a provider of this wire', () => {
  const body = JSON.stringify({
    error: { message: 'No such model', type: 'invalid_request_error', param: 'model', code: 'model_not_found' },
    extra: 1,
  })

  it('goes to a client of this wire as it came, with its status', () => {
    expect(server.encodeError(client.decodeError(404, new Headers(), body), 'r')).toEqual({ status: 404, body })
    expect(server.encodeError(client.decodeError(422, new Headers(), body), 'r')).toEqual({ status: 422, body })
    expect(server.encodeError(client.decodeError(500, new Headers(), body), 'r')).toEqual({ status: 500, body })
  })

  it('keeps the vendor’s words for other doors', () => {
    expect(client.decodeError(404, new Headers(), body)).toMatchObject({
      code: 'upstream_error',
      errorClass: 'invalid_request',
      message: 'No such model',
      details: { param: 'model', upstream: { type: 'invalid_request_error', code: 'model_not_found', param: 'model' } },
    })
  })

  it.each([401, 403])('never shows a %d about our own credential', (status) => {
    const encoded = server.encodeError(
      client.decodeError(status, new Headers(), '{"error":{"message":"Incorrect API key sk-secret12345"}}'),
      'r',
    )
    expect(encoded.status).toBe(502)
    expect(JSON.parse(encoded.body).error).toMatchObject({ type: 'server_error', code: 'provider_auth_failed' })
    expect(encoded.body).not.toContain('sk-secret')
  })

  it('becomes an envelope when the provider sent HTML', () => {
    const encoded = server.encodeError(client.decodeError(502, new Headers(), '<html>'), 'r')
    expect(encoded).toEqual({
      status: 502,
      body: JSON.stringify({
        error: { message: 'upstream returned 502', type: 'server_error', param: null, code: 'upstream_error' },
      }),
    })
  })
})

describe('an error of another wire or of our own', () => {
  const foreign = (status: number, errorClass: GatewayError['errorClass'], code?: string) =>
    new GatewayError(errorClass, 'upstream_error', 'm', {
      status,
      upstream: { shape: 'anthropic', status, headers: new Headers(), body: '{}', ...(code === undefined ? {} : { code }) },
    })

  it.each<[GatewayError, number, string, string | null]>([
    [foreign(400, 'invalid_request'), 400, 'invalid_request_error', null],
    [foreign(400, 'invalid_request', 'odd_code'), 400, 'invalid_request_error', 'odd_code'],
    [foreign(400, 'context_overflow'), 400, 'invalid_request_error', 'context_length_exceeded'],
    [foreign(402, 'other'), 402, 'insufficient_quota', 'insufficient_quota'],
    [foreign(404, 'invalid_request'), 404, 'invalid_request_error', 'model_not_found'],
    [foreign(409, 'invalid_request'), 409, 'invalid_request_error', null],
    [foreign(413, 'invalid_request'), 413, 'invalid_request_error', 'request_too_large'],
    [foreign(429, 'rate_limit'), 429, 'rate_limit_error', 'rate_limit_exceeded'],
    [foreign(429, 'rate_limit', 'enforced_spend_limit_reached'), 429, 'insufficient_quota', 'insufficient_quota'],
    [foreign(502, 'server_error'), 502, 'server_error', 'upstream_error'],
    [foreign(503, 'overloaded'), 503, 'server_error', 'overloaded'],
  ])('reads %s as %d %s %s', (error, status, type, code) => {
    const encoded = server.encodeError(error, 'r')
    expect(encoded.status).toBe(status)
    expect(JSON.parse(encoded.body)).toEqual({ error: { message: 'm', type, param: null, code } })
  })

  it.each<[ErrorCode, number, string]>([
    ['invalid_json', 400, 'invalid_request_error'],
    ['invalid_value', 400, 'invalid_request_error'],
    ['invalid_api_key', 401, 'invalid_request_error'],
    ['key_expired', 401, 'invalid_request_error'],
    ['model_not_allowed', 403, 'invalid_request_error'],
    ['origin_not_allowed', 403, 'invalid_request_error'],
    ['model_not_found', 404, 'invalid_request_error'],
    ['method_not_allowed', 405, 'invalid_request_error'],
    ['request_too_large', 413, 'invalid_request_error'],
    ['unsupported_encoding', 415, 'invalid_request_error'],
    ['quota_exceeded', 429, 'insufficient_quota'],
    ['rate_limit_exceeded', 429, 'rate_limit_error'],
    ['internal_error', 500, 'server_error'],
    ['upstream_unreachable', 502, 'server_error'],
    ['upstream_bad_response', 502, 'server_error'],
    ['routing_failed', 503, 'server_error'],
    ['shutting_down', 503, 'server_error'],
    ['upstream_timeout', 504, 'server_error'],
  ])('says %s with %d and type %s', (code, status, type) => {
    const encoded = server.encodeError(new GatewayError('other', code, 'm', { param: 'p', fields: { key_id: 'gk_1' } }), 'r')
    expect(encoded.status).toBe(status)
    expect(JSON.parse(encoded.body)).toEqual({ error: { message: 'm', type, param: 'p', code, key_id: 'gk_1' } })
  })
})
