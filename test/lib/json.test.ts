import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { childSpans, scanJson, spliceBytes } from '../../src/lib/json.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array, start = 0, end = bytes.length): string => new TextDecoder().decode(bytes.subarray(start, end))
const valueOf = (bytes: Uint8Array, start: number, end: number): unknown => JSON.parse(textOf(bytes, start, end))

/** The same document in one of the spellings that JSON allows. */
const spelling = fc.constantFrom(
  (value: unknown) => JSON.stringify(value),
  (value: unknown) => JSON.stringify(value, null, 2),
  (value: unknown) => ` \r\n\t${JSON.stringify(value, null, '\t')}\n `,
)
const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 4 }), { noNullPrototype: true })

describe('scanJson', () => {
  it('finds the keys and values that JSON.parse finds, in any spelling', () => {
    fc.assert(
      fc.property(object, spelling, (document, write) => {
        const bytes = bytesOf(write(document))
        const entries = scanJson(bytes).topLevel
        const parsed: unknown = JSON.parse(textOf(bytes))
        expect(Object.fromEntries(entries.map((e) => [e.key, valueOf(bytes, e.valueStart, e.valueEnd)]))).toEqual(parsed)
        for (const e of entries) expect(valueOf(bytes, e.keyStart, e.keyEnd)).toBe(e.key)
      }),
      { numRuns: 300 },
    )
  })

  it('never throws and always ends, whatever it is given', () => {
    const noise = fc
      .array(fc.constantFrom('{', '}', '[', ']', '"', '\\', ',', ':', '1', 'e9', ' ', 'é', 'a'))
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(noise, (text) => {
        for (const entry of scanJson(bytesOf(text)).topLevel) expect(entry.valueEnd).toBeGreaterThan(entry.valueStart)
        childSpans(bytesOf(text), 0)
      }),
      { numRuns: 1000 },
    )
  })

  it.each([
    ['keys given twice', '{"model":"a","x":{"model":1},"model":"b"}', ['model', 'x', 'model']],
    ['an escaped spelling of a key', String.raw`{"mod\u0065l":"a","model":"b"}`, ['model', 'model']],
    ['a key with quotes and backslashes', String.raw`{"a\"b":1,"c\\":2,"\\\"":3}`, ['a"b', 'c\\', '\\"']],
    ['a key that looks like structure', '{"},{":1,"[":2}', ['},{', '[']],
    ['a key behind a byte order mark of its own', '{"\uFEFFmodel":1}', ['\uFEFFmodel']],
    ['__proto__ as data', '{"__proto__":{"a":1}}', ['__proto__']],
    ['nothing in an array', '[{"model":1}]', []],
    ['nothing in a scalar', '"model"', []],
    ['nothing in an empty object', '{ }', []],
    ['nothing in no bytes', '', []],
  ])('sees %s', (_, text, keys) => {
    expect(scanJson(bytesOf(text)).topLevel.map(({ key }) => key)).toEqual(keys)
  })

  it('leaves spaces around a value out of its span', () => {
    const bytes = bytesOf('{ "a" : 12 , "b":\n[ 1 ]\n}')
    expect(scanJson(bytes).topLevel.map((e) => textOf(bytes, e.valueStart, e.valueEnd))).toEqual(['12', '[ 1 ]'])
  })

  it.each([
    [3, '[[[]]]', false],
    [2, '[[[]]]', true],
    [2, '{"a":{"b":1}}', false],
    [1, '{"a":{"b":1}}', true],
    [1, '{"a":"[[[["}', false],
    [1, '[[[[[', true],
  ])('says with a limit of %i whether %s is too deep', (maxDepth, text, depthExceeded) => {
    expect(scanJson(bytesOf(text), { maxDepth }).depthExceeded).toBe(depthExceeded)
  })

  it('allows 128 levels when no limit is named', () => {
    const nested = (depth: number): Uint8Array => bytesOf('['.repeat(depth) + ']'.repeat(depth))
    expect(scanJson(nested(128)).depthExceeded).toBe(false)
    expect(scanJson(nested(129)).depthExceeded).toBe(true)
  })

  it.each([
    ['{"a":1e308}', false],
    ['{"a":1e309}', true],
    ['{"a":[{"b":-2E+999}]}', true],
    [`{"a":1${'0'.repeat(309)}}`, true],
    [`{"a":0.${'0'.repeat(400)}1}`, false],
    ['{"a":"1e999"}', false],
    ['{"a":false,"b":true,"c":null}', false],
  ])('tells in %s a number that overflows', (text, numberOverflows) => {
    expect(scanJson(bytesOf(text)).numberOverflows).toBe(numberOverflows)
  })
})

describe('childSpans', () => {
  it('finds the elements and members that JSON.parse finds', () => {
    fc.assert(
      fc.property(fc.array(object), spelling, (list, write) => {
        const bytes = bytesOf(`{"list":${write(list)}}`)
        const [entry] = scanJson(bytes).topLevel
        const elements = childSpans(bytes, entry?.valueStart ?? 0)
        expect(elements.map(({ start, end }) => valueOf(bytes, start, end))).toEqual(JSON.parse(JSON.stringify(list)))
        for (const element of elements) {
          const members = childSpans(bytes, element.start).map((m) => [m.key, valueOf(bytes, m.start, m.end)] as const)
          expect(Object.fromEntries(members)).toEqual(valueOf(bytes, element.start, element.end))
        }
      }),
    )
  })

  it('says where a key stands in an object and none in an array', () => {
    expect(childSpans(bytesOf('{"a": 1}'), 0)).toEqual([{ key: 'a', keyStart: 1, start: 6, end: 7 }])
    expect(childSpans(bytesOf('[1, 2]'), 0)).toEqual([
      { start: 1, end: 2 },
      { start: 4, end: 5 },
    ])
    expect(childSpans(bytesOf('"ab"'), 0)).toEqual([])
  })
})

describe('spliceBytes', () => {
  it('makes edits in any order and moves nothing else', () => {
    const bytes = bytesOf('{"model":"é","big":9007199254740993}')
    const [model] = scanJson(bytes).topLevel
    const edits = [
      { start: bytes.length - 1, end: bytes.length - 1, text: ',"z":1.0' },
      { start: model?.valueStart ?? 0, end: model?.valueEnd ?? 0, text: '"日本"' },
    ]
    expect(textOf(spliceBytes(bytes, edits))).toBe('{"model":"日本","big":9007199254740993,"z":1.0}')
  })

  it('puts an insertion in front of a replacement that begins there', () => {
    const edits = [
      { start: 1, end: 2, text: 'X' },
      { start: 1, end: 1, text: '+' },
    ]
    expect(textOf(spliceBytes(bytesOf('abc'), edits))).toBe('a+Xc')
  })

  it.each([
    [
      'overlap',
      [
        { start: 0, end: 2, text: '' },
        { start: 1, end: 3, text: '' },
      ],
    ],
    ['lie behind the end', [{ start: 2, end: 9, text: 'x' }]],
    ['run backwards', [{ start: 2, end: 1, text: 'x' }]],
  ])('refuses edits that %s', (_, edits) => {
    expect(() => spliceBytes(bytesOf('abc'), edits)).toThrow(RangeError)
  })
})
