// Prometheus' text format (version 0.0.4): families of samples, printed.

export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  samples(): readonly Sample[]
}

export interface Sample {
  readonly labels: Labels
  readonly value: number
  /** `_bucket`, `_sum`, `_count` of a histogram. */
  readonly suffix?: string
}

export type Labels = Readonly<Record<string, string>>

export function printFamilies(families: readonly Family[]): string {
  return families.map(printFamily).join('')
}

function printFamily({ name, type, help, samples }: Family): string {
  const lines = samples().map(({ labels, value, suffix = '' }) => `${name}${suffix}${printLabels(labels)} ${value}\n`)
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function printLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`)
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (value: string): string => value.replace(/[\\"\n]/g, (sign) => (sign === '\n' ? '\\n' : `\\${sign}`))

export const prometheusType = 'text/plain; version=0.0.4; charset=utf-8'

export function counter(name: string, help: string, value: () => number): Family {
  return { name, type: 'counter', help, samples: () => [{ labels: {}, value: value() }] }
}

export function gauge(name: string, help: string, value: () => number): Family {
  return { name, type: 'gauge', help, samples: () => [{ labels: {}, value: value() }] }
}

export const buildInfo = (version: string): Family => ({
  name: 'metis_build_info',
  type: 'gauge',
  help: 'Always 1; its label is the version.',
  samples: () => [{ labels: { version }, value: 1 }],
})

/** Counts by one set of labels each. What clients and providers can make up names for is bounded: beyond `most` all is `other`. */
export interface Counts {
  add(labels: Labels, by?: number): void
  samples(): readonly Sample[]
}

export function createCounts(most = 200): Counts {
  const counts = new Map<string, { readonly labels: Labels; value: number }>()
  return {
    add(labels, by = 1) {
      const id = Object.values(labels).join('\n')
      const found = counts.get(id)
      if (found !== undefined) {
        found.value += by
      } else if (counts.size < most) {
        counts.set(id, { labels, value: by })
      } else {
        const other = Object.fromEntries(Object.keys(labels).map((name) => [name, 'other']))
        const rest = counts.get('') ?? { labels: other, value: 0 }
        rest.value += by
        counts.set('', rest)
      }
    },
    samples: () => [...counts.values()],
  }
}

/** Observations in buckets, as `bounds` ask: the last one, to infinity, is added. */
export interface Histogram {
  observe(value: number): void
  samples(labels: Labels): readonly Sample[]
}

export function createHistogram(bounds: readonly number[]): Histogram {
  const buckets = [...bounds, Infinity].map(() => 0)
  let sum = 0
  return {
    observe(value) {
      const at = bounds.findIndex((bound) => value <= bound)
      const bucket = at < 0 ? bounds.length : at
      buckets[bucket] = (buckets[bucket] ?? 0) + 1
      sum += value
    },
    samples(labels) {
      let count = 0
      const cumulative = buckets.map((inBucket, index) => {
        count += inBucket
        return { suffix: '_bucket', labels: { ...labels, le: String(bounds[index] ?? '+Inf') }, value: count }
      })
      return [...cumulative, { suffix: '_sum', labels, value: sum }, { suffix: '_count', labels, value: count }]
    },
  }
}
