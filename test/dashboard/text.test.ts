// What needs no browser: numbers as they are read, CSV, time cut into bars, and how much a browser must load.
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { assets } from '../../src/dashboard/assets.gen.ts'
import { csvOf } from '../../src/dashboard/csv.ts'
import {
  exactUsd,
  formatAgo,
  formatMs,
  formatShare,
  formatShort,
  formatSpan,
  formatUsd,
  shortId,
} from '../../src/dashboard/format.ts'
import { gatewayUrlOf } from '../../src/dashboard/gateway-url.ts'
import { planOf, timeBuckets } from '../../src/dashboard/time-buckets.ts'
import { nanoUsdOf, usdOf } from '../../src/lib/money.ts'

describe('money', () => {
  it.each([
    [0, '$0.00'],
    [1234.5, '$1,234.50'],
    [0.1, '$0.10'],
    [0.0996, '$0.10'],
    [0.0123, '$0.0123'],
    [0.000123456, '$0.000123'],
    [1e-9, '$0.000000001'],
    [-3.19, '−$3.19'],
    [-0.00042, '−$0.000420'],
  ])('%f reads %s', (amount, text) => expect(formatUsd(amount)).toBe(text))

  it('says every nano-dollar where it is exact', () => {
    fc.assert(
      fc.property(fc.integer({ min: -8_000_000_000_000_000, max: 8_000_000_000_000_000 }), (nanoUsd) => {
        const text = exactUsd(usdOf(nanoUsd)).replace('−', '-').replace('$', '')
        expect(nanoUsdOf(text)).toBe(nanoUsd)
        expect(text).toMatch(/\.\d{2,9}$/)
      }),
    )
  })
})

describe('other numbers', () => {
  it.each([
    [formatShort(9999), '9,999'],
    [formatShort(12_345), '12.3k'],
    [formatShort(999_499), '999k'],
    [formatShort(32_000), '32.0k'],
    [formatShort(999_600), '1.00M'],
    [formatShort(1_234_000_000), '1.23B'],
    [formatShort(1_234_000_000_000), '1,234B'],
    [formatShare(0), '0%'],
    [formatShare(0.0001), '<0.1%'],
    [formatShare(0.99999), '>99.9%'],
    [formatShare(1), '100%'],
    [formatMs(0.24), '0.2 ms'],
    [formatMs(9_990), '9.99 s'],
    [formatMs(72_000), '1m 12s'],
    [formatSpan(0), '0s'],
    [formatSpan(90_000_000), '1d 1h'],
    [formatAgo(0, 120_000), '2m ago'],
    [formatAgo(0, 4000), 'just now'],
    [shortId('gk_01KB2M3N4P5Q6R7S8T9VWXYZ01'), 'gk_01KB2…XYZ01'],
    [shortId('gk_alice'), 'gk_alice'],
  ])('%s', (text, expected) => expect(text).toBe(expected))
})

it.each([
  ['http://127.0.0.1:8421/dashboard/', false, 'http://127.0.0.1:8422'],
  ['http://[::1]:8421/dashboard/', false, 'http://[::1]:8422'],
  ['https://metis.example.com/dashboard/', false, 'https://metis.example.com'],
  ['http://127.0.0.1:8787/dashboard/', true, 'http://127.0.0.1:8787'],
  ['https://metis.example.workers.dev/dashboard/', true, 'https://metis.example.workers.dev'],
])('lines to copy on %s, serverless %s, lead to %s', (page, isServerless, gateway) =>
  expect(gatewayUrlOf(new URL(page), isServerless)).toBe(gateway),
)

it('writes CSV that quotes, keeps small numbers whole, and disarms formulas', () => {
  expect(
    csvOf(
      ['a', 'b'],
      [
        ['x,"y"\n', 1e-9],
        ['@SUM(1)', null],
        ['-1+1', -5],
        ['sum', 99.9999999999],
      ],
    ),
  ).toBe('a,b\r\n"x,""y""\n",0.000000001\r\n\'@SUM(1),\r\n\'-1+1,-5\r\nsum,100\r\n')
})

describe('time in bars', () => {
  const span = (days: number) => ({ startMs: Date.parse('2026-11-23T12:00:00Z') - days * 86_400_000, endMs: Date.parse('2026-11-23T12:00:00Z') }) // prettier-ignore

  it.each([
    [1, 0, 'hours'],
    [7, 0, 'utc days'],
    [7, -60, 'local days'],
    [31, 300, 'local days'],
    [90, 300, 'utc days'],
    [Infinity, 300, 'utc days'],
  ])('%d days at offset %d are %s', (days, offset, bars) => expect(planOf(span(days), offset).bars).toBe(bars))

  it('are months where days would be too many', () => {
    const { buckets, indexOf } = timeBuckets(span(800), { groupBy: 'day', bars: 'utc days' })
    expect([buckets.length, buckets.at(-1)?.title]).toEqual([27, 'November 2026'])
    expect(indexOf('2026-10-31')).toBe(25)
  })

  it.each(['Africa/Cairo', 'America/Santiago', 'Asia/Beirut', 'America/Havana', 'Europe/Berlin', 'Asia/Kolkata'])(
    'find every hour of a year in %s, also where a day begins at one',
    (zone) => {
      vi.stubEnv('TZ', zone)
      try {
        for (let month = 0; month < 12; month += 1) {
          const [startMs, endMs] = [Date.UTC(2026, month, 1), Date.UTC(2026, month + 1, 1)]
          const { indexOf, buckets } = timeBuckets({ startMs, endMs }, { groupBy: 'hour', bars: 'local days' })
          for (let at = startMs; at < endMs; at += 3_600_000) {
            const found = buckets[indexOf(new Date(at).toISOString()) ?? -1]
            expect(found === undefined ? null : new Date(found.startMs).getDate()).toBe(new Date(at).getDate())
          }
        }
      } finally {
        vi.unstubAllEnvs()
      }
    },
  )

  it('cover the window without a gap, and finds every instant in it', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.constantFrom('hours', 'local days', 'utc days', 'utc months'),
        (days, bars) => {
          const { buckets, indexOf } = timeBuckets(span(days), { groupBy: 'hour', bars })
          for (const [at, { startMs }] of buckets.entries()) expect(indexOf(new Date(startMs).toISOString())).toBe(at)
          expect(buckets[0]?.startMs).toBeLessThanOrEqual(span(days).startMs)
          expect(indexOf('1999-01-01T00:00:00Z')).toBe(null)
        },
      ),
    )
  })
})

it('is no more than 60 kB of script and 6 kB of style, compressed, and no font or image but the icon', () => {
  const weigh = (ending: string): number =>
    [...assets].filter(([path]) => path.endsWith(ending)).reduce((sum, [, { body }]) => sum + gzipSync(body).length, 0)
  expect(weigh('.js')).toBeLessThan(60_000)
  expect(weigh('.css')).toBeLessThan(6_000)
  const endings = new Set([...assets.keys()].map((path) => path.split('.').at(-1)))
  expect(endings).toEqual(new Set(['html', 'js', 'css', 'svg']))
})
