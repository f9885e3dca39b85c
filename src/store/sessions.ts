// Sessions of the agent surface: what was said, which model it is said to, and that only one turn runs at a time, whichever
// process runs it.
import { sql } from 'kysely'
import type { Clock } from '../services.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { SessionMessagesTable, SessionsTable } from './session-tables.ts'
import type { Storage } from './storage.ts'

export type NewSession = Pick<
  SessionsTable,
  'id' | 'title' | 'workspace' | 'active_model' | 'system_text' | 'user_id' | 'team_id' | 'client' | 'tags_json'
>
export type SessionChange = Partial<Pick<SessionsTable, 'title' | 'active_model' | 'system_text'>>
export type Message = SessionMessagesTable
export type Answer = Omit<Message, 'session_id' | 'position' | 'turn_id' | 'role' | 'created_us'>

export interface SessionStore {
  create(session: NewSession): Promise<void>
  /** null = there is none. */
  find(id: string): Promise<SessionsTable | null>
  /** Newest first, without deleted ones; `before` is the id that the page before ended with. */
  list(page: { readonly before: string | null; readonly limit: number }): Promise<readonly SessionsTable[]>
  change(id: string, change: SessionChange): Promise<void>
  /** False while a turn runs. `purge`: with all that was said. */
  remove(id: string, purge: boolean): Promise<boolean>
  /** The question on record, and the session taken; false = another turn runs. */
  begin(id: string, turnId: string, question: string): Promise<boolean>
  /** The turn that runs, in whichever process, which is told so on record; null = none does. */
  tellToStop(id: string): Promise<string | null>
  /** Of these sessions, the turns that run and were told so. */
  toldToStop(ids: readonly string[]): Promise<readonly { readonly sessionId: string; readonly turnId: string }[]>
  /** The answer on record, null = there is none, and the session free again. */
  finish(id: string, turnId: string, answer: Answer | null): Promise<void>
  messages(id: string, page: { readonly after: number; readonly limit: number }): Promise<readonly Message[]>
  totals(ids: readonly string[]): Promise<ReadonlyMap<string, SessionTotals>>
}

export interface SessionTotals {
  readonly turns: number
  readonly costNanoUsd: number
  readonly unpricedTurns: number
}

export const noTotals: SessionTotals = { turns: 0, costNanoUsd: 0, unpricedTurns: 0 }

export interface SessionStoreParts {
  readonly storage: Pick<Storage, 'db'>
  readonly queue: CommitQueue
  readonly clock: Clock
  readonly instanceId: string
}

