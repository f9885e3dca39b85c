// Milliseconds as counts in buckets of 2 % each: they add up across hours and models, and a percentile read from them is
// beside the exact one by no more than `precision` says. The same reading everywhere, so that no two pages differ.

/** Count by bucket. */
export type Histogram = ReadonlyMap<number, number>

export const precision =
  'Milliseconds by nearest rank, read from buckets: beside the exact value by at most 1 % and 0.05 ms; what took less than 1 ms counts as 1 ms.'

const growth = Math.log(1.02)

/** Bucket 0 holds all up to 1 ms. */
export const bucketOf = (ms: number): number => (ms <= 1 ? 0 : Math.floor(Math.log(ms) / growth))

/** The geometric middle of a bucket, to a tenth. */
const msOf = (bucket: number): number => Math.round(Math.exp((bucket + 0.5) * growth) * 10) / 10

export function addHistogram(to: Map<number, number>, from: Histogram): void {
  for (const [bucket, count] of from) to.set(bucket, (to.get(bucket) ?? 0) + count)
}

/** `12:3 40:1`. */
export function histogramText(histogram: Histogram): string {
  return [...histogram].map(([bucket, count]) => `${bucket}:${count}`).join(' ')
}

export function histogramOf(text: string): Histogram {
  const histogram = new Map<number, number>()
  if (text === '') return histogram
  for (const entry of text.split(' ')) {
    const colon = entry.indexOf(':')
    histogram.set(Number(entry.slice(0, colon)), Number(entry.slice(colon + 1)))
  }
  return histogram
}

export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

/** null = nothing was counted. By nearest rank: the value that so many per cent of all do not exceed. */
export function percentilesOf(histogram: Histogram): Percentiles | null {
  const buckets = [...histogram].sort(([a], [b]) => a - b)
  const total = buckets.reduce((sum, [, count]) => sum + count, 0)
  if (total === 0) return null
  const at = (share: number): number => {
    const rank = Math.ceil(total * share)
    let seen = 0
    for (const [bucket, count] of buckets) {
      seen += count
      if (seen >= rank) return msOf(bucket)
    }
    return 0
  }
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99) }
}
