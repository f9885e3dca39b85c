import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes } from '../../src/lib/bytes.ts'
import { createFrameTracker, createSseDecoder, encodeSse, type SseDecoderOptions } from '../../src/lib/sse.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)

interface Read {
  readonly events: readonly { readonly event: string; readonly data: string }[]
  readonly text: string
}

function read(parts: readonly Uint8Array[], options?: SseDecoderOptions): Read {
  const decoder = createSseDecoder(options)
  const batches = [...parts.map((part) => decoder.push(part)), decoder.end()]
  return {
    events: batches.flatMap((batch) => batch.events.map(({ event, data }) => ({ event, data }))),
    text: textOf(concatBytes(batches.map((batch) => batch.bytes))),
  }
}

const cut = (bytes: Uint8Array, points: readonly number[]): Uint8Array[] => {
  const stops = [0, ...points.toSorted((a, b) => a - b), bytes.length]
  return stops.slice(1).map((stop, i) => bytes.subarray(stops[i], stop))
}

const stream =
  ': hello\n\nevent: a\ndata: {"x":"é日😀"}\n\nid: 7\nretry: 5\ndata:one\ndata: two\n\n\n\n: ping\n\ndata\n\ndata: last\n'
const events = [
  { event: 'a', data: '{"x":"é日😀"}' },
  { event: '', data: 'one\ntwo' },
  { event: '', data: '' },
  { event: '', data: 'last' },
]
const lineEnds = [
  ['LF', '\n'],
  ['CRLF', '\r\n'],
  ['CR', '\r'],
] as const

describe('the SSE decoder', () => {
  describe.each(lineEnds)('with %s', (_, lineEnd) => {
    const bytes = bytesOf(stream.replaceAll('\n', lineEnd))

    it('reads every event of a whole stream', () => {
      expect(read([bytes])).toEqual({ events, text: textOf(bytes) })
    })

    it('reads the same from any two pieces, and loses no byte', () => {
      for (let at = 0; at <= bytes.length; at++) expect(read(cut(bytes, [at]))).toEqual({ events, text: textOf(bytes) })
    })

    it('reads the same byte by byte', () => {
      expect(read(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual({ events, text: textOf(bytes) })
    })

    it('gives an event as soon as its blank line is there', () => {
      const decoder = createSseDecoder()
      expect(decoder.push(bytesOf(`data: 1${lineEnd}${lineEnd}`)).events).toHaveLength(1)
    })
  })

  it('reads any mixture of fields and line ends the same, however it is cut', () => {
    const line = fc.constantFrom(
      'data: x',
      'data:y é',
      'data',
      'event: e',
      'event:',
      ': c',
      'database: 1',
      'id: 1',
      '',
      '',
      'data: 😀',
    )
    const text = fc
      .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 12 })
      .map((lines) => lines.map((pair) => pair.join('')).join(''))
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 6 }), (whole, points) => {
        const bytes = bytesOf(whole)
        const pieces = cut(
          bytes,
          points.map((point) => Math.min(point, bytes.length)),
        )
        expect(read(pieces)).toEqual(read([bytes]))
      }),
      { numRuns: 500 },
    )
  })

  it('takes a byte order mark off once, at the start only, and passes its bytes on', () => {
    const text = '\uFEFFdata: 1\n\n\uFEFFdata: 2\n\ndata: \uFEFF3\n\n'
    for (let at = 0; at <= bytesOf(text).length; at++) {
      const result = read(cut(bytesOf(text), [at]))
      expect(result.events.map(({ data }) => data)).toEqual(['1', '\uFEFF3'])
      expect(result.text).toBe(text)
    }
  })

  it.each([
    ['a block without data is no event', 'event: a\n\ndata: 1\n\n', [{ event: '', data: '1' }]],
    ['only one space goes', 'data:  1\n\n', [{ event: '', data: ' 1' }]],
    ['a colon in the value stays', 'data: a: b\n\n', [{ event: '', data: 'a: b' }]],
    ['a field that only begins like ours is another', 'database: 1\neventual: 2\n\n', []],
    ['the last event name counts', 'event: a\nevent: b\ndata: 1\n\n', [{ event: 'b', data: '1' }]],
    ['the end mark is data like any other', 'data: [DONE]\n\n', [{ event: '', data: '[DONE]' }]],
    [
      'a last line without its end counts',
      'data: 1\n\ndata: 2',
      [
        { event: '', data: '1' },
        { event: '', data: '2' },
      ],
    ],
  ])('%s', (_, text, expected) => {
    expect(read([bytesOf(text)]).events).toEqual(expected)
  })

  it('keeps offsets true behind bytes that are not UTF-8', () => {
    const bytes = concatBytes([bytesOf('data: '), Uint8Array.of(0xff, 0xe2, 0x82), bytesOf('\n\ndata: b\n\n')])
    const batch = createSseDecoder().push(bytes)
    expect(batch.events.map(({ data, begin, end }) => [data, textOf(bytes.subarray(begin, end))])).toEqual([
      ['\uFFFD\uFFFD', textOf(bytes.subarray(0, 11))],
      ['b', 'data: b\n\n'],
    ])
  })

  it.each(lineEnds)('cuts single events out by begin and end, with %s', (_, lineEnd) => {
    const blocks = ['event: é\ndata: 1\n\n', ': c\ndata: 2日\ndata: 3\n\n', 'data: 4\n\n'].map((b) => b.replaceAll('\n', lineEnd))
    const { bytes, events } = createSseDecoder().push(bytesOf(blocks.join('')))
    expect(events.map(({ begin, end }) => textOf(bytes.subarray(begin, end)))).toEqual(blocks)
    const without = events.map(({ begin, end }) => concatBytes([bytes.subarray(0, begin), bytes.subarray(end)]))
    expect(without.map((rest) => read([rest]).events.map(({ data }) => data))).toEqual([
      ['2日\n3', '4'],
      ['1', '4'],
      ['1', '2日\n3'],
    ])
  })

  it('hands the buffer on as a view when nothing was left over', () => {
    const buffer = bytesOf('data: 1\n\ndata: 2')
    expect(createSseDecoder().push(buffer).bytes.buffer).toBe(buffer.buffer)
  })

  it.each([
    ['in one buffer', (bytes: Uint8Array) => [bytes]],
    ['byte by byte', (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte))],
  ])('refuses an event beyond the limit and takes one at it, %s', (_, split) => {
    const tooLong = new Error('ours')
    const options = { maxEventBytes: 12, onTooLong: () => tooLong }
    expect(read(split(bytesOf('data: 1234\n\ndata: 5678\n\n')), options).events).toHaveLength(2)
    expect(() => read(split(bytesOf('data: 12345\n\n')), options)).toThrow(tooLong)
    expect(() => read(split(bytesOf(': never ends')), { ...options, maxEventBytes: 11 })).toThrow(tooLong)
  })

  it('costs no square of its length when one event comes in many buffers', () => {
    const part = new Uint8Array(1024).fill(97)
    const decoder = createSseDecoder()
    decoder.push(bytesOf('data: '))
    for (let i = 0; i < 15_000; i++) expect(decoder.push(part).events).toHaveLength(0)
    expect(decoder.push(bytesOf('\n\n')).events[0]?.data).toHaveLength(15_000 * 1024)
  })
})

