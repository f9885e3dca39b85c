import * as z from 'zod'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../../src/ir/errors.ts'
import { foldEvents } from '../../../src/ir/response.ts'
import type { StreamChunk, StreamEvent } from '../../../src/ir/stream.ts'
import { createSseDecoder } from '../../../src/lib/sse.ts'
import { answerContext, bytesOf, callFor, decodeAll, encodeAll, feed, fixtures, server, textOf } from './support.ts'

function chunkOf(events: readonly StreamEvent[]): StreamChunk {
  return { meter: { ended: false, toolCalls: 0, thinkingBlocks: 0, outputCharacters: 0 }, events: () => events }
}

const frameSchema = z.looseObject({ type: z.string() })

async function framesOf(...chunks: readonly (readonly StreamEvent[])[]): Promise<readonly Record<string, unknown>[]> {
  const text = await encodeAll(feed(...chunks.map(chunkOf)))
  return createSseDecoder()
    .push(bytesOf(text))
    .events.map(({ event, data }) => {
      const frame = frameSchema.parse(JSON.parse(data))
      expect(frame.type).toBe(event)
      return frame
    })
}

const start: StreamEvent = { type: 'start', id: 'chatcmpl-1', model: 'gpt-5.6' }
const end: StreamEvent = { type: 'end' }
const text = (index: number, content: string): StreamEvent => ({ type: 'text-delta', index, text: content })
const args = (index: number, content: string): StreamEvent => ({ type: 'args-delta', index, text: content })
const open = (index: number, part: 'text' | 'thinking' | 'refusal'): StreamEvent => ({
  type: 'part-start',
  index,
  part: { type: part },
})
const call = (index: number, id = `call_${index}`): StreamEvent => ({
  type: 'part-start',
  index,
  part: { type: 'toolCall', id, name: 'f' },
})
const close = (index: number): StreamEvent => ({ type: 'part-end', index })

