import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nanoUsdOf, usdOf } from '../../src/lib/money.ts'

describe('nanoUsdOf', () => {
  it.each([
    [0, 0],
    [-0, 0],
    [0.1, 100_000_000],
    [0.0008250000000000001, 825_000],
    [1e-7, 100],
    [5e-10, 1],
    [4.9e-10, 0],
    [-5e-10, -1],
    [1e-300, 0],
    ['0.000000001', 1],
    ['12.', 12_000_000_000],
    ['1.0000000005', 1_000_000_001],
    ['+2.5e3', 2_500_000_000_000],
    ['9007199.254740991', Number.MAX_SAFE_INTEGER],
  ])('of %j is %j', (usd, nanoUsd) => {
    expect(nanoUsdOf(usd)).toBe(nanoUsd)
  })

  it.each([Number.NaN, Infinity, 1e300, '9007199.254740992', '', 'abc', '1,5', '0x10', '.5', '1e9999', ' 1', '1\n'])(
    'refuses %j',
    (usd) => {
      expect(() => nanoUsdOf(usd)).toThrow(RangeError)
    },
  )
})

describe('usdOf', () => {
  const anAmount = fc.integer({ min: -8_388_607_999_999_999, max: 8_388_607_999_999_999 })

  it('comes back as it was', () => {
    fc.assert(
      fc.property(anAmount, (nanoUsd) => {
        expect(nanoUsdOf(usdOf(nanoUsd))).toBe(nanoUsd)
      }),
      { numRuns: 2000 },
    )
  })

  it('prints at most nine decimals, all of them true', () => {
    const exact = (nanoUsd: number): string => {
      const digits = String(nanoUsd).padStart(10, '0')
      return `${digits.slice(0, -9)}.${digits.slice(-9)}`.replace(/\.?0+$/, '') || '0'
    }
    // Below a thousandth JavaScript prints an exponent, so the plain form is asked for.
    const plain = (usd: number): string => usd.toFixed(9).replace(/\.?0+$/, '')
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8_388_607_999_999_999 }), (nanoUsd) => {
        expect(plain(usdOf(nanoUsd))).toBe(exact(nanoUsd))
        expect(JSON.stringify(usdOf(nanoUsd)).replace(/e.*$/, '').split('.')[1]?.length ?? 0).toBeLessThanOrEqual(9)
      }),
      { numRuns: 2000 },
    )
  })
})