describe('encodeSse', () => {
  it.each([
    [null, 'x', 'data: x\n\n'],
    ['ping', '{}', 'event: ping\ndata: {}\n\n'],
    [null, 'a\nb\r\nc\rd', 'data: a\ndata: b\ndata: c\ndata: d\n\n'],
  ])('writes %j %j', (event, data, expected) => {
    expect(encodeSse(event, data)).toBe(expected)
  })

  it('is read back as it was', () => {
    const lines = fc.array(
      fc.string({ unit: 'binary' }).map((line) => line.replaceAll(/[\r\n]/g, '')),
      { minLength: 1 },
    )
    fc.assert(
      fc.property(lines, (parts) => {
        const data = parts.join('\n')
        expect(read([bytesOf(encodeSse('e', data))]).events).toEqual([{ event: 'e', data }])
      }),
    )
  })
})

describe('the frame tracker', () => {
  it.each([
    ['', true],
    ['data: 1', false],
    ['data: 1\n', false],
    ['data: 1\n\n', true],
    ['data: 1\r\n', false],
    ['data: 1\r\n\r\n', true],
    ['data: 1\r\r', true],
    ['data: 1\n\ndata', false],
    ['data: 1\n\n\n', true],
    ['\n', true],
  ])('after %j says %j, cut anywhere', (text, between) => {
    const bytes = bytesOf(text)
    for (let at = 0; at <= bytes.length; at++) {
      const tracker = createFrameTracker()
      for (const part of cut(bytes, [at])) tracker.add(part)
      expect(tracker.between).toBe(between)
    }
  })
})
