import { describe, expect, it } from 'vitest'
import { foldEvents } from '../../../src/ir/response.ts'
import type { Meter, StreamEvent } from '../../../src/ir/stream.ts'
import type { EncodedRequest } from '../../../src/protocols/protocol.ts'
import { bytesOf, callFor, client, decodeAll, encodeAll, errorFactsOf, feed, fixture, fixtures, textOf } from './support.ts'

const cross = callFor('openai')
const same = callFor('anthropic')

function splitAt(bytes: Uint8Array, at: number): readonly Uint8Array[] {
  return [bytes.subarray(0, at), bytes.subarray(at)]
}

function byteByByte(bytes: Uint8Array): readonly Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte))
}

async function bytesOut(buffers: readonly Uint8Array[]): Promise<string> {
  return encodeAll(client.decodeStream(feed(...buffers), same))
}

async function factsOf(buffers: readonly Uint8Array[], call: EncodedRequest): Promise<unknown> {
  const { events, error } = await decodeAll(buffers, call)
  return { events, ...(error === undefined ? {} : { error: errorFactsOf(error) }) }
}

describe.each(fixtures)('$name', ({ stream, expected }) => {
  it('gives its events when it comes whole, and in single bytes', async () => {
    expect(await factsOf([stream], cross)).toEqual(expected)
    expect(await factsOf(byteByByte(stream), cross)).toEqual(expected)
  })

  it('gives the same events wherever it is cut in two', async () => {
    for (let at = 1; at < stream.length; at++) expect(await factsOf(splitAt(stream, at), cross)).toEqual(expected)
  })

  it('gives the same events with CRLF, and with CR', async () => {
    const text = textOf(stream)
    expect(await factsOf([bytesOf(text.replaceAll('\n', '\r\n'))], cross)).toEqual(expected)
    expect(await factsOf(byteByByte(bytesOf(text.replaceAll('\n', '\r\n'))), cross)).toEqual(expected)
    expect(await factsOf([bytesOf(text.replaceAll('\n', '\r'))], cross)).toEqual(expected)
  })

  it('counts in its meter what its events say', async () => {
    const { chunks, events } = await decodeAll(byteByByte(stream), same)
    const folded = foldEvents(events)
    const last = <K extends keyof Meter>(key: K): Meter[K] | undefined =>
      chunks.findLast(({ meter }) => meter[key] !== undefined)?.meter[key]
    const sum = (key: 'toolCalls' | 'thinkingBlocks'): number => chunks.reduce((total, { meter }) => total + meter[key], 0)
    const told = events.findLast((event) => event.type === 'usage')
    expect(last('usage')).toEqual(told?.usage)
    expect(last('stop')).toEqual(events.findLast((event) => event.type === 'stop')?.stop)
    expect(sum('toolCalls')).toBe(folded.parts.filter(({ type }) => type === 'toolCall').length)
    expect(sum('thinkingBlocks')).toBe(
      folded.parts.filter(({ type }) => type === 'thinking' || type === 'redactedThinking').length,
    )
    expect(chunks.filter(({ meter }) => meter.ended).length).toBe(events.some(({ type }) => type === 'end') ? 1 : 0)
    expect(last('model')).toBe(events.length === 0 ? undefined : 'claude-sonnet-5-5')
  })
})

describe.each(fixtures.filter(({ expected }) => expected.error === undefined))('$name', ({ stream }) => {
  it('passes through a door of its own shape byte for byte, however it is cut', async () => {
    const whole = textOf(stream)
    for (let at = 1; at < stream.length; at++) expect(await bytesOut(splitAt(stream, at))).toBe(whole)
    expect(await bytesOut(byteByByte(stream))).toBe(whole)
  })
})

describe.each(fixtures.flatMap((each) => (each.response ? [{ ...each, response: each.response }] : [])))(
  '$name',
  ({ response, expected }) => {
    it('folds to what the unary answer says', () => {
      const unary = client.decodeResponse(response, cross)
      expect(foldEvents(unary.events())).toEqual(foldEvents(expected.events))
      expect(unary.verbatim).toBeUndefined()
      expect(client.decodeResponse(response, same).verbatim?.bytes).toBe(response)
    })
  },
)