describe('a stream for a client of this wire', () => {
  it('begins with message_start and a ping at the first chunk, whatever that holds', async () => {
    const [first, second] = await framesOf([])
    expect(first).toMatchObject({
      type: 'message_start',
      message: {
        id: `msg_${answerContext.turnId}`,
        type: 'message',
        role: 'assistant',
        model: 'my-model',
        content: [],
        stop_reason: null,
        usage: { input_tokens: 321, output_tokens: 0 },
      },
    })
    expect(second).toEqual({ type: 'ping' })
  })

  it('writes one buffer for each chunk', async () => {
    const chunks = [[start, open(0, 'text')], [text(0, 'a')], [text(0, 'b')], [close(0), end]].map(chunkOf)
    const written: string[] = []
    for await (const bytes of server.encodeStream(feed(...chunks), answerContext)) written.push(textOf(bytes))
    expect(written.length).toBe(4)
  })

  it('ends with one message_delta that holds every count, and message_stop', async () => {
    const usage = { inputUncached: 10, cacheRead: 20, cacheWrite5m: 3, cacheWrite1h: 4, output: 5, reasoning: 2 }
    const frames = await framesOf(
      [start, open(0, 'text'), text(0, 'x'), close(0)],
      [{ type: 'stop', stop: { reason: 'end' } }],
      [{ type: 'usage', usage }, end],
    )
    expect(frames.slice(-2)).toEqual([
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: {
          input_tokens: 10,
          cache_read_input_tokens: 20,
          cache_creation_input_tokens: 7,
          cache_creation: { ephemeral_5m_input_tokens: 3, ephemeral_1h_input_tokens: 4 },
          output_tokens: 5,
          output_tokens_details: { thinking_tokens: 2 },
        },
      },
      { type: 'message_stop' },
    ])
  })

  it('estimates the counts when the provider tells none', async () => {
    const frames = await framesOf([start, open(0, 'text'), text(0, 'x'.repeat(36)), close(0), end])
    expect(frames.at(-2)).toMatchObject({ usage: { input_tokens: 321, output_tokens: 10 } })
  })

  it('never opens an empty text block', async () => {
    const frames = await framesOf([
      start,
      open(0, 'text'),
      text(0, ''),
      close(0),
      open(1, 'thinking'),
      close(1),
      call(2),
      close(2),
      end,
    ])
    const starts = frames.filter(({ type }) => type === 'content_block_start')
    expect(starts).toEqual([
      { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', id: 'call_2', name: 'f', input: {} } },
    ])
  })

  it('keeps blocks strictly sequential: what begins meanwhile waits for its turn', async () => {
    const frames = await framesOf(
      [start, call(0), call(1)],
      [args(0, '{"a"'), args(1, '{"b":2}'), args(0, ':1}')],
      [close(1), close(0), end],
    )
    const blocks = frames.filter(({ type }) => String(type).startsWith('content_block'))
    expect(blocks.map(({ type, index, delta }) => [type, index, delta])).toEqual([
      ['content_block_start', 0, undefined],
      ['content_block_delta', 0, { type: 'input_json_delta', partial_json: '{"a"' }],
      ['content_block_delta', 0, { type: 'input_json_delta', partial_json: ':1}' }],
      ['content_block_stop', 0, undefined],
      ['content_block_start', 1, undefined],
      ['content_block_delta', 1, { type: 'input_json_delta', partial_json: '{"b":2}' }],
      ['content_block_stop', 1, undefined],
    ])
  })

  it('tells of a tool call when it begins, before its first argument', async () => {
    const frames = await framesOf([start, call(0)])
    expect(frames.at(-1)).toMatchObject({ type: 'content_block_start', content_block: { type: 'tool_use' } })
  })

  it('closes what a provider left open', async () => {
    const frames = await framesOf([start, call(0), args(0, '{}'), call(1), args(1, '{}'), end])
    expect(frames.filter(({ type }) => type === 'content_block_stop').map(({ index }) => index)).toEqual([0, 1])
  })

  it('signs thinking that came unsigned with a tag of its origin, and leaves a signature that came', async () => {
    const thought: StreamEvent = { type: 'thinking-delta', index: 0, text: 'hm' }
    const signatureOf = async (...more: readonly StreamEvent[]): Promise<unknown> => {
      const frames = await framesOf([start, open(0, 'thinking'), thought, ...more, close(0), end])
      return frames.flatMap(({ delta }) => z.looseObject({ signature: z.string() }).safeParse(delta).data?.signature ?? [])
    }
    expect(await signatureOf()).toEqual(['metis.Z3B0LTUuNg'])
    expect(await signatureOf({ type: 'signature', index: 0, signature: 'Eq' })).toEqual(['Eq'])
  })

  it('makes a tool id fit for this wire, the same each time', async () => {
    const ids = async (): Promise<unknown> =>
      (await framesOf([start, call(0, 'call:1/x'), close(0), end])).find(({ type }) => type === 'content_block_start')
    expect(await ids()).toMatchObject({ content_block: { id: expect.stringMatching(/^call_1_x_[0-9a-f]{8}$/) } })
    expect(await ids()).toEqual(await ids())
  })

  it('leaves out what only another wire understands', async () => {
    const head: StreamEvent = { type: 'part-start', index: 0, part: { type: 'opaque', shape: 'openai', raw: { type: 'x' } } }
    const frames = await framesOf([start, head, close(0), { type: 'citation', index: 1, url: 'https://a' }, end])
    expect(frames.map(({ type }) => type)).toEqual(['message_start', 'ping', 'message_delta', 'message_stop'])
  })

  it.each<[string, readonly StreamEvent[], Record<string, unknown>]>([
    ['toolUse with a call', [call(0), close(0), { type: 'stop', stop: { reason: 'toolUse' } }], { stop_reason: 'tool_use' }],
    ['toolUse without a call', [{ type: 'stop', stop: { reason: 'toolUse' } }], { stop_reason: 'end_turn' }],
    ['end with a call', [call(0), close(0), { type: 'stop', stop: { reason: 'end' } }], { stop_reason: 'tool_use' }],
    ['nothing', [], { stop_reason: 'end_turn' }],
    ['length', [{ type: 'stop', stop: { reason: 'length' } }], { stop_reason: 'max_tokens' }],
    ['pause', [{ type: 'stop', stop: { reason: 'pause' } }], { stop_reason: 'pause_turn' }],
    ['contextFull', [{ type: 'stop', stop: { reason: 'contextFull' } }], { stop_reason: 'model_context_window_exceeded' }],
    ['unknown', [{ type: 'stop', stop: { reason: 'unknown', raw: 'x' } }], { stop_reason: 'end_turn' }],
    [
      'stopSequence',
      [{ type: 'stop', stop: { reason: 'stopSequence', text: 'END' } }],
      { stop_reason: 'stop_sequence', stop_sequence: 'END' },
    ],
    [
      'refusal',
      [{ type: 'stop', stop: { reason: 'refusal' } }],
      { stop_reason: 'refusal', stop_details: { type: 'refusal', category: null, explanation: null } },
    ],
    [
      'a refusal part',
      [open(0, 'refusal'), text(0, 'no'), close(0), { type: 'stop', stop: { reason: 'end' } }],
      { stop_reason: 'refusal' },
    ],
  ])('writes the stop for %s', async (_name, events, delta) => {
    const frames = await framesOf([start, ...events, end])
    expect(frames.at(-2)).toMatchObject({ delta })
  })

  it('turns a throw into the error frame and ends without message_stop', async () => {
    async function* failing(): AsyncGenerator<StreamChunk> {
      yield chunkOf([start, open(0, 'text'), text(0, 'Hel')])
      throw new GatewayError('timeout', 'upstream_timeout', 'the provider was silent')
    }
    const out = await encodeAll(failing())
    expect(
      out.endsWith(
        `event: error\ndata: {"type":"error","error":{"type":"timeout_error","message":"the provider was silent","code":"upstream_timeout"},"request_id":"req_${answerContext.turnId}"}\n\n`,
      ),
    ).toBe(true)
    expect(out).not.toContain('message_stop')
  })

  it('shows nothing of a defect of its own', async () => {
    async function* failing(): AsyncGenerator<StreamChunk> {
      yield chunkOf([start])
      throw new TypeError('secret detail')
    }
    const out = await encodeAll(failing())
    expect(out).toContain('"code":"internal_error"')
    expect(out).not.toContain('secret')
  })

  it('keeps a silent stream alive with a ping', () => {
    expect(textOf(server.keepAlive)).toBe('event: ping\ndata: {"type":"ping"}\n\n')
  })
})

describe('codec law', () => {
  const answered = fixtures.filter(({ expected }) => expected.error === undefined && expected.events.length > 0)

  it.each(answered)('$name: encoded and decoded again, the answer is the same', async ({ expected }) => {
    const text = await encodeAll(feed(chunkOf(expected.events)))
    const again = foldEvents((await decodeAll([bytesOf(text)], callFor('openai'))).events)
    const once = foldEvents(expected.events)
    const hasCalls = once.parts.some(({ type }) => type === 'toolCall')
    // What this wire cannot write for another's answer: where a citation points to, and a stop nobody knows.
    const parts = once.parts.map((part) => ('citations' in part ? { ...part, citations: [] } : part))
    const stop = once.stop.reason === 'unknown' ? { reason: 'end' } : once.stop
    expect(again.parts.map((part) => ('citations' in part ? { ...part, citations: [] } : part))).toEqual(parts)
    expect(again.stop).toEqual(stop.reason === 'end' && hasCalls ? { reason: 'toolUse' } : stop)
    const counted = expected.events.some(({ type }) => type === 'usage')
    if (counted) expect(again.usage).toEqual(once.usage)
  })
})
