// The parts of a window to look through for what is newest, newest first, so that a page costs what it shows.
import type { Kysely } from 'kysely'
import type { Database } from '../store/schema.ts'
import type { Scope } from './endpoint.ts'
import type { Cursor } from './page.ts'
import { readUsage } from './usage.ts'
import type { Window } from './window.ts'

const hourUs = 3_600_000_000

/**
 * Where somebody is filtered for, only the hours in which there was something: the index on time finds the calls of one user
 * by reading everybody's. Else hours, then longer and longer parts, so that a quiet month is crossed in a few of them.
 */
export async function* newestPieces(db: Kysely<Database>, scope: Scope, from: Cursor | null): AsyncGenerator<Window> {
  const { startUs } = scope.window
  let endUs = from === null ? scope.window.endUs : Math.min(scope.window.endUs, from.timeUs + 1)
  if (endUs <= startUs) return
  if (scope.filters.some(([column]) => column === 'session_id')) {
    yield { startUs, endUs }
    return
  }
  if (scope.filters.length > 0) {
    const hours = await readUsage(db, { ...scope, window: { startUs, endUs } }, ['hour'])
    const starts = hours.map(({ keys: [hour] }) => Date.parse(hour ?? '') * 1000).toSorted((a, b) => b - a)
    for (const start of starts) yield { startUs: Math.max(startUs, start), endUs: Math.min(endUs, start + hourUs) }
    return
  }
  for (let stepUs = hourUs; endUs > startUs; stepUs *= 2) {
    const stepStartUs = Math.max(startUs, endUs - stepUs)
    yield { startUs: stepStartUs, endUs }
    endUs = stepStartUs
  }
}
