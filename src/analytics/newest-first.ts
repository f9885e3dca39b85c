// The parts of a window to look through for what is newest, newest first, so that a page costs what it shows.
import type { Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'
import type { Scope } from './endpoint.ts'
import type { Cursor } from './page.ts'
import { readUsage } from './usage.ts'
import type { Window } from './window.ts'

export interface Piece {
  readonly window: Window
  /** Whose calls to look for, by the index on sessions; null: all, by the index on time. */
  readonly sessionIds: readonly string[] | null
}

const hourUs = 3_600_000_000
const spanUs = { hour: hourUs, day: 24 * hourUs } as const
/** On a day with no more of them than this they are found by their sessions. */
const fewCalls = 500

/**
 * Where somebody is filtered for, only the days on which there was something, and of those only their sessions or hours: the
 * index on time finds the calls of one user by reading everybody's. Else hours, then longer and longer parts, so that a quiet
 * month is crossed in a few of them.
 */
export async function* newestPieces(db: Kysely<Database>, scope: Scope, from: Cursor | null): AsyncGenerator<Piece> {
  const whole = wholePiece(scope, from)
  const { startUs } = whole.window
  let { endUs } = whole.window
  if (endUs <= startUs) return
  if (scope.filters.some(([column]) => column === 'session_id')) return yield whole
  if (scope.filters.length > 0) {
    for (const day of await busySpans(db, { ...scope, window: { startUs, endUs } }, 'day')) yield* piecesOf(db, scope, day)
    return
  }
  for (let stepUs = hourUs; endUs > startUs; stepUs *= 2) {
    const stepStartUs = Math.max(startUs, endUs - stepUs)
    yield { window: { startUs: stepStartUs, endUs }, sessionIds: null }
    endUs = stepStartUs
  }
}

/** All that is left of the window behind the page before. */
export function wholePiece({ window: { startUs, endUs } }: Scope, from: Cursor | null): Piece {
  return { window: { startUs, endUs: from === null ? endUs : Math.min(endUs, from.timeUs + 1) }, sessionIds: null }
}

interface BusySpan {
  readonly window: Window
  readonly calls: number
}

async function* piecesOf(db: Kysely<Database>, scope: Scope, { window, calls }: BusySpan): AsyncGenerator<Piece> {
  if (calls > fewCalls) {
    for (const hour of await busySpans(db, { ...scope, window }, 'hour')) yield { window: hour.window, sessionIds: null }
    return
  }
  const sessions = await readUsage(db, { ...scope, window }, ['session_id'])
  yield { window, sessionIds: sessions.flatMap(({ keys: [id = null] }) => id ?? []) }
}

/** Newest first. */
async function busySpans(db: Kysely<Database>, scope: Scope, span: 'hour' | 'day'): Promise<readonly BusySpan[]> {
  const rows = await readUsage(db, scope, [span])
  return rows
    .map(({ keys: [start], usage }) => ({ startUs: Date.parse(start ?? '') * 1000, calls: usage.callCount }))
    .toSorted((a, b) => b.startUs - a.startUs)
    .map(({ startUs, calls }) => ({
      window: {
        startUs: Math.max(scope.window.startUs, startUs),
        endUs: Math.min(scope.window.endUs, startUs + spanUs[span]),
      },
      calls,
    }))
}
