// The agent surface over HTTP (contract.md §6): conversations that are kept, routed by policy, one turn at a time.
import type * as z from 'zod'
import type { Sessions, SessionTurn } from '../engine/sessions.ts'
import { sessionNotFound, turnInFlight, turnNotFound } from '../engine/session-error.ts'
import { GatewayError, invalidValue } from '../ir/errors.ts'
import { parseJsonBytes } from '../ir/json-body.ts'
import { resolveModel, delegationOf, type NameTables } from '../routing/resolve.ts'
import type { Services } from '../services.ts'
import type { IdentityStore } from '../store/identities.ts'
import type { SessionsTable } from '../store/session-tables.ts'
import type { SessionStore } from '../store/sessions.ts'
import { requireJson } from './access.ts'
import { jsonAnswer } from './answers.ts'
import type { Handler } from './routes.ts'
import { messageJson, sessionJson, turnJson } from './session-answers.ts'
import type { sessionOperations } from './session-operations.ts'
import * as schemas from './session-schemas.ts'
import { streamTurn } from './session-stream.ts'

export interface SessionParts {
  readonly services: Pick<Services, 'config' | 'storage' | 'readBody' | 'onClientGone' | 'respond' | 'logger'>
  readonly sessions: Sessions
  readonly store: SessionStore
  readonly identities: Pick<IdentityStore, 'findUser' | 'findTeam'>
  readonly names: NameTables
  readonly nextId: () => string
  /** 0 to 1; false = there is no such turn. */
  readonly giveFeedback: (turnId: string, rating: number) => Promise<boolean>
}

const PAGE = 50
const EVENTS_PAGE = 200

/** Of the session, or the turn, whose `id` is in the path. */
export type SessionHandlers = Readonly<Record<keyof typeof sessionOperations, Handler>>

