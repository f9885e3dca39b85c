// Which time a query is about: a named window, or `from` and `to`. Half-open, UTC, in µs.
import * as z from 'zod'
import { DAY_US as dayUs, microsecondsOf, monthStartUs } from '../lib/calendar.ts'
import { InvalidParameter } from './invalid-parameter.ts'

export interface Window {
  /** Inclusive. */
  readonly startUs: number
  /** Exclusive. */
  readonly endUs: number
}

const names = ['24h', '7d', '30d', '90d', 'mtd', 'all'] as const
const instant = z.string().transform((text, context) => {
  const us = microsecondsOf(text)
  if (us !== null) return us
  context.addIssue({
    code: 'custom',
    message: 'must be a date or time in ISO 8601 and UTC from 1970 to 2199: 2026-11-23 or 2026-11-23T08:00:00Z',
  })
  return z.NEVER
})

export const windowFields = {
  window: z.enum(names, `must be one of ${names.join(', ')}`).optional(),
  from: instant.optional(),
  to: instant.optional(),
}

const lengthUs = { '24h': dayUs, '7d': 7 * dayUs, '30d': 30 * dayUs, '90d': 90 * dayUs } as const

/**
 * The last seven days when nothing is named; the answer's envelope always says which window it was.
 * @throws InvalidParameter for a window beside `from` or `to`, or one that ends before it starts
 */
export function windowOf(
  asked: {
    readonly window?: (typeof names)[number] | undefined
    readonly from?: number | undefined
    readonly to?: number | undefined
  },
  nowUs: number,
): Window {
  if (asked.from === undefined && asked.to === undefined) return namedWindow(asked.window ?? '7d', nowUs)
  if (asked.window !== undefined) throw new InvalidParameter('window', 'cannot stand beside from or to')
  const endUs = asked.to ?? nowUs
  const startUs = asked.from ?? Math.max(0, endUs - lengthUs['7d'])
  if (startUs > endUs) throw new InvalidParameter('from', 'must not be later than the end of the window')
  return { startUs, endUs }
}

function namedWindow(name: (typeof names)[number], nowUs: number): Window {
  switch (name) {
    case 'all':
      return { startUs: 0, endUs: nowUs }
    case 'mtd':
      return { startUs: monthStartUs(nowUs), endUs: nowUs }
    default:
      return { startUs: nowUs - lengthUs[name], endUs: nowUs }
  }
}

/** The window of the same length that ends where this one begins; null when there is none since 1970. */
export function windowBefore({ startUs, endUs }: Window): Window | null {
  const start = startUs - (endUs - startUs)
  return start < 0 || startUs === 0 ? null : { startUs: start, endUs: startUs }
}

/** `2026-11-23T08:00:00.000Z`; µs are printed where there are some. */
export function isoOf(us: number): string {
  const text = new Date(Math.floor(us / 1000)).toISOString()
  const rest = us % 1000
  return rest === 0 ? text : `${text.slice(0, -1)}${String(rest).padStart(3, '0')}Z`
}