export function createSessionStore({ storage, queue, clock, instanceId }: SessionStoreParts): SessionStore {
  const { db } = storage

  const nextPosition = (id: string) =>
    sql<number>`(select coalesce(max(said.position), 0) + 1 from session_messages as said where said.session_id = ${id})`

  /** Only into the session that this turn has taken. */
  function say(id: string, turnId: string, role: Message['role'], said: Answer) {
    const { content, model, status, stop_reason, input_tokens, output_tokens, cost_nano_usd, latency_ms } = said
    return sql`insert into session_messages (session_id, position, turn_id, role, content, created_us, model, status, stop_reason,
input_tokens, output_tokens, cost_nano_usd, latency_ms)
select sessions.id, ${nextPosition(id)}, ${sql.val(turnId)}, ${sql.val(role)}, ${content}, ${clock.nowUs()}, ${model}, ${status},
${stop_reason}, ${input_tokens}, ${output_tokens}, ${cost_nano_usd}, ${latency_ms}
from sessions where sessions.id = ${id} and sessions.running_turn_id = ${turnId} on conflict do nothing`.compile(db)
  }

  return {
    async create(session) {
      const nowUs = clock.nowUs()
      const row: SessionsTable = {
        ...session,
        created_us: nowUs,
        updated_us: nowUs,
        running_turn_id: null,
        running_instance_id: null,
        stop_turn_id: null,
        deleted_us: null,
      }
      const insert = db.insertInto('sessions').values(row)
      await queue.commit([insert.onConflict((conflict) => conflict.doNothing()).compile()])
    },

    find: async (id) => (await db.selectFrom('sessions').selectAll().where('id', '=', id).executeTakeFirst()) ?? null,

    list({ before, limit }) {
      const listed = db.selectFrom('sessions').selectAll().where('deleted_us', 'is', null)
      const from = before === null ? listed : listed.where('id', '<', before)
      return from.orderBy('id', 'desc').limit(limit).execute()
    },

    async change(id, change) {
      const update = db.updateTable('sessions').set({ ...change, updated_us: clock.nowUs() })
      await queue.commit([update.where('id', '=', id).compile()])
    },

    async remove(id, purge) {
      const mark = db.updateTable('sessions').set({ deleted_us: clock.nowUs() }).where('id', '=', id).where(isFree())
      if (!purge) return (await queue.commit([mark.compile()]))[0] === 1
      const goes = db.selectFrom('sessions').select('id').where('id', '=', id).where('deleted_us', 'is not', null)
      const turns = db.selectFrom('session_messages').select('turn_id').where('session_id', 'in', goes)
      const [marked] = await queue.commit([
        mark.compile(),
        // Hashes of what was said are of what was said.
        db.deleteFrom('turn_patterns').where('turn_id', 'in', turns).compile(),
        db.deleteFrom('session_messages').where('session_id', 'in', goes).compile(),
        db.deleteFrom('sessions').where('id', '=', id).where('deleted_us', 'is not', null).compile(),
      ])
      return marked === 1
    },

    async begin(id, turnId, question) {
      const take = db
        .updateTable('sessions')
        .set({ running_turn_id: turnId, running_instance_id: instanceId, updated_us: clock.nowUs() })
        .where('id', '=', id)
        .where('deleted_us', 'is', null)
        .where(isFree(turnId))
      const [taken] = await queue.commit([take.compile(), say(id, turnId, 'user', { ...nothingSaid, content: question })])
      return taken === 1
    },

    async tellToStop(id) {
      const told = db
        .updateTable('sessions')
        .set(({ ref }) => ({ stop_turn_id: ref('running_turn_id') }))
        .where('id', '=', id)
        .where('running_turn_id', 'is not', null)
        .where(({ not }) => not(isFree()))
      const [changed] = await queue.commit([told.compile()])
      if (changed !== 1) return null
      const session = await db.selectFrom('sessions').select('stop_turn_id').where('id', '=', id).executeTakeFirst()
      return session?.stop_turn_id ?? null
    },

    async toldToStop(ids) {
      if (ids.length === 0) return []
      const told = db.selectFrom('sessions').select(['id', 'running_turn_id']).where('id', 'in', ids)
      const rows = await told.whereRef('stop_turn_id', '=', 'running_turn_id').execute()
      return rows.map((row) => ({ sessionId: row.id, turnId: row.running_turn_id ?? '' }))
    },

    async finish(id, turnId, answer) {
      const free = db
        .updateTable('sessions')
        .set({ running_turn_id: null, running_instance_id: null, updated_us: clock.nowUs() })
        .where('id', '=', id)
        .where('running_turn_id', '=', turnId)
      await queue.commit([...(answer === null ? [] : [say(id, turnId, 'assistant', answer)]), free.compile()])
    },

    messages(id, { after, limit }) {
      return db
        .selectFrom('session_messages')
        .selectAll()
        .where('session_id', '=', id)
        .where('position', '>', after)
        .orderBy('position')
        .limit(limit)
        .execute()
    },

    async totals(ids) {
      if (ids.length === 0) return new Map()
      const rows = await db
        .selectFrom('calls')
        .select(({ fn }) => ['session_id', fn.countAll<number>().as('turns'), fn.sum<number | null>('cost_nano_usd').as('cost')])
        .select(sql<number>`sum(case when cost_nano_usd is null then 1 else 0 end)`.as('unpriced'))
        .where('session_id', 'in', ids)
        .groupBy('session_id')
        .execute()
      // Postgres hands sums over as text.
      return new Map(
        rows.map((row) => [
          row.session_id,
          { turns: Number(row.turns), costNanoUsd: Number(row.cost ?? 0), unpricedTurns: Number(row.unpriced) },
        ]),
      )
    },
  }

  /** Nobody's turn runs, or the process that ran it is gone. */
  function isFree(ownTurnId = '') {
    return sql<boolean>`(running_turn_id is null or running_turn_id = ${ownTurnId}
or not exists (select 1 from instances where instances.id = sessions.running_instance_id))`
  }
}

const nothingSaid: Answer = {
  content: '',
  model: null,
  status: null,
  stop_reason: null,
  input_tokens: null,
  output_tokens: null,
  cost_nano_usd: null,
  latency_ms: null,
}
