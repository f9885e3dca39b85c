// `/analytics/turns/{id}`: one turn from its beginning to its end: why that model, which attempts, what it used, what each part
// of that costs. Found by id: events carry ULIDs, so a turn's own lie between its beginning and its end.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import * as z from 'zod'
import { parseModelRef } from '../catalog/models.ts'
import { firstUlidAt, isUlid, ulidTimeMs } from '../lib/ids.ts'
import { attemptEntry, routeDecided, turnCompleted } from '../store/events.ts'
import type { CallsTable, Database, EventsTable } from '../store/schema.ts'
import { callRow, callRowOf } from './call-rows.ts'
import { defineLookup, type AnalyticsContext } from './endpoint.ts'
import { priceLine, priceLinesOf, sumOfLines } from './price-lines.ts'
import { isoOf } from './window.ts'

const decision = routeDecided.pick({
  requested_model: true,
  chosen_model: true,
  winner_index: true,
  elapsed_ms: true,
  chain: true,
})

const event = z.object({
  id: z.string(),
  timestamp: z.string(),
  type: z.string(),
  actor: z.string(),
  sensitivity: z.string(),
  parent_event_id: z.string().nullable(),
  payload: z.record(z.string(), z.unknown()),
})

const status = z.enum(['ok', 'failed', 'cancelled', 'interrupted', 'refused', 'running'])

export const turn = defineLookup({
  path: '/analytics/turns/{id}',
  summary: 'One turn: its events, routing chain, attempts, usage and price line by line',
  fields: {},
  data: z.object({
    turn_id: z.string(),
    session_id: z.string(),
    status,
    started_at: z.string(),
    ended_at: z.string().nullable(),
    /** null: no call was made, or it is still running. */
    call: callRow.nullable(),
    /** null: its event is gone or cannot be read. */
    routing: decision.nullable(),
    attempt_log: z.array(attemptEntry),
    /** At today's list price; what was stamped is the call's `cost_usd`. */
    price_lines: z.array(priceLine),
    price_lines_usd: z.number().nullable(),
    /** What somebody said of it, 0 (bad) to 1 (good); null: nobody did. */
    feedback: z.object({ rating: z.number(), given_at: z.string() }).nullable(),
    events: z.array(event),
  }),
  async read(context, _own, { id = '' }) {
    const call = await context.db.selectFrom('calls').selectAll().where('turn_id', '=', id).executeTakeFirst()
    const events = await eventsOf(context.db, id, call)
    const [first] = events
    if (first === undefined && call === undefined) return null
    const end = events.find(({ type }) => type === 'turn.completed')
    const lines = call === undefined ? [] : await linesOf(context, call)
    return {
      turn_id: id,
      session_id: call?.session_id ?? first?.session_id ?? '',
      status: statusOf(end, call),
      started_at: isoOf(Number(first?.timestamp_us ?? call?.timestamp_us ?? 0)),
      ended_at: endOf(end, call),
      call: call === undefined ? null : callRowOf(call),
      routing: payloadIn(events, 'route.decided', decision),
      attempt_log: payloadIn(events, 'llm.call_', z.object({ attempt_log: z.array(attemptEntry) }))?.attempt_log ?? [],
      price_lines: lines,
      price_lines_usd: sumOfLines(lines),
      feedback: await feedbackOn(context.db, id),
      events: events.map(eventOf),
    }
  },
})

/** What a turn's ids may lie beyond its known end: all of a refusal, which has none. */
const slackMs = 600_000

async function eventsOf(db: Kysely<Database>, turnId: string, call: CallsTable | undefined): Promise<readonly EventsTable[]> {
  if (!isUlid(turnId)) return []
  const between = async (startMs: number, endMs: number): Promise<readonly EventsTable[]> => {
    const { rows } = await sql<EventsTable>`select * from events
where id >= ${firstUlidAt(Math.max(0, startMs))} and id < ${firstUlidAt(endMs)} and turn_id = ${turnId} order by id`.execute(db)
    return rows
  }
  const ownMs = ulidTimeMs(turnId)
  const callMs = Math.ceil(Number(call?.timestamp_us ?? 0) / 1000)
  const rows = await between(ownMs, Math.max(ownMs, callMs) + slackMs)
  // Pushed by a machine whose clock had been ahead: its events got ids of their own time (store/pushed-ids.ts).
  if (rows.length > 0 || call === undefined || callMs >= ownMs) return rows
  return between(callMs - Number(call.latency_ms) - slackMs, callMs + slackMs)
}

async function feedbackOn(db: Kysely<Database>, turnId: string) {
  const row = await db.selectFrom('turn_feedback').selectAll().where('turn_id', '=', turnId).executeTakeFirst()
  return row === undefined ? null : { rating: row.rating, given_at: isoOf(Number(row.timestamp_us)) }
}

function statusOf(end: EventsTable | undefined, call: CallsTable | undefined): z.infer<typeof status> {
  const told = end === undefined ? null : turnCompleted.pick({ status: true }).safeParse(jsonOf(end)).data
  return told?.status ?? (call === undefined ? 'running' : callRow.shape.status.parse(call.status))
}

function endOf(end: EventsTable | undefined, call: CallsTable | undefined): string | null {
  const us = end?.timestamp_us ?? call?.timestamp_us
  return us === undefined ? null : isoOf(Number(us))
}

function payloadIn<T>(events: readonly EventsTable[], type: string, schema: z.ZodType<T>): T | null {
  const found = events.find((each) => each.type.startsWith(type))
  return found === undefined ? null : (schema.safeParse(jsonOf(found)).data ?? null)
}

function jsonOf({ payload_json: json }: EventsTable): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return null
  }
}

const payload = z.record(z.string(), z.unknown()).catch({})

function eventOf(row: EventsTable): z.infer<typeof event> {
  return {
    id: row.id,
    timestamp: isoOf(Number(row.timestamp_us)),
    type: row.type,
    actor: row.actor,
    sensitivity: row.sensitivity,
    parent_event_id: row.parent_event_id,
    payload: payload.parse(jsonOf(row)),
  }
}

async function linesOf({ prices, nowUs }: AnalyticsContext, call: CallsTable) {
  await prices.ready()
  const ref = parseModelRef(call.model)
  return priceLinesOf(call, (usage) => (ref === null ? null : prices.priceOf(ref.provider, ref.name, usage, nowUs)))
}
