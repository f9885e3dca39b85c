// Takes a person out of the trace and leaves what was spent: everywhere the user's id becomes one pseudonym that leads to nobody,
// what else could name them goes, and no total changes. Cut short and run again, it goes on with the same pseudonym.
import { sql, type Kysely } from 'kysely'
import type { Clock } from '../services.ts'
import { auditEvent, type Author } from './audit.ts'
import type { CommitQueue } from './commit-queue.ts'
import { rewriteEvents } from './forget-events.ts'
import { hourStartOf, remakeHour } from './projections.ts'
import type { Database } from './schema.ts'
import { forgetSums } from './settled.ts'
import type { Storage, Unit } from './storage.ts'
import { createTurnStatements, eventRowOf } from './turn-statements.ts'
import { findPerson } from './user-data.ts'

export interface ForgetParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
  readonly newId: () => string
}

export interface Forgotten {
  /** null = there was nobody of that id, or they were forgotten before. */
  readonly pseudonym: string | null
  readonly calls: number
  readonly events: number
  readonly keys: number
  readonly sessions: number
  /** Calls of theirs that are still under way: each ends under the old name, for a second run to find. */
  readonly runningTurns: number
}

const pseudonymPrefix = 'forgotten-'
const isPseudonym = (name: string): boolean => /^forgotten-[0-9a-hjkmnp-tv-z]{26}$/.test(name)
const nothing: Forgotten = { pseudonym: null, calls: 0, events: 0, keys: 0, sessions: 0, runningTurns: 0 }
const hourUs = 3_600_000_000

export async function forgetUser(parts: ForgetParts, id: string, by: Author): Promise<Forgotten> {
  const { storage, queue, clock, newId } = parts
  const { db } = storage
  const user = isPseudonym(id) ? null : await findPerson(db, id)
  if (user === null) return nothing
  const nowUs = clock.nowUs()
  // Noted first, under the name that is still there: what a second run needs when this one is cut short.
  const pseudonym = isPseudonym(user.display_name) ? user.display_name : pseudonymPrefix + newId().toLowerCase()
  // Under both names: a run that was cut short has renamed them.
  const keyIds = (await db.selectFrom('gateway_keys').select('id').where('user_id', 'in', [id, pseudonym]).execute()).map(
    (key) => key.id,
  )
  const note = db
    .insertInto('users')
    .values({ ...user, display_name: pseudonym, disabled_us: user.disabled_us ?? nowUs })
    .onConflict((conflict) =>
      conflict.column('id').doUpdateSet(({ ref }) => ({
        display_name: ref('excluded.display_name'),
        disabled_us: ref('excluded.disabled_us'),
      })),
    )
  const [, keys = 0, , sessions = 0] = await queue.commit([note.compile(), ...ownRows(db, id, pseudonym, nowUs)])
  for (const keyId of keyIds) await queue.commit([brakesOf(db, keyId)])
  const events = await rewriteEvents(parts, { id, pseudonym, keyIds })
  const calls = await renameCalls(parts, id, pseudonym)
  const runningTurns = await countRunning(db, pseudonym)
  const counts = { pseudonym, calls, events, keys, sessions }
  // Never the id itself: with it the pseudonym would lead back.
  const author = by.actor === id ? { ...by, actor: pseudonym } : by
  const event = auditEvent('analytics.user_forgotten', { ...counts, ...author }, { id: newId(), timestampUs: nowUs })
  await queue.commit([
    createTurnStatements(db).insertEvent(eventRowOf(event)),
    db.updateTable('users').set({ id: pseudonym }).where('id', '=', id).compile(),
  ])
  return { ...counts, runningTurns }
}

/**
 * Whoever is forgotten calls no more: keys are revoked and bear no name, and caps hold for nobody. Conversations go as they are.
 * The first statement counts keys, the third conversations.
 */
function ownRows(db: Kysely<Database>, id: string, pseudonym: string, nowUs: number): Unit {
  const conversations = db.selectFrom('sessions').select('id').where('user_id', '=', id)
  return [
    db
      .updateTable('gateway_keys')
      .set((row) => ({
        user_id: pseudonym,
        name: pseudonym,
        workspace: null,
        tags_json: '{}',
        revoked_us: row.fn.coalesce('revoked_us', row.val(nowUs)),
      }))
      .where('user_id', '=', id)
      .compile(),
    db.deleteFrom('session_messages').where('session_id', 'in', conversations).compile(),
    db.deleteFrom('sessions').where('user_id', '=', id).compile(),
    db
      .deleteFrom('turn_messages')
      .where('turn_id', 'in', db.selectFrom('calls').select('turn_id').where('user_id', '=', id))
      .compile(),
    db.deleteFrom('quotas').where('kind', '=', 'user').where('id', '=', id).compile(),
    db
      .updateTable('users')
      .set({ daily_cap_nano_usd: null, monthly_cap_nano_usd: null, budget_nano_usd: null })
      .where('id', '=', id)
      .compile(),
    // What laptops told of them; before their calls lead to it no longer.
    sql`delete from pushed_names where (kind = 'user' and id = ${id})
or (kind = 'gateway_key' and id in (select gateway_key_id from calls where user_id = ${id}))`.compile(db),
    // Hashes of their words are still of their words.
    db
      .deleteFrom('turn_patterns')
      .where('turn_id', 'in', db.selectFrom('calls').select('turn_id').where('user_id', '=', id))
      .compile(),
  ]
}

/** A brake names the session that ran away; the key itself is revoked by now. */
const brakesOf = (db: Kysely<Database>, keyId: string) => {
  const session = `session:${keyId}/`
  return sql`delete from brakes where subject = ${`key:${keyId}`} or substr(subject, 1, ${sql.lit(session.length)}) = ${session}`.compile(
    db,
  )
}

/** Hour by hour, each with its sums: never is a call counted for nobody. */
async function renameCalls({ storage, queue }: ForgetParts, id: string, pseudonym: string): Promise<number> {
  const { db } = storage
  let calls = 0
  for (let fromUs = 0; ;) {
    const next = await db
      .selectFrom('calls')
      .select(({ fn }) => fn.min('timestamp_us').as('first_us'))
      .where('user_id', '=', id)
      // By the index on time: without it, each hour would read all calls again.
      .where('timestamp_us', '>=', fromUs)
      .executeTakeFirst()
    if (next === undefined || next.first_us === null) return calls
    const startUs = hourStartOf(Number(next.first_us))
    const rename = db
      .updateTable('calls')
      .set(({ ref }) => ({ user_id: pseudonym, workspace: null, session_id: ref('turn_id'), tags_json: '{}' }))
      .where('user_id', '=', id)
      .where('timestamp_us', '>=', startUs)
      .where('timestamp_us', '<', startUs + hourUs)
      .compile()
    const [changed = 0] = await queue.commit([
      rename,
      ...remakeHour(startUs).map((statement) => statement.compile(db)),
      ...forgetSums(db, startUs),
    ])
    calls += changed
    fromUs = startUs + hourUs
  }
}

/** Their route events bear the pseudonym by now; their ends will not. */
async function countRunning(db: Kysely<Database>, pseudonym: string): Promise<number> {
  const running = await db
    .selectFrom('inflight')
    .innerJoin('events', 'events.turn_id', 'inflight.turn_id')
    .select(({ fn }) => fn.countAll().as('turns'))
    .where('events.type', '=', 'route.decided')
    .where(sql<boolean>`replace(events.payload_json, ${pseudonym}, '') <> events.payload_json`)
    .executeTakeFirst()
  return Number(running?.turns ?? 0)
}
