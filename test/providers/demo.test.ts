import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createSseDecoder } from '../../src/lib/sse.ts'
import { createDemoSend, modelPace, noPace } from '../../src/providers/demo/send.ts'
import { jsonSample } from '../../src/providers/demo/json-sample.ts'
import { UpstreamFailure, type Send } from '../../src/services.ts'
import { fakeClock } from '../support/fake-clock.ts'

const send = createDemoSend(fakeClock(), noPace)
const timeouts = { connectMs: 1, firstByteMs: 1, idleMs: 1 }
const never = new AbortController().signal
const paths = { anthropic: '/v1/messages', openai: '/chat/completions' } as const
type Wire = keyof typeof paths

async function post(wire: Wire, body: Record<string, unknown>, by: Send = send, path: string = paths[wire]) {
  const answer = await by(
    {
      url: `http://demo.invalid${path}`,
      method: 'POST',
      headers: {},
      body: JSON.stringify({ model: 'haiku', max_tokens: 1000, ...body }),
      ...timeouts,
    },
    never,
  )
  const chunks: Uint8Array[] = []
  for await (const chunk of answer.body) chunks.push(chunk)
  return { status: answer.status, headers: answer.headers, text: Buffer.concat(chunks).toString(), frames: chunks.length }
}

const anthropicAnswer = z.object({
  stop_reason: z.string(),
  content: z.array(z.looseObject({ type: z.string() })),
  usage: z.object({
    input_tokens: z.int(),
    cache_read_input_tokens: z.int(),
    cache_creation_input_tokens: z.int(),
    output_tokens: z.int(),
  }),
})
const toolCall = z.object({ id: z.string(), function: z.object({ name: z.string(), arguments: z.string() }) })
const openaiAnswer = z.object({
  choices: z.array(
    z.object({
      finish_reason: z.string(),
      message: z.object({
        content: z.string().nullable(),
        tool_calls: z.array(toolCall).optional(),
        reasoning_content: z.string().optional(),
      }),
    }),
  ),
  usage: z.object({
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
    prompt_tokens_details: z.object({ cached_tokens: z.int() }),
  }),
})

async function askAnthropic(body: Record<string, unknown>) {
  return anthropicAnswer.parse(JSON.parse((await post('anthropic', body)).text))
}
async function askOpenAi(body: Record<string, unknown>) {
  const answer = openaiAnswer.parse(JSON.parse((await post('openai', body)).text))
  return { ...answer, first: answer.choices[0] }
}

function eventsOf(text: string) {
  const decoder = createSseDecoder()
  return [...decoder.push(new TextEncoder().encode(text)).events, ...decoder.end().events]
}

const hello = { messages: [{ role: 'user', content: 'Say hello in one word.' }] }
const weather = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer', minimum: 2 } },
  required: ['city', 'days'],
}
const anthropicTools = [
  { name: 'weather', input_schema: weather },
  { name: 'clock', input_schema: { type: 'object', properties: {} } },
]
const openaiTools = anthropicTools.map(({ name, input_schema: parameters }) => ({
  type: 'function',
  function: { name, parameters },
}))

describe('an answer of the demo', () => {
  it.each(['anthropic', 'openai'] as const)('is the same for the same request, and another for another (%s)', async (wire) => {
    const body = { messages: [{ role: 'user', content: 'Why is the sky blue?' }] }
    const other = { messages: [{ role: 'user', content: 'Why is grass green?' }] }
    expect((await post(wire, body)).text).toBe((await post(wire, body)).text)
    expect((await post(wire, other)).text).not.toBe((await post(wire, body)).text)
  })

  it('is one word for the smoke test of the quickstart', async () => {
    expect(await askAnthropic({ ...hello, max_tokens: 64 })).toMatchObject({
      stop_reason: 'end_turn',
      content: [{ type: 'text', text: 'Hello!' }],
    })
  })

  it('thinks when asked to', async () => {
    const claude = await askAnthropic({ ...hello, thinking: { type: 'adaptive' } })
    expect(claude.content.map(({ type }) => type)).toEqual(['thinking', 'text'])
    const gpt = await askOpenAi({ ...hello, reasoning_effort: 'low' })
    expect(gpt.first?.message.reasoning_content).toContain('one word')
    const off = await askAnthropic({ ...hello, thinking: { type: 'disabled' } })
    expect(off.content.map(({ type }) => type)).toEqual(['text'])
  })

  it('stops at the limit', async () => {
    const long = { messages: [{ role: 'user', content: 'Tell me about tides.' }] }
    expect(await askAnthropic({ ...long, max_tokens: 5 })).toMatchObject({
      stop_reason: 'max_tokens',
      usage: { output_tokens: 5 },
    })
    expect((await askOpenAi({ ...long, max_tokens: 5 })).first?.finish_reason).toBe('length')
  })

  it('is JSON of the schema when that is asked', async () => {
    const claude = await askAnthropic({ ...hello, output_config: { format: { type: 'json_schema', schema: weather } } })
    expect(JSON.parse(z.string().parse(claude.content[0]?.['text']))).toEqual({ city: expect.any(String), days: 2 })
    const gpt = await askOpenAi({
      ...hello,
      response_format: { type: 'json_schema', json_schema: { name: 'x', schema: weather } },
    })
    expect(JSON.parse(gpt.first?.message.content ?? '')).toEqual({ city: expect.any(String), days: 2 })
  })
})

