// Time cut into the bars of a chart, in the reader's time zone. The endpoints know hours and UTC days: where the reader's days
// are others, they are put together from hours; beyond a month that would be too many, and the days are UTC's; beyond a year and some, months.
import { timeFormat, utcFormat } from 'd3-time-format'

export interface Bucket {
  /** Beneath the axis. */
  readonly tick: string
  /** In the reading. */
  readonly title: string
}

export interface TimePlan {
  /** What to ask for. */
  readonly groupBy: 'hour' | 'day'
  readonly bars: 'hours' | 'local days' | 'utc days' | 'utc months'
}

export interface Span {
  readonly startMs: number
  readonly endMs: number
}

const hourMs = 3_600_000
const dayMs = 24 * hourMs

export function planOf({ startMs, endMs }: Span, offsetMinutes = new Date(endMs).getTimezoneOffset()): TimePlan {
  const length = endMs - startMs
  if (length <= 2 * dayMs) return { groupBy: 'hour', bars: 'hours' }
  if (length > 32 * dayMs) return { groupBy: 'day', bars: 'utc days' }
  return offsetMinutes === 0 ? { groupBy: 'day', bars: 'utc days' } : { groupBy: 'hour', bars: 'local days' }
}

export interface TimeBuckets {
  /** What a bar is, in the end. */
  readonly bars: TimePlan['bars']
  readonly buckets: readonly (Bucket & { readonly startMs: number })[]
  /** null = outside. `instant` is an hour or a UTC day as the endpoints print it. */
  indexOf(instant: string): number | null
}

const [clock, hourTitle] = [timeFormat('%H:%M'), timeFormat('%a %-d %b, %H:%M')]
const [localTick, localTitle] = [timeFormat('%-d %b'), timeFormat('%A %-d %b %Y')]
const [monthTick, monthTitle] = [utcFormat('%b %Y'), utcFormat('%B %Y')]
const [utcTick, utcTitle] = [utcFormat('%-d %b'), utcFormat('%A %-d %b %Y')]

/** More bars than this would be thinner than a hair. */
const mostDays = 400

export function timeBuckets({ startMs, endMs }: Span, plan: TimePlan): TimeBuckets {
  const bars = plan.bars === 'utc days' && endMs - startMs > mostDays * dayMs ? 'utc months' : plan.bars
  const starts: number[] = []
  for (let at = floorOf(startMs, bars); at < endMs; at = nextOf(at, bars)) starts.push(at)
  const place = new Map(starts.map((start, index) => [start, index]))
  return {
    bars,
    buckets: starts.map((start) => bucketOf(start, bars)),
    indexOf: (instant) => place.get(floorOf(Date.parse(instant), bars)) ?? null,
  }
}

function floorOf(ms: number, bars: TimePlan['bars']): number {
  if (bars === 'hours') return Math.floor(ms / hourMs) * hourMs
  if (bars === 'utc days') return Math.floor(ms / dayMs) * dayMs
  const date = new Date(ms)
  return bars === 'utc months' ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) : date.setHours(0, 0, 0, 0)
}

/** A local day may have 23 or 25 hours, a month 28 to 31 days. */
function nextOf(startMs: number, bars: TimePlan['bars']): number {
  if (bars === 'hours') return startMs + hourMs
  if (bars === 'utc days') return startMs + dayMs
  const date = new Date(startMs)
  if (bars === 'utc months') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1)
  // Not a day later than this start: where clocks go forward at midnight, a day begins at one, and the next one at midnight again.
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + 1).getTime()
}

function bucketOf(startMs: number, bars: TimePlan['bars']): Bucket & { readonly startMs: number } {
  const date = new Date(startMs)
  switch (bars) {
    case 'hours':
      return { startMs, tick: clock(date), title: hourTitle(date) }
    case 'local days':
      return { startMs, tick: localTick(date), title: localTitle(date) }
    case 'utc days':
      return { startMs, tick: utcTick(date), title: utcTitle(date) }
    case 'utc months':
      return { startMs, tick: monthTick(date), title: monthTitle(date) }
    default:
      return bars satisfies never
  }
}
