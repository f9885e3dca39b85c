// How the usage of settled spans is split, and which split answers a question.
import { spanUs, type Span } from '../store/settled.ts'
import type { Filters } from './filters.ts'
import type { Dimension } from './dimensions.ts'
import type { Window } from './window.ts'

type Column = Exclude<Dimension, 'hour' | 'day'>
export type Split = readonly Column[]

const whole: Split = ['gateway_key_id', 'user_id', 'team_id', 'project', 'branch', 'client', 'inbound_shape', 'provider', 'model']

/** The narrow ones first, because the first that has all that is asked for is read; the pairs are what by_key, by_team and by_user ask for. */
const ofDays: readonly Split[] = [
  ['model'],
  ['provider'],
  ['client'],
  ['project'],
  ['branch'],
  ['team_id', 'user_id'],
  ['user_id', 'gateway_key_id'],
  ['gateway_key_id', 'inbound_shape'],
  whole,
  ['session_id'],
  ['session_id', ...whole],
  ['tags_json'],
  ['tags_json', ...whole],
]

/** Of hours only what `usage_hourly` has not, or has too finely for a month of them. */
const ofHours: readonly Split[] = [
  ['model'],
  ['provider'],
  ['client'],
  ['team_id'],
  ['project'],
  ['session_id'],
  ['session_id', ...whole],
  ['tags_json'],
]

export const splits: Readonly<Record<Span, readonly Split[]>> = { day: ofDays, hour: ofHours }

export const splitName = (split: Split): string => split.join(' ')

/** null: no split has all of these. */
export function splitFor(span: Span, dimensions: readonly Dimension[], filters: Filters): Split | null {
  if (span === 'day' && dimensions.includes('hour')) return null
  const needed = [
    ...dimensions.filter((dimension) => dimension !== 'day' && dimension !== 'hour'),
    ...filters.map(([column]) => column),
  ]
  return splits[span].find((split) => needed.every((column) => split.some((each) => each === column))) ?? null
}

export interface Parts {
  readonly settled: readonly Window[]
  readonly rest: readonly Window[]
}

/** The window as runs of settled spans, and what lies between them. `starts` rise. */
export function partsOf(window: Window, span: Span, starts: readonly number[]): Parts {
  const settled: { startUs: number; endUs: number }[] = []
  for (const startUs of starts) {
    if (startUs < window.startUs || startUs + spanUs[span] > window.endUs) continue
    const last = settled.at(-1)
    if (last !== undefined && last.endUs === startUs) last.endUs += spanUs[span]
    else settled.push({ startUs, endUs: startUs + spanUs[span] })
  }
  const rest: Window[] = []
  let fromUs = window.startUs
  for (const { startUs, endUs } of settled) {
    if (fromUs < startUs) rest.push({ startUs: fromUs, endUs: startUs })
    fromUs = endUs
  }
  if (fromUs < window.endUs) rest.push({ startUs: fromUs, endUs: window.endUs })
  return { settled, rest }
}

export const longestFirst = (a: Window, b: Window): number => b.endUs - b.startUs - (a.endUs - a.startUs)

/** In their order, and those that touch each other as one. */
export function joined(windows: readonly Window[]): readonly Window[] {
  const whole: { startUs: number; endUs: number }[] = []
  for (const { startUs, endUs } of windows.toSorted((a, b) => a.startUs - b.startUs)) {
    const last = whole.at(-1)
    if (last !== undefined && last.endUs === startUs) last.endUs = endUs
    else whole.push({ startUs, endUs })
  }
  return whole
}
