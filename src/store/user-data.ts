// Everything that is on record of one user, as they may ask for it: who they are, their keys (never a token's hash), their
// conversations, every call and every event. Read page by page; nothing of it lies in memory whole.
import { sql } from 'kysely'
import type { Kysely, RawBuilder } from 'kysely'
import * as z from 'zod'
import { eventPages } from './event-pages.ts'
import { summaryColumns } from './key-statements.ts'
import type { Database, EventsTable, UsersTable } from './schema.ts'
import { parsedJson } from './stored-calls.ts'

/** A row with what it is a row of. */
export const userRecord = z.looseObject({
  kind: z.enum(['user', 'key', 'session', 'message', 'call', 'turn_messages', 'event']),
})
export type UserRecord = Readonly<z.output<typeof userRecord>>

const pageSize = 200
/** Each may be half a megabyte. */
const messagesPageSize = 20

/** null = there is no such user. */
export async function readUserData(db: Kysely<Database>, id: string): Promise<AsyncIterable<UserRecord> | null> {
  const user = await findPerson(db, id)
  return user === null ? null : records(db, id, { kind: 'user', ...user })
}

/** Also whom only an issuer of tokens knows: nobody made them here, but there are calls of theirs. */
export async function findPerson(db: Kysely<Database>, id: string): Promise<UsersTable | null> {
  const user = await db.selectFrom('users').selectAll().where('id', '=', id).executeTakeFirst()
  if (user !== undefined) return user
  const first = await db
    .selectFrom('calls')
    .select(({ fn }) => fn.min('timestamp_us').as('first_us'))
    .where('user_id', '=', id)
    .executeTakeFirst()
  if (first === undefined || first.first_us === null) return null
  const caps = { daily_cap_nano_usd: null, monthly_cap_nano_usd: null, budget_nano_usd: null }
  return { id, display_name: id, team_id: null, ...caps, created_us: Number(first.first_us), disabled_us: null }
}

async function* records(db: Kysely<Database>, id: string, user: UserRecord): AsyncGenerator<UserRecord> {
  yield user
  for (const key of await db.selectFrom('gateway_keys').select(summaryColumns).where('user_id', '=', id).orderBy('id').execute())
    yield { kind: 'key', ...key }
  for (const session of await db.selectFrom('sessions').selectAll().where('user_id', '=', id).orderBy('id').execute()) {
    yield { kind: 'session', ...session }
    const messages = db.selectFrom('session_messages').selectAll().where('session_id', '=', session.id).orderBy('position')
    for (const message of await messages.execute()) yield { kind: 'message', ...message }
  }
  for (let after = ''; ;) {
    const page = await db
      .selectFrom('calls')
      .leftJoin('turn_feedback', 'turn_feedback.turn_id', 'calls.turn_id')
      .selectAll('calls')
      .select('turn_feedback.rating as feedback_rating')
      .where('calls.user_id', '=', id)
      .where('calls.turn_id', '>', after)
      .orderBy('calls.turn_id')
      .limit(pageSize)
      .execute()
    for (const call of page) yield { kind: 'call', ...call }
    const last = page.at(-1)
    if (last === undefined) break
    after = last.turn_id
  }
  for (let after = ''; ;) {
    const page = await db
      .selectFrom('turn_messages')
      .innerJoin('calls', 'calls.turn_id', 'turn_messages.turn_id')
      .selectAll('turn_messages')
      .where('calls.user_id', '=', id)
      .where('turn_messages.turn_id', '>', after)
      .orderBy('turn_messages.turn_id')
      .limit(messagesPageSize)
      .execute()
    for (const messages of page) yield { kind: 'turn_messages', ...messages }
    const last = page.at(-1)
    if (last === undefined) break
    after = last.turn_id
  }
  for await (const page of eventPagesOf(db, id)) {
    for (const { payload_json: json, ...event } of page) yield { kind: 'event', ...event, payload: parsedJson(json) }
  }
}

/** Events that name the user. Ids need no escape in JSON; what only holds such a text otherwise is passed over. */
export async function* eventPagesOf(db: Kysely<Database>, id: string): AsyncGenerator<readonly EventsTable[]> {
  const query = db
    .selectFrom('events')
    .selectAll()
    .where(holds(`${id}"`))
  for await (const page of eventPages(query, pageSize)) {
    yield page.filter((event) => names(parsedJson(event.payload_json), id))
  }
}

/** The one way to look for a text that every database has: `like` has wildcards, and D1 limits its length. */
const holds = (text: string): RawBuilder<boolean> => sql<boolean>`replace(payload_json, ${text}, '') <> payload_json`

/** Where events say who it was: as the owner of a call or a key, as the one who changed something, as the one who was changed. */
function names(payload: unknown, id: string): boolean {
  if (typeof payload !== 'object' || payload === null) return false
  return Object.entries(payload).some(([field, value]) => isName(field, value, payload, id))
}

export function isName(field: string, value: unknown, payload: object, id: string): boolean {
  if (field === 'user_id' || field === 'actor') return value === id
  if (field === 'id') return value === id && 'kind' in payload && payload.kind === 'user'
  return field === 'identity' && value === `user:${id}`
}