describe('a stream to a door of its own shape', () => {
  it('carries each buffer as it came, partial frames too, once the answer has begun', async () => {
    const { stream } = fixture('text')
    const begins = textOf(stream).indexOf('\n\n') + 2
    const buffers = [stream.subarray(0, begins), stream.subarray(begins, begins + 5), stream.subarray(begins + 5)]
    const { chunks } = await decodeAll(buffers, same)
    expect(chunks.map(({ verbatim }) => verbatim?.bytes)).toEqual(buffers)
  })

  it('gives no verbatim bytes to a door of another shape', async () => {
    const { chunks } = await decodeAll([fixture('text').stream], cross)
    expect(chunks.every(({ verbatim }) => verbatim === undefined)).toBe(true)
  })

  it('counts what was delivered without parsing it: text, thinking, arguments, escapes as they are', async () => {
    const characters = async (name: string): Promise<number> => {
      const { chunks } = await decodeAll([fixture(name).stream], same)
      return chunks.reduce((sum, { meter }) => sum + meter.outputCharacters, 0)
    }
    expect(await characters('thinking-signature')).toBe('Let me think.42'.length)
    expect(await characters('text')).toBe(String.raw`Hello, wörld 🌍.\n\"quoted\"`.length)
    expect(await characters('parallel-tools')).toBe(String.raw`Looking.{\"city\": \"Paris\"}{\"city\": \"Oslo\"}`.length)
  })

  it("passes the provider's error frame on and adds none", async () => {
    const { stream } = fixture('error-after-first-byte')
    expect(await bytesOut([stream])).toBe(textOf(stream))
    const { error } = await decodeAll([stream], same)
    expect(error).toMatchObject({
      errorClass: 'overloaded',
      details: { delivered: true, upstream: { status: 529, type: 'overloaded_error' } },
    })
  })

  it('ends a stream that stopped short with an error frame, apart from the frame that was cut', async () => {
    const { stream } = fixture('cut-mid-frame')
    const out = await bytesOut(byteByByte(stream))
    expect(out.startsWith(`${textOf(stream)}\n\nevent: error\ndata: {"type":"error"`)).toBe(true)
    expect(out).not.toContain('message_stop"')
  })

  it('keeps the end of an answer when the connection breaks behind it', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield fixture('text').stream
      throw new Error('reset')
    }
    expect(await encodeAll(client.decodeStream(broken(), same))).toBe(textOf(fixture('text').stream))
  })

  it('lets a connection that breaks before the end be seen as what it is', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield fixture('cut-before-end').stream
      throw new Error('reset')
    }
    const drain = async (): Promise<void> => {
      for await (const chunk of client.decodeStream(broken(), same)) chunk.events()
    }
    await expect(drain()).rejects.toThrow('reset')
  })
})

describe('before the first event', () => {
  it('throws the error that stands in its place, with nothing released: it can be retried', async () => {
    for (const call of [same, cross]) {
      const { chunks, error } = await decodeAll(byteByByte(fixture('error-first').stream), call)
      expect(chunks).toEqual([])
      expect(error).toMatchObject({ errorClass: 'overloaded', message: 'Overloaded' })
      expect((error as { details: { delivered?: boolean } }).details.delivered).toBeUndefined()
    }
  })

  it.each([
    ['nothing', ''],
    ['HTML', '<html><body>502</body></html>'],
    ['a comment only', ': hello\n\n'],
  ])('calls %s no answer', async (_name, body) => {
    const { error } = await decodeAll(body === '' ? [] : [bytesOf(body)], same)
    expect(errorFactsOf(error)).toEqual({ errorClass: 'other', code: 'upstream_bad_response', status: 502 })
  })

  it('takes one JSON body for a stream of one chunk, whatever door asked', async () => {
    const { response, expected } = fixture('parallel-tools')
    for (const call of [same, cross]) {
      const { events, chunks, error } = await decodeAll(byteByByte(response ?? new Uint8Array(0)), call)
      expect(error).toBeUndefined()
      expect(foldEvents(events)).toEqual(foldEvents(expected.events))
      expect(chunks[0]?.verbatim).toBeUndefined()
    }
  })

  it('takes a JSON error body for the error it is', async () => {
    const { error } = await decodeAll(
      [bytesOf('{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}')],
      same,
    )
    expect(errorFactsOf(error)).toEqual({ errorClass: 'rate_limit', code: 'upstream_bad_response', status: 429 })
  })

  it('calls a frame that must be read and cannot be a bad response', async () => {
    const { error } = await decodeAll([bytesOf('event: message_start\ndata: {"type":\n\n')], same)
    expect(errorFactsOf(error)).toEqual({ errorClass: 'other', code: 'upstream_bad_response', status: 502 })
  })
})

describe('names that the request changed', () => {
  it("gives a tool its client's name back, in a stream and in a whole answer", async () => {
    const call = callFor('openai', { toolNames: new Map([['get_weather', 'get weather!']]) })
    const names = (events: readonly StreamEvent[]): readonly string[] =>
      foldEvents(events).parts.flatMap((part) => (part.type === 'toolCall' ? [part.name] : []))
    const { stream, response } = fixture('parallel-tools')
    expect(names((await decodeAll([stream], call)).events)).toEqual(['get weather!', 'get weather!'])
    expect(names(client.decodeResponse(response ?? new Uint8Array(0), call).events())).toEqual(['get weather!', 'get weather!'])
  })

  it("makes the answer tool's arguments the text and its stop an end, in a stream and in a whole answer", async () => {
    const call = callFor('openai', { answerTool: 'find_user' })
    const { stream, response } = fixture('big-integer-arguments')
    const decoded = await decodeAll([stream], call)
    const unary = client.decodeResponse(response ?? new Uint8Array(0), call)
    for (const events of [decoded.events, unary.events()]) {
      const { parts, stop } = foldEvents(events)
      expect(parts).toEqual([{ type: 'text', text: '{"id": 12345678901234567890, "score": 1.0}', citations: [] }])
      expect(stop).toEqual({ reason: 'end' })
    }
    const meters = [...decoded.chunks, unary].map(({ meter }) => [meter.toolCalls, meter.stop])
    expect(meters).toEqual([
      [0, { reason: 'end' }],
      [0, { reason: 'end' }],
    ])
  })

  it('leaves out what is said beside the answer tool: the text must stay JSON', async () => {
    const call = callFor('openai', { answerTool: 'get_weather' })
    const { stream, response } = fixture('parallel-tools')
    const decoded = await decodeAll([stream], call)
    for (const events of [decoded.events, client.decodeResponse(response ?? new Uint8Array(0), call).events()]) {
      const texts = foldEvents(events).parts.flatMap((part) => (part.type === 'text' ? [part.text] : []))
      expect(texts.map((said) => JSON.parse(said))).toEqual([expect.any(Object), expect.any(Object)])
    }
  })
})
