// The stream that a client of this wire gets of another wire’s events.
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/ir/errors.ts'
import { foldEvents } from '../../../src/ir/response.ts'
import type { Stop, StreamChunk } from '../../../src/ir/stream.ts'
import { noUsage } from '../../../src/ir/usage.ts'
import { openaiProtocol } from '../../../src/protocols/openai/index.ts'
import { bytesOf, context } from './fixtures.ts'
import {
  chunkOf,
  cited,
  deltasOf,
  eventsOf,
  framesOf,
  meter,
  redacted,
  server1,
  signed,
  streamed,
  tool,
} from './foreign-answers.ts'

const { server } = openaiProtocol

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

describe('the keep-alive', () => {
  it('is a comment that every reader skips', () => {
    expect(new TextDecoder().decode(server.keepAlive)).toBe(': ping\n\n')
  })
})
