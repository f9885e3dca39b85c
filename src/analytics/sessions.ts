// `/analytics/sessions`: who works on what, newest first. The index on time is walked back until a page of sessions has been
// seen; each is then summed by the index on sessions.
import type { Kysely } from 'kysely'
import * as z from 'zod'
import type { Database } from '../store/schema.ts'
import { defineEndpoint, type Scope } from './endpoint.ts'
import { newestPieces } from './newest-first.ts'
import { cursorOf, cursorTextOf, nextCursorField, pageFields, type Cursor } from './page.ts'
import { readSessions, sessionIdsIn, type SessionRows } from './session-rows.ts'
import { totalFields, totalsOf } from './totals.ts'
import { addUsage } from './usage-sums.ts'
import { isoOf } from './window.ts'

const textOrNull = z.string().nullable()

const session = z.object({
  session_id: z.string(),
  started_at: z.string(),
  last_call_at: z.string(),
  user_id: textOrNull,
  team_id: textOrNull,
  gateway_key_id: textOrNull,
  project: textOrNull,
  branch: textOrNull,
  client: textOrNull,
  /** Dearest first. */
  models: z.array(z.string()),
  failed_calls: z.int(),
  ...totalFields,
})

export const sessions = defineEndpoint({
  path: '/analytics/sessions',
  summary: 'Sessions with their cost, newest first',
  fields: pageFields,
  data: z.array(session),
  beside: nextCursorField,
  async read({ db }, scope, { limit, cursor }) {
    const found = await newestSessions(db, scope, cursorOf(cursor), limit + 1)
    const page = found.slice(0, limit)
    const last = page.at(-1)
    return {
      data: page.map(sessionOf),
      next_cursor: found.length > limit && last !== undefined ? cursorTextOf(placeOf(last)) : null,
    }
  },
})

const lastUs = (rows: SessionRows): number => Math.max(...rows.map((row) => row.usage.lastCallUs))
const placeOf = (rows: SessionRows): Cursor => ({ timeUs: lastUs(rows), id: rows[0].sessionId })
const isBefore = (a: Cursor, b: Cursor): boolean => a.timeUs < b.timeUs || (a.timeUs === b.timeUs && a.id < b.id)
const newestFirst = (a: SessionRows, b: SessionRows): number => (isBefore(placeOf(a), placeOf(b)) ? 1 : -1)

async function newestSessions(db: Kysely<Database>, scope: Scope, from: Cursor | null, count: number): Promise<SessionRows[]> {
  const found: SessionRows[] = []
  const seen = new Set<string>()
  for await (const piece of newestPieces(db, scope, from)) {
    const idsThere = piece.sessionIds ?? (await sessionIdsIn(db, { ...scope, window: piece.window }))
    const ids = idsThere.filter((id) => !seen.has(id))
    for (const id of ids) seen.add(id)
    // A session with a later call was on an earlier page.
    for (const rows of await readSessions(db, scope, ids)) if (from === null || isBefore(placeOf(rows), from)) found.push(rows)
    if (found.length >= count) break
  }
  return found.sort(newestFirst).slice(0, count)
}

function sessionOf(rows: SessionRows): z.infer<typeof session> {
  const dearest = [...rows].sort((a, b) => b.usage.costNanoUsd - a.usage.costNanoUsd || (a.model < b.model ? -1 : 1))
  const latest = rows.reduce((a, b) => (b.usage.lastCallUs > a.usage.lastCallUs ? b : a))
  const usage = rows.map((row) => row.usage).reduce(addUsage)
  return {
    session_id: latest.sessionId,
    started_at: isoOf(Math.min(...rows.map((row) => row.firstCallUs))),
    last_call_at: isoOf(usage.lastCallUs),
    user_id: latest.userId,
    team_id: latest.teamId,
    gateway_key_id: latest.gatewayKeyId,
    project: latest.project,
    branch: latest.branch,
    client: latest.client,
    models: [...new Set(dearest.map((row) => row.model))],
    failed_calls: rows.reduce((sum, row) => sum + row.failedCalls, 0),
    ...totalsOf(usage),
  }
}