describe('tools', () => {
  it('are called, two at once, with arguments of their schema', async () => {
    const claude = await askAnthropic({ ...hello, tools: anthropicTools })
    expect(claude.stop_reason).toBe('tool_use')
    expect(claude.content).toMatchObject([
      { type: 'text' },
      { type: 'tool_use', name: 'weather', input: { days: 2 } },
      { type: 'tool_use', name: 'clock', input: {} },
    ])
    const gpt = await askOpenAi({ ...hello, tools: openaiTools })
    expect(gpt.first?.finish_reason).toBe('tool_calls')
    expect(gpt.first?.message.tool_calls?.map((call) => call.function.name)).toEqual(['weather', 'clock'])
    expect(new Set(gpt.first?.message.tool_calls?.map(({ id }) => id)).size).toBe(2)
  })

  it.each([
    ['one at a time', { tool_choice: { type: 'auto', disable_parallel_tool_use: true } }, ['weather']],
    ['the one that is named', { tool_choice: { type: 'tool', name: 'clock' } }, ['clock']],
    ['none', { tool_choice: { type: 'none' } }, []],
  ])('are called as told: %s', async (_, choice, names) => {
    const answer = await askAnthropic({ ...hello, tools: anthropicTools, ...choice })
    expect(answer.content.flatMap((block) => (block.type === 'tool_use' ? [block['name']] : []))).toEqual(names)
  })

  it('are not called again when the result is there', async () => {
    const history = [
      { role: 'user', content: 'Weather?' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'sunny' }] },
    ]
    expect((await askAnthropic({ messages: history, tools: anthropicTools })).stop_reason).toBe('end_turn')
    const chat = [
      { role: 'user', content: 'Weather?' },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'c', type: 'function', function: { name: 'weather', arguments: '{}' } }],
      },
      { role: 'tool', tool_call_id: 'c', content: 'sunny' },
    ]
    expect((await askOpenAi({ messages: chat, tools: openaiTools })).first?.finish_reason).toBe('stop')
  })
})

describe('usage', () => {
  const long = 'All work and no play makes Jack a dull boy. '.repeat(200)

  it('reads from the cache in longer conversations', async () => {
    const messages = [
      { role: 'user', content: long },
      { role: 'assistant', content: 'Indeed.' },
      { role: 'user', content: 'And then?' },
    ]
    const gpt = await askOpenAi({ messages })
    expect(gpt.usage.prompt_tokens_details.cached_tokens).toBeGreaterThanOrEqual(1024)
    expect(gpt.usage.prompt_tokens_details.cached_tokens % 128).toBe(0)
    expect(gpt.usage.prompt_tokens).toBeGreaterThan(gpt.usage.prompt_tokens_details.cached_tokens)
    expect((await askAnthropic({ messages })).usage.cache_read_input_tokens).toBe(0)
    const marked = await askAnthropic({ messages, system: [{ type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }] })
    expect(marked.usage.cache_read_input_tokens).toBeGreaterThanOrEqual(1024)
  })

  it('writes the cache the first time', async () => {
    const system = [{ type: 'text', text: long, cache_control: { type: 'ephemeral' } }]
    const { usage } = await askAnthropic({ ...hello, system })
    expect(usage.cache_creation_input_tokens).toBeGreaterThanOrEqual(1024)
    expect(usage.cache_read_input_tokens).toBe(0)
  })

  it('can be counted before', async () => {
    const { text } = await post('anthropic', hello, send, '/v1/messages/count_tokens')
    expect(z.object({ input_tokens: z.int().positive() }).parse(JSON.parse(text))).toBeTruthy()
  })
})

