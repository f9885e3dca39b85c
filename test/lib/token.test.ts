import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { crc32 } from '../../src/lib/crc32.ts'
import { encodeCrockford } from '../../src/lib/crockford.ts'
import { constantTimeEqual, createToken, parseToken, TOKEN_RANDOM_BYTES } from '../../src/lib/token.ts'

const ulid = '01ARZ3NDEKTSV4RRFFQ69G5FAV'
const token = createToken(
  ulid,
  Uint8Array.from({ length: 17 }, (_, i) => i * 15),
)

describe('tokens', () => {
  it('have the shape that scanners are told, for any random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: TOKEN_RANDOM_BYTES, maxLength: 32 }), (random) => {
        const made = createToken(ulid, random)
        expect(made).toHaveLength(61)
        expect(made).toMatch(/^gw_[0-7][0-9A-HJKMNP-TV-Z]{51}[0-9A-Za-z]{6}$/)
        expect(parseToken(made)).toEqual({ keyId: `gk_${ulid}` })
      }),
    )
  })

  it('differ with each of the 130 random bits', () => {
    const made = new Set([createToken(ulid, new Uint8Array(17))])
    for (let bit = 0; bit < 130; bit++) {
      const random = new Uint8Array(17)
      random[bit >> 3] = 128 >> (bit & 7)
      made.add(createToken(ulid, random))
    }
    expect(made.size).toBe(131)
  })

  it('are refused with any one character changed', () => {
    for (let at = 0; at < token.length; at++) {
      for (const other of ['0', '5', 'Z']) {
        const changed = token.slice(0, at) + other + token.slice(at + 1)
        if (changed !== token) expect(parseToken(changed)).toBeNull()
      }
    }
  })

  it.each([
    '',
    'gw_',
    ulid,
    `gk_${ulid}`,
    `gw_${ulid}`,
    token.toLowerCase(),
    ` ${token}`,
    `${token}\n`,
    token + token,
    "gw_' OR 1=1 --",
    '__proto__',
    'é'.repeat(61),
    'x'.repeat(12_000),
  ])('are not %j', (text) => {
    expect(parseToken(text)).toBeNull()
  })

  it('are not made of too little randomness or of another id', () => {
    expect(() => createToken(ulid, new Uint8Array(16))).toThrow(RangeError)
    expect(() => createToken('not-a-ulid', new Uint8Array(17))).toThrow(RangeError)
  })
})

it.each([
  ['', '', true],
  ['abc', 'abc', true],
  ['abc', 'abd', false],
  ['abc', 'ab', false],
  ['ab', 'abc', false],
  ['', 'a', false],
  ['abc\0', 'abc', false],
])('constantTimeEqual(%j, %j) is %j', (a, b, expected) => {
  expect(constantTimeEqual(a, b)).toBe(expected)
})

it('crc32 gives the check value of the standard', () => {
  expect(crc32('123456789')).toBe(0xcbf43926)
})

it('Crockford reads bits from the highest on', () => {
  expect(encodeCrockford(Uint8Array.of(0b11111_000, 0b01_00010_0), 3)).toBe('Z12')
})
