// The laptop's half of a push: whole turns that a hub does not have yet, oldest first. What it has is noted turn by turn, not
// as a mark in time: a turn that waited in a spool comes to the ledger behind younger ones.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { firstUlidAt, ulidTimeMs } from '../lib/ids.ts'
import { turnCompleted } from './events.ts'
import { pushedTurn, turnsPerPush } from './push-format.ts'
import type { Push, PushedName, PushedTurn } from './push-format.ts'
import type { Database, EventsTable } from './schema.ts'
import type { Unit } from './storage.ts'
import { parsedJson } from './stored-calls.ts'

export interface Unpushed {
  readonly push: Push
  /** Of all turns that were looked at; those that are not in `push` cannot be read, and never will. */
  readonly turnIds: readonly string[]
  /** The youngest of them. */
  readonly last: Place
}

/** Where a turn's end stands among all of them. */
export interface Place {
  readonly timestampUs: number
  readonly id: string
}

/** How long a turn may lie beyond what its end says of its beginning, and is found at the first look. */
const slackMs = 60_000

/** Nginx takes a megabyte where nobody told it otherwise, and a character is at most three bytes. */
const charactersPerPush = 300_000

/**
 * null: the hub has all that ended since `sinceUs`, or was asked for all of it that stands behind `after`. What ended after
 * `nowUs` waits until this clock comes there.
 */
export async function readUnpushed(
  db: Kysely<Database>,
  hub: string,
  { sinceUs, nowUs, after = null }: { readonly sinceUs: number; readonly nowUs: number; readonly after?: Place | null },
): Promise<Unpushed | null> {
  const fromUs = Math.max(sinceUs, after?.timestampUs ?? 0)
  const ends = await db
    .selectFrom('events')
    .selectAll()
    .where('type', '=', 'turn.completed')
    .where('timestamp_us', '>=', fromUs)
    .where('timestamp_us', '<=', nowUs)
    .where((is) => is.or([is('timestamp_us', '>', after?.timestampUs ?? -1), is('id', '>', after?.id ?? '')]))
    .where(
      sql<boolean>`not exists (select 1 from pushed_turns where pushed_turns.hub = ${hub} and pushed_turns.turn_id = events.turn_id)`,
    )
    .orderBy('timestamp_us')
    .orderBy('id')
    .limit(turnsPerPush)
    .execute()
  const [first] = ends
  if (first === undefined) return null
  const others = await readOthers(db, ends)
  const turns: PushedTurn[] = []
  const turnIds: string[] = []
  let characters = 0
  let last = first
  for (const end of ends) {
    const turn = turnOf(end, others.get(end.turn_id) ?? [])
    characters += turn === null ? 0 : JSON.stringify(turn).length
    if (characters > charactersPerPush && turns.length > 0) break
    if (turn !== null) turns.push(turn)
    turnIds.push(end.turn_id)
    last = end
  }
  const push: Push = { format: 1, names: await readNames(db, turns), turns }
  return { push, turnIds, last: { timestampUs: last.timestamp_us, id: last.id } }
}

/** The notes that the hub has these turns. */
export const pushedUnit = (db: Kysely<Database>, hub: string, turnIds: readonly string[]): Unit =>
  turnIds.map((turnId) =>
    db
      .insertInto('pushed_turns')
      .values({ hub, turn_id: turnId })
      .onConflict((conflict) => conflict.doNothing())
      .compile(),
  )

/** Of no turn is it noted any more that this hub has it. */
export const forgetPushedUnit = (db: Kysely<Database>, hub: string): Unit => [
  db.deleteFrom('pushed_turns').where('hub', '=', hub).compile(),
]

/**
 * By the range of their ids, which begin with their time: events have no index by turn. Before that range only by name: a machine
 * slept in the middle of a turn, or its clock was set, and the end says nothing of it.
 */