export function createSessionHandlers(parts: SessionParts): SessionHandlers {
  const { services, sessions, store, names } = parts

  return {
    async create(request) {
      const asks = await bodyOf(request, schemas.newSession)
      checkModel(asks.active_model)
      await checkOwner('user', asks.user)
      await checkOwner('team', asks.team)
      const id = `ses_${parts.nextId()}`
      await store.create({
        id,
        title: asks.title ?? null,
        workspace: asks.workspace ?? null,
        active_model: asks.active_model ?? null,
        system_text: asks.system ?? null,
        user_id: asks.user ?? null,
        team_id: asks.team ?? null,
        client: 'metis-sessions',
        tags_json: JSON.stringify(asks.tags ?? {}),
      })
      return jsonAnswer(201, sessionJson(await found(id)), { location: `/sessions/${id}` })
    },

    async list(request) {
      const { before = null, limit = PAGE } = queryOf(request, schemas.listQuery)
      const rows = await store.list({ before, limit })
      const totals = await store.totals(rows.map(({ id }) => id))
      const next = rows.length < limit ? null : (rows.at(-1)?.id ?? null)
      return jsonAnswer(200, { data: rows.map((row) => sessionJson(row, totals.get(row.id))), next })
    },

    async read(_request, { id = '' }) {
      const session = await found(id)
      return jsonAnswer(200, sessionJson(session, (await store.totals([id])).get(id)))
    },

    async change(request, { id = '' }) {
      const { active_model, title, system } = await bodyOf(request, schemas.sessionChange)
      await open(id)
      checkModel(active_model)
      await store.change(id, {
        ...(active_model === undefined ? {} : { active_model }),
        ...(title === undefined ? {} : { title }),
        ...(system === undefined ? {} : { system_text: system }),
      })
      return jsonAnswer(200, sessionJson(await found(id), (await store.totals([id])).get(id)))
    },

    async remove(request, { id = '' }) {
      const { purge } = queryOf(request, schemas.removeQuery)
      await found(id)
      if (!(await store.remove(id, purge === 'true'))) throw turnInFlight(id)
      return new Response(null, { status: 204 })
    },

    async ask(request, { id = '' }) {
      const { message, stream, ...asks } = await bodyOf(request, schemas.question, services.config.limits.bodyBytes)
      const wantsStream = stream ?? request.headers.get('accept')?.includes('text/event-stream') === true
      const asking = {
        text: message,
        ...(asks.model === undefined ? {} : { model: asks.model }),
        ...(asks.max_output_tokens === undefined ? {} : { maxOutputTokens: asks.max_output_tokens }),
      }
      const turn = await sessions.ask(id, asking, (gone) => services.onClientGone(request, gone))
      if (wantsStream) return streamTurn(id, turn, services)
      return jsonAnswer(200, await wholeTurn(id, turn), { 'x-metis-turn-id': turn.turnId, 'x-metis-model': turn.model })
    },

    async cancel(request, { id = '' }) {
      requireJson(request)
      await found(id)
      return jsonAnswer(202, { turn_id: await sessions.cancel(id) })
    },

    async messages(request, { id = '' }) {
      const { after = 0, limit = PAGE } = queryOf(request, schemas.messagesQuery)
      await found(id)
      const said = await store.messages(id, { after, limit })
      return jsonAnswer(200, { data: said.map(messageJson), next: said.length < limit ? null : (said.at(-1)?.position ?? null) })
    },

    async events(request, { id = '' }) {
      const { after = '' } = queryOf(request, schemas.eventsQuery)
      await found(id)
      const rows = await services.storage.db
        .selectFrom('events')
        .selectAll()
        .where('session_id', '=', id)
        .where(({ fn, val }) => fn<string>('substr', ['session_id', val(1), val(4)]), '=', 'ses_')
        .where('id', '>', after)
        .orderBy('id')
        .limit(EVENTS_PAGE)
        .execute()
      const data = rows.map(({ payload_json, timestamp_us, ...event }) => ({
        ...event,
        timestamp: new Date(Number(timestamp_us) / 1000).toISOString(),
        payload: JSON.parse(payload_json),
      }))
      return jsonAnswer(200, { data, next: rows.length < EVENTS_PAGE ? null : (rows.at(-1)?.id ?? null) })
    },

    async feedback(request, { id: turnId = '' }) {
      const { rating } = await bodyOf(request, schemas.feedback)
      const value = rating === 'good' ? 1 : rating === 'bad' ? 0 : rating
      if (!(await parts.giveFeedback(turnId, value))) throw turnNotFound(turnId)
      return jsonAnswer(200, { turn_id: turnId, rating: value })
    },
  }

  /** @throws SessionError */
  async function found(id: string): Promise<SessionsTable> {
    const session = await store.find(id)
    if (session === null) throw sessionNotFound(id)
    return session
  }

  /** One that can still be spoken to. */
  async function open(id: string): Promise<void> {
    if ((await found(id)).deleted_us !== null) throw sessionNotFound(id)
  }

  async function bodyOf<Body>(request: Request, schema: z.ZodType<Body>, limitBytes = 1_048_576): Promise<Body> {
    requireJson(request)
    const parsed = schema.safeParse(parseJsonBytes(await services.readBody(request, limitBytes)))
    if (parsed.success) return parsed.data
    const [issue] = parsed.error.issues
    const path = issue?.code === 'unrecognized_keys' ? (issue.keys[0] ?? '') : (issue?.path.join('.') ?? '')
    throw invalidValue(
      path,
      `${path === '' ? 'The body' : `\`${path.slice(0, 60)}\``}: ${issue?.message.slice(0, 200) ?? 'not understood'}`,
    )
  }

  /** A session must not be set to a model that no turn could ever reach. */
  function checkModel(name: string | null | undefined): void {
    if (name === null || name === undefined || delegationOf(name, names) !== null) return
    const target = resolveModel(name, 'openai', names)
    if (target instanceof GatewayError) throw target
  }

  async function checkOwner(kind: 'user' | 'team', id: string | null | undefined): Promise<void> {
    if (id === null || id === undefined) return
    const owner = kind === 'user' ? await parts.identities.findUser(id) : await parts.identities.findTeam(id)
    if (owner === null)
      throw invalidValue(kind, `there is no ${kind} "${id.slice(0, 60)}"; make it with metis-gateway ${kind} add`)
  }
}

async function wholeTurn(sessionId: string, turn: SessionTurn): Promise<object> {
  for await (const event of turn.events) if (event.type === 'finished') return turnJson(sessionId, turn.turnId, event.answer)
  throw new GatewayError('other', 'upstream_bad_response', 'The answer has no end.')
}

function queryOf<Query>(request: Request, schema: z.ZodType<Query>): Query {
  const parsed = schema.safeParse(Object.fromEntries(new URL(request.url).searchParams))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const name = String(issue?.path[0] ?? 'query')
  throw invalidValue(name, `${name}: ${issue?.message ?? 'is not valid'}`)
}
