// What the API promises of its percentiles, and that parts add up to the whole.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addHistogram, bucketOf, histogramOf, histogramText, percentilesOf } from '../../src/analytics/histogram.ts'

const ms = fc.oneof(fc.double({ min: 0, max: 3, noNaN: true }), fc.double({ min: 1, max: 600_000, noNaN: true }))
const some = fc.array(ms, { minLength: 1, maxLength: 300 })

function histogramFrom(values: readonly number[]): Map<number, number> {
  const histogram = new Map<number, number>()
  for (const value of values) addHistogram(histogram, new Map([[bucketOf(value), 1]]))
  return histogram
}

describe('percentiles', () => {
  it('stand beside the exact ones by at most 1 % and 0.05 ms, from 1 ms on', () => {
    fc.assert(
      fc.property(some, (values) => {
        const sorted = values.toSorted((a, b) => a - b)
        const read = percentilesOf(histogramFrom(values))
        for (const [name, share] of [
          ['p50', 0.5],
          ['p95', 0.95],
          ['p99', 0.99],
        ] as const) {
          const exact = Math.max(1, sorted[Math.ceil(sorted.length * share) - 1] ?? 0)
          expect(Math.abs((read?.[name] ?? 0) - exact)).toBeLessThanOrEqual(exact * 0.01 + 0.05)
        }
      }),
    )
  })

  it('are the same from parts that were written, read and added, as from the whole', () => {
    fc.assert(
      fc.property(some, some, (one, other) => {
        const added = histogramFrom(one)
        addHistogram(added, histogramOf(histogramText(histogramFrom(other))))
        expect(percentilesOf(added)).toEqual(percentilesOf(histogramFrom([...one, ...other])))
      }),
    )
  })
})
