// Which of the calls that a log tells came over the wire as well: then the wire counts.
import type { Kysely } from 'kysely'
import * as z from 'zod'
import { eventPages } from '../event-pages.ts'
import { readPrunedUs } from '../prune.ts'
import type { Database } from '../schema.ts'
import { parsedJson } from '../stored-calls.ts'
import type { ImportedCall } from './imported-call.ts'

export interface Wire {
  /** By the provider's request id; a log that has none is on the wire where its session is. Remembers what it was asked for. */
  has(call: ImportedCall): boolean
  /** Of the calls that were asked for and can be told one by one: output tokens on the wire, and in the log. */
  compared(): Compared
}

export interface Compared {
  readonly comparedCalls: number
  readonly wireOutputTokens: number
  readonly loggedOutputTokens: number
}

/** D1 takes 100 parameters a statement. */
const idsPerQuery = 90
const pageSize = 500
/** A log writes an answer when it is there, the wire when it ended. */
const marginUs = 3_600_000_000

export async function readWire(db: Kysely<Database>, calls: readonly ImportedCall[]): Promise<Wire> {
  const sessions = await readSessions(db, [...new Set(calls.map((call) => call.sessionId))])
  // Not only in those sessions: a client may name another one to the gateway than its log has.
  const requests = await readRequests(
    db,
    calls.filter((call) => call.requestId !== null),
  )
  const prunedUs = await readPrunedUs(db)
  const seen = new Map<string, number>()
  let comparedCalls = 0
  let loggedOutputTokens = 0
  return {
    has({ sessionId, requestId, timestampUs, usage }) {
      const tokens = requestId === null ? sessions.get(sessionId) : requests.get(requestId)
      if (tokens !== undefined) {
        seen.set(requestId ?? sessionId, tokens)
        comparedCalls += 1
        loggedOutputTokens += usage.output
        return true
      }
      // Its request id went with its event: what the session has in `calls` is all there is to go by.
      return timestampUs < prunedUs && sessions.has(sessionId)
    },
    compared: () => ({
      comparedCalls,
      wireOutputTokens: [...seen.values()].reduce((sum, tokens) => sum + tokens, 0),
      loggedOutputTokens,
    }),
  }
}

/** Output tokens of the sessions that have calls from the wire. */
async function readSessions(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const sessions = new Map<string, number>()
  for (let at = 0; at < ids.length; at += idsPerQuery) {
    const rows = await db
      .selectFrom('calls')
      .select(({ fn }) => ['session_id', fn.sum<number>('output_tokens').as('tokens')])
      .where('session_id', 'in', ids.slice(at, at + idsPerQuery))
      .where('cost_basis', '<>', 'imported')
      .groupBy('session_id')
      .execute()
    for (const row of rows) sessions.set(row.session_id, Number(row.tokens))
  }
  return sessions
}

const wireCall = z.object({ upstream_request_id: z.string(), output_tokens: z.int(), attempts: z.int().min(1) })

async function readRequests(db: Kysely<Database>, calls: readonly ImportedCall[]): Promise<ReadonlyMap<string, number>> {
  const times = calls.map((call) => call.timestampUs)
  const fromUs = times.reduce((least, time) => Math.min(least, time), Infinity) - marginUs
  const toUs = times.reduce((most, time) => Math.max(most, time), -Infinity) + marginUs
  const requests = new Map<string, number>()
  if (!(await hasWireCalls(db, fromUs, toUs))) return requests
  const query = db
    .selectFrom('events')
    .select(['id', 'payload_json'])
    .where('type', '=', 'llm.call_completed')
    .where('timestamp_us', '>=', fromUs)
    .where('timestamp_us', '<=', toUs)
  for await (const page of eventPages(query, pageSize)) {
    for (const row of page) {
      const call = wireCall.safeParse(parsedJson(row.payload_json)).data
      if (call !== undefined) requests.set(call.upstream_request_id, call.output_tokens)
    }
  }
  return requests
}

/** Usually none on day one: then no event is read. */
async function hasWireCalls(db: Kysely<Database>, fromUs: number, toUs: number): Promise<boolean> {
  if (fromUs > toUs) return false
  const row = await db
    .selectFrom('calls')
    .select('turn_id')
    .where('timestamp_us', '>=', fromUs)
    .where('timestamp_us', '<=', toUs)
    .where('cost_basis', '<>', 'imported')
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}
