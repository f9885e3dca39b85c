import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createIdFactory, createUlidAt, isUlid } from '../../src/lib/ids.ts'

function idsAt(times: readonly number[], seed?: string): string[] {
  let at = 0
  const next = createIdFactory(() => times[at++] ?? 0, seed)
  return times.map(() => next())
}

const isRising = (ids: readonly string[]): boolean => ids.every((id, i) => i === 0 || id > (ids[i - 1] ?? ''))

describe('the id factory', () => {
  it('rises whatever the clock does', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 50 }), (jumps) => {
        const ids = idsAt(jumps.map((jump) => 1_790_000_000_000 + jump * 1000))
        expect(ids.every(isUlid)).toBe(true)
        expect(isRising(ids)).toBe(true)
      }),
    )
  })

  it('rises over thousands of ids in one millisecond', () => {
    expect(isRising(idsAt(Array.from({ length: 5000 }, () => 1_790_000_000_000)))).toBe(true)
  })

  it('carries the time in its first ten characters, fractions cut', () => {
    expect(idsAt([1_469_918_176_385.9])[0]?.slice(0, 10)).toBe('01ARYZ6S41')
  })

  it('stays above a seed of the past, the present and the future', () => {
    for (const ms of [1_000, 1_790_000_000_000, 1_990_000_000_000]) {
      const seed = createUlidAt(ms, new Uint8Array(16).fill(31))
      const ids = idsAt([1_790_000_000_000, 1_790_000_000_000], seed)
      expect(isRising([seed, ...ids])).toBe(true)
    }
  })

  it('moves the time on when a millisecond is used up', () => {
    const seed = '01ARYZ6S41ZZZZZZZZZZZZZZZZ'
    expect(idsAt([0], seed)[0]?.slice(0, 10)).toBe('01ARYZ6S42')
  })

  it('refuses a seed that is no ULID, instead of starting below what is on record', () => {
    expect(() => createIdFactory(() => 0, 'abc')).toThrow(RangeError)
  })
})

describe('createUlidAt', () => {
  it('writes the low five bits of each byte', () => {
    const bytes = Uint8Array.from({ length: 16 }, (_, i) => i * 2 + 0xe0)
    expect(createUlidAt(0, bytes)).toBe('000000000002468ACEGJMPRTWY')
  })

  it('refuses too few bytes and a time that does not fit', () => {
    expect(() => createUlidAt(0, new Uint8Array(15))).toThrow(RangeError)
    expect(() => createUlidAt(2 ** 48, new Uint8Array(16))).toThrow(RangeError)
    expect(() => createUlidAt(Number.NaN, new Uint8Array(16))).toThrow(RangeError)
  })
})

it.each([
  ['01ARZ3NDEKTSV4RRFFQ69G5FAV', true],
  ['7ZZZZZZZZZZZZZZZZZZZZZZZZZ', true],
  ['8ZZZZZZZZZZZZZZZZZZZZZZZZZ', false],
  ['01ARZ3NDEKTSV4RRFFQ69G5FAI', false],
  ['01arz3ndektsv4rrffq69g5fav', false],
  ['01ARZ3NDEKTSV4RRFFQ69G5FA', false],
  ['01ARZ3NDEKTSV4RRFFQ69G5FAV\n', false],
])('isUlid(%j) is %j', (text, expected) => {
  expect(isUlid(text)).toBe(expected)
})