describe('a stream of the demo', () => {
  it('says the same as the whole answer, frame by frame (Anthropic)', async () => {
    const body = { ...hello, tools: anthropicTools, thinking: { type: 'adaptive' } }
    const whole = await askAnthropic(body)
    const streamed = await post('anthropic', { ...body, stream: true })
    const events = eventsOf(streamed.text)
    expect(streamed.frames).toBe(events.length)
    expect([events[0]?.event, events.at(-1)?.event]).toEqual(['message_start', 'message_stop'])
    const delta = z.object({ index: z.int(), delta: z.looseObject({ type: z.string() }) })
    const texts = new Map<number, string>()
    for (const event of events.filter((one) => one.event === 'content_block_delta')) {
      const { index, delta: change } = delta.parse(JSON.parse(event.data))
      const piece = change['text'] ?? change['thinking'] ?? change['partial_json'] ?? ''
      texts.set(index, (texts.get(index) ?? '') + String(piece))
    }
    const said = whole.content.map((block) => block['text'] ?? block['thinking'] ?? JSON.stringify(block['input']))
    expect([...texts.values()]).toEqual(said)
    const end = z
      .object({ delta: z.object({ stop_reason: z.string() }), usage: anthropicAnswer.shape.usage })
      .parse(JSON.parse(events.at(-2)?.data ?? ''))
    expect(end).toEqual({ delta: { stop_reason: 'tool_use' }, usage: whole.usage })
  })

  it('says the same as the whole answer, and its usage only when asked (OpenAI)', async () => {
    const body = { messages: [{ role: 'user', content: 'Grüße! 👋🏽 What is a fjord?' }] }
    const whole = await askOpenAi(body)
    const chunk = z.object({
      choices: z.array(z.object({ delta: z.object({ content: z.string().optional() }) })),
      usage: openaiAnswer.shape.usage.nullish(),
    })
    for (const includeUsage of [true, false]) {
      const { text } = await post('openai', { ...body, stream: true, stream_options: { include_usage: includeUsage } })
      const events = eventsOf(text)
      expect(events.at(-1)?.data).toBe('[DONE]')
      const chunks = events.slice(0, -1).map(({ data }) => chunk.parse(JSON.parse(data)))
      expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toBe(whole.first?.message.content)
      const told = chunks.flatMap(({ usage }) => (usage === null || usage === undefined ? [] : [usage]))
      expect(told).toEqual(includeUsage ? [whole.usage] : [])
    }
  })

  it('comes at the pace of a model', async () => {
    const clock = fakeClock({ auto: true })
    const { frames } = await post('openai', { ...hello, stream: true }, createDemoSend(clock))
    expect(clock.slept).toEqual([modelPace.firstFrameMs, ...Array.from({ length: frames - 1 }, () => modelPace.frameMs)])
  })

  it('ends when the caller goes away', async () => {
    const controller = new AbortController()
    const request = { url: 'http://demo.invalid/v1/messages', method: 'POST', headers: {}, ...timeouts } as const
    const answer = await send({ ...request, body: JSON.stringify({ ...hello, model: 'haiku', stream: true }) }, controller.signal)
    const frames = answer.body[Symbol.asyncIterator]()
    await frames.next()
    controller.abort(new Error('gone'))
    await expect(frames.next()).rejects.toThrow('gone')
  })
})

describe('the models that fail', () => {
  it.each(['anthropic', 'openai'] as const)('fail-429 and fail-500 answer with the wire’s errors (%s)', async (wire) => {
    const limited = await post(wire, { ...hello, model: 'fail-429' })
    expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '1'])
    expect(JSON.parse(limited.text)).toMatchObject({ error: { type: 'rate_limit_error' } })
    expect((await post(wire, { ...hello, model: 'fail-500' })).status).toBe(500)
  })

  it.each(['anthropic', 'openai'] as const)(
    'fail-mid breaks the connection after some text, streamed or not (%s)',
    async (wire) => {
      const body = { messages: [{ role: 'user', content: 'Tell me about tides.' }], model: 'fail-mid' }
      await expect(post(wire, { ...body, stream: true })).rejects.toThrow(UpstreamFailure)
      await expect(post(wire, body)).rejects.toThrow(UpstreamFailure)
    },
  )

  it('slow takes its time before the first frame', async () => {
    const clock = fakeClock({ auto: true })
    await post('anthropic', { ...hello, model: 'slow' }, createDemoSend(clock))
    expect(clock.slept).toEqual([modelPace.slowMs])
  })

  it.each([
    ['/v1/images/generations', 404],
    ['/v1/models', 404],
  ])('what it does not have is not found: %s', async (path, status) => {
    expect((await post('openai', hello, send, path)).status).toBe(status)
  })

  it('what it cannot read is refused', async () => {
    expect((await post('anthropic', { model: 7 })).status).toBe(400)
    expect((await post('openai', { model: 'embed' }, send, '/v1/embeddings')).status).toBe(400)
  })
})

describe('a sample of a schema', () => {
  it.each([
    [{ type: 'string', enum: ['a', 'b'] }, 'a'],
    [{ const: 5 }, 5],
    [{ type: ['null', 'boolean'] }, true],
    [{ type: 'array', items: { type: 'number', maximum: -1 } }, [-1]],
    [{ anyOf: [{ type: 'null' }, { type: 'string' }] }, null],
    [{ allOf: [{ properties: { a: { const: 1 } } }, { properties: { b: { const: 2 } } }] }, { a: 1, b: 2 }],
    [
      { type: 'object', properties: { at: { $ref: '#/$defs/point' } }, required: ['at'], $defs: { point: { const: 'here' } } },
      { at: 'here' },
    ],
    [{ type: 'string', format: 'date' }, '2026-11-23'],
    [{ type: 'string', minLength: 12 }, 'value s.....'],
    [{}, 'value s'],
  ])('%j → %j', (schema, expected) => {
    expect(jsonSample(schema, 's')).toEqual(expected)
  })

  it('ends for a schema that holds itself', () => {
    const tree = {
      $ref: '#/$defs/node',
      $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } }, required: ['next'] } },
    }
    expect(() => JSON.stringify(jsonSample(tree, 's'))).not.toThrow()
  })

  it('is JSON whatever stands in the schema', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (schema) => {
        expect(JSON.stringify(jsonSample(schema, 's'))).toBeTypeOf('string')
      }),
    )
  })
})
