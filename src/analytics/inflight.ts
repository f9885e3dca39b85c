// `/analytics/inflight`: the turns that are with a provider now, from the ledger of open turns. A few rows, whatever the past.
import { sql } from 'kysely'
import * as z from 'zod'
import { routeDecided } from '../store/events.ts'
import { openedNote } from '../store/turn-units.ts'
import { defineLookup } from './endpoint.ts'
import { filterFields, filtersOf, matches } from './filters.ts'
import { isoOf } from './window.ts'

const textOrNull = z.string().nullable()

const inflightTurn = z.object({
  turn_id: z.string(),
  session_id: z.string(),
  started_at: z.string(),
  running_ms: z.number(),
  requested_model: z.string(),
  /** Chosen first; a fallback may answer. */
  model: z.string(),
  provider: z.string(),
  stream: z.boolean(),
  gateway_key_id: textOrNull,
  user_id: textOrNull,
  team_id: textOrNull,
  project: textOrNull,
  branch: textOrNull,
  client: textOrNull,
  inbound_shape: textOrNull,
})

interface RouteRow {
  readonly session_id: string
  readonly payload_json: string
}

export const inflight = defineLookup({
  path: '/analytics/inflight',
  summary: 'Turns that are with a provider now, oldest first',
  fields: filterFields,
  data: z.object({ running: z.int(), turns: z.array(inflightTurn) }),
  async read({ db, nowUs }, asked) {
    const open = await db.selectFrom('inflight').select(['turn_id', 'started_us', 'opened_json']).orderBy('started_us').execute()
    const turns: z.infer<typeof inflightTurn>[] = []
    for (const row of open) {
      const note = openedNote.safeParse(JSON.parse(row.opened_json)).data
      if (note === undefined) continue
      const { rows } = await sql<RouteRow>`select session_id, payload_json from events where id = ${note.routeId}`.execute(db)
      const [event] = rows
      const route = routeDecided.safeParse(event === undefined ? null : JSON.parse(event.payload_json)).data
      if (event === undefined || route === undefined) continue
      const turn = {
        turn_id: row.turn_id,
        session_id: event.session_id,
        started_at: isoOf(Number(row.started_us)),
        running_ms: Math.max(0, Math.round((nowUs - Number(row.started_us)) / 1000)),
        requested_model: note.requestedModel,
        model: note.model,
        provider: note.provider,
        stream: note.stream,
        gateway_key_id: route.gateway_key_id,
        user_id: route.user_id,
        team_id: route.team_id,
        project: route.project,
        branch: route.branch,
        client: route.client,
        inbound_shape: route.inbound_shape,
      }
      if (matches(filtersOf(asked), turn)) turns.push(turn)
    }
    return { running: turns.length, turns }
  },
})