async function readOthers(
  db: Kysely<Database>,
  ends: readonly EventsTable[],
): Promise<ReadonlyMap<string, readonly EventsTable[]>> {
  const first = Math.min(...ends.map(beginningMs))
  const last = Math.max(...ends.map((end) => ulidTimeMs(end.id)))
  const rows = await db
    .selectFrom('events')
    .selectAll()
    .where('id', '>=', firstUlidAt(Math.max(0, first - slackMs)))
    .where('id', '<', firstUlidAt(last + 1))
    .where('type', 'in', ['route.decided', 'llm.call_completed', 'llm.call_failed'])
    .where(
      'turn_id',
      'in',
      ends.map((end) => end.turn_id),
    )
    .execute()
  const found = new Set(rows.map(({ id }) => id))
  const parents = [...ends, ...rows].flatMap(({ parent_event_id: id }) => (id === null || found.has(id) ? [] : id))
  const earlier =
    parents.length === 0
      ? []
      : await db
          .selectFrom('events')
          .selectAll()
          .where('id', 'in', [...new Set(parents)])
          .execute()
  const byTurn = new Map<string, EventsTable[]>()
  for (const row of [...earlier, ...rows]) byTurn.set(row.turn_id, [...(byTurn.get(row.turn_id) ?? []), row])
  return byTurn
}

function beginningMs(end: EventsTable): number {
  const payload = turnCompleted.safeParse(parsedJson(end.payload_json))
  return end.timestamp_us / 1000 - (payload.success ? payload.data.wall_time_seconds * 1000 : 0)
}

/** Only what the format names leaves this machine. */
function turnOf(end: EventsTable, others: readonly EventsTable[]): PushedTurn | null {
  const route = others.find(({ type }) => type === 'route.decided')
  const call = others.find(({ type }) => type !== 'route.decided')
  if (route === undefined) return null
  const read = pushedTurn.safeParse({
    turnId: end.turn_id,
    route: eventOf(route),
    call: call === undefined ? null : withoutWords(eventOf(call)),
    turn: eventOf(end),
  })
  // A prune that was cut short leaves ends without their calls: without it nobody would miss what it cost.
  return read.success && (read.data.call !== null || read.data.turn.payload.llm_call_count === 0) ? read.data : null
}

const eventOf = (row: EventsTable) => ({
  id: row.id,
  timestampUs: row.timestamp_us,
  sessionId: row.session_id,
  parentEventId: row.parent_event_id,
  type: row.type,
  payload: parsedJson(row.payload_json),
})

/** A provider's message may repeat what it was asked. */
function withoutWords(event: ReturnType<typeof eventOf>): unknown {
  const { payload } = event
  if (typeof payload !== 'object' || payload === null || !('error_message_redacted' in payload)) return event
  return { ...event, payload: { ...payload, error_message_redacted: '' } }
}

async function readNames(db: Kysely<Database>, turns: readonly PushedTurn[]): Promise<PushedName[]> {
  const idsOf = (field: 'gateway_key_id' | 'user_id' | 'team_id') => [
    ...new Set(turns.flatMap(({ turn }) => turn.payload[field] ?? [])),
  ]
  const [keys, users, teams] = [idsOf('gateway_key_id'), idsOf('user_id'), idsOf('team_id')]
  const named = async (kind: PushedName['kind'], rows: Promise<readonly { id: string; name: string }[]>) =>
    (await rows).map(({ id, name }) => ({ kind, id, name: name.slice(0, 200) }))
  const found = await Promise.all([
    keys.length === 0
      ? []
      : named('gateway_key', db.selectFrom('gateway_keys').select(['id', 'name']).where('id', 'in', keys).execute()),
    users.length === 0
      ? []
      : named('user', db.selectFrom('users').select(['id', 'display_name as name']).where('id', 'in', users).execute()),
    teams.length === 0
      ? []
      : named('team', db.selectFrom('teams').select(['id', 'display_name as name']).where('id', 'in', teams).execute()),
  ])
  return found.flat()
}
