// The events of whoever is forgotten, written again without them, page by page.
import type { CommitQueue } from './commit-queue.ts'
import type { Database, EventsTable } from './schema.ts'
import { forgetSums, spanStartOf } from './settled.ts'
import type { Storage } from './storage.ts'
import { parsedJson } from './stored-calls.ts'
import { eventPagesOf, isName } from './user-data.ts'
import type { CompiledQuery, Kysely } from 'kysely'

interface Parts {
  readonly storage: Storage
  readonly queue: CommitQueue
}

interface Person {
  readonly id: string
  readonly pseudonym: string
  /** Of the keys that were theirs. */
  readonly keyIds: readonly string[]
}

/** How many were changed. */
export async function rewriteEvents(parts: Parts, person: Person): Promise<number> {
  const { storage, queue } = parts
  let events = 0
  for await (const page of eventPagesOf(storage.db, person.id)) {
    const unit = page.map((event) => rewrite(storage.db, event, withoutPerson(event, person), person))
    const hours = new Set(page.map((event) => spanStartOf('hour', Number(event.timestamp_us))))
    const sums = [...hours].flatMap((startUs) => forgetSums(storage.db, startUs))
    if (unit.length > 0) await queue.commit([...unit, ...sums])
    events += unit.length
  }
  return events + (await rewriteKeyEvents(parts, person))
}

/** What names a key and no user: a brake's finding bears the session that ran away, a change of the key may bear what it is called. */
async function rewriteKeyEvents({ storage, queue }: Parts, { keyIds, pseudonym }: Person): Promise<number> {
  const { db } = storage
  if (keyIds.length === 0) return 0
  const found = await db
    .selectFrom('events')
    .selectAll()
    .where('type', 'in', ['gateway.runaway_detected', 'gateway.runaway_released', 'gateway.key_changed'])
    .orderBy('id')
    .execute()
  const unit = found.flatMap(({ id, payload_json: json }) => {
    const payload = parsedJson(json)
    if (typeof payload !== 'object' || payload === null) return []
    if ('key_id' in payload && 'name' in payload)
      return keyIds.some((one) => one === payload.key_id) && payload.name !== pseudonym
        ? [withPayload(db, id, { ...payload, name: pseudonym })]
        : []
    if (!('subject' in payload)) return []
    const { subject } = payload
    const keyId = keyIds.find((one) => typeof subject === 'string' && subject.startsWith(`session:${one}/`))
    const next = { ...payload, subject: `session:${keyId}/${pseudonym}` }
    return keyId === undefined || next.subject === subject ? [] : [withPayload(db, id, next)]
  })
  if (unit.length > 0) await queue.commit(unit)
  return unit.length
}

const withPayload = (db: Kysely<Database>, id: string, payload: object): CompiledQuery =>
  db
    .updateTable('events')
    .set({ payload_json: JSON.stringify(payload) })
    .where('id', '=', id)
    .compile()

function rewrite(db: Kysely<Database>, event: EventsTable, payload: object, { id }: Person): CompiledQuery {
  if (!isOwn(parsedJson(event.payload_json), id)) return withPayload(db, event.id, payload)
  // As for a client that names no session: the turn's own.
  const row = { payload_json: JSON.stringify(payload), session_id: event.turn_id }
  return db.updateTable('events').set(row).where('id', '=', event.id).compile()
}

const isOwn = (payload: unknown, id: string): boolean =>
  typeof payload === 'object' && payload !== null && 'user_id' in payload && payload.user_id === id

/** Project and branch stay, for the totals of the work; the path on somebody's disk, their session and their tags go. */
function withoutPerson(event: EventsTable, { id, pseudonym }: Person): object {
  const payload = parsedJson(event.payload_json)
  if (typeof payload !== 'object' || payload === null) return {}
  const own = isOwn(payload, id)
  return Object.fromEntries(
    Object.entries(payload).map(([field, value]) => {
      if (isName(field, value, payload, id)) return [field, field === 'identity' ? `user:${pseudonym}` : pseudonym]
      if (!own) return [field, value]
      if (field === 'workspace' || field === 'client_session_id') return [field, null]
      if (field === 'name') return [field, pseudonym]
      return [field, field === 'tags' ? {} : value]
    }),
  )
}
