// The facts of decisions: which slot chose, what was rejected and why, and who was turned away. They stand in the payloads of
// `route.decided` and `turn.completed`, the only place where they are told.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import * as z from 'zod'
import { parseModelRef } from '../catalog/models.ts'
import { routeDecided, turnCompleted } from '../store/events.ts'
import type { Database } from '../store/schema.ts'
import type { Scope } from './endpoint.ts'
import type { FactBook, FactKind, FactSubject } from './facts.ts'
import { matches } from './filters.ts'

const who = { gateway_key_id: true, user_id: true, team_id: true, project: true, client: true } as const
const route = routeDecided.pick({ ...who, chosen_model: true, winner_index: true, chain: true })
const refusal = turnCompleted.pick({ ...who, error_code: true })

interface EventRow {
  readonly id: string
  readonly timestamp_us: number
  readonly session_id: string
  readonly payload_json: string
}

const pageRows = 5000

export async function foldDecisions(
  db: Kysely<Database>,
  scope: Scope,
  kinds: readonly FactKind[],
  books: readonly FactBook[],
): Promise<void> {
  if (kinds.includes('route')) {
    for await (const row of eventsOf(db, scope, 'route.decided')) addRoute(row, scope, books)
  }
  if (kinds.includes('refusal')) {
    for await (const row of eventsOf(db, scope, 'turn.completed', '%"status":"refused"%')) addRefusal(row, scope, books)
  }
}

/** A payload that cannot be read is passed over, as everywhere: `doctor` is who tells of it. */
function payloadOf<T>(schema: z.ZodType<T>, { payload_json: json }: EventRow): T | null {
  try {
    return schema.safeParse(JSON.parse(json)).data ?? null
  } catch {
    return null
  }
}

function addRoute(row: EventRow, { filters }: Scope, books: readonly FactBook[]): void {
  const payload = payloadOf(route, row)
  if (payload === null) return
  const subject = subjectOf(payload, payload.chosen_model)
  if (!matches(filters, { ...subject, session_id: row.session_id })) return
  const winner = payload.chain.find((entry) => entry.verdict === 'chose')
  const details = payload.chain
    .filter((entry) => entry.verdict === 'rejected')
    .map((entry) => `rejected ${entry.policy} ${entry.validation_failure ?? ''}`.trimEnd())
  // Chosen, and then refused by a limit: no failure of routing, and nothing won.
  if (payload.winner_index >= 0 && winner !== undefined) details.push(`chose ${winner.policy}`)
  else details.push(winner === undefined ? 'failed' : 'refused')
  for (const book of books) for (const detail of details) book.add('route', subject, detail, { lastUs: row.timestamp_us })
}

function addRefusal(row: EventRow, { filters }: Scope, books: readonly FactBook[]): void {
  const payload = payloadOf(refusal, row)
  if (payload === null) return
  const subject = subjectOf(payload, null)
  if (!matches(filters, { ...subject, session_id: row.session_id })) return
  for (const book of books) book.add('refusal', subject, payload.error_code ?? 'unknown', { lastUs: row.timestamp_us })
}

function subjectOf(payload: Readonly<Record<keyof typeof who, string | null>>, model: string | null): FactSubject {
  return {
    gateway_key_id: payload.gateway_key_id ?? '',
    user_id: payload.user_id ?? '',
    team_id: payload.team_id ?? '',
    project: payload.project ?? '',
    client: payload.client ?? '',
    provider: parseModelRef(model ?? '')?.provider ?? '',
    model: model ?? '',
  }
}

/** By the index on type and time. */
async function* eventsOf(
  db: Kysely<Database>,
  { window, filters }: Scope,
  type: string,
  like: string | null = null,
): AsyncGenerator<EventRow> {
  const session = filters.find(([column]) => column === 'session_id')?.[1]
  let [fromUs, after] = [window.startUs, '']
  for (;;) {
    const conditions = [
      sql`type = ${type}`,
      sql`timestamp_us >= ${fromUs}`,
      sql`timestamp_us < ${window.endUs}`,
      sql`(timestamp_us > ${fromUs} or id > ${after})`,
      ...(session === undefined ? [] : [sql`session_id = ${session}`]),
      ...(like === null ? [] : [sql`payload_json like ${like}`]),
    ]
    const { rows } = await sql<EventRow>`select id, timestamp_us, session_id, payload_json from events
where ${sql.join(conditions, sql` and `)} order by timestamp_us, id limit ${sql.lit(pageRows)}`.execute(db)
    yield* rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < pageRows) return
    ;[fromUs, after] = [Number(last.timestamp_us), last.id]
  }
}
