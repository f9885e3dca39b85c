// A turn of a session: the question on record, the conversation through the engine, the answer on record, in this order. No
// HTTP: serve and `metis chat` use it alike (contract.md §6).
import type { Cap, Principal } from '../ir/principal.ts'
import { stopReasonOf } from '../ir/stream.ts'
import { totalInputOf } from '../ir/usage.ts'
import { asGatewayError } from '../providers/failures.ts'
import type { Clock, Logger } from '../services.ts'
import type { IdentityStore } from '../store/identities.ts'
import { capsOn } from '../store/key-record.ts'
import type { TeamsTable, UsersTable } from '../store/schema.ts'
import type { SessionsTable } from '../store/session-tables.ts'
import type { Answer, Message, SessionStore } from '../store/sessions.ts'
import { formatModelRef } from '../catalog/models.ts'
import { agentRequestOf, type Said } from './agent-request.ts'
import type { Engine, TurnAnswer } from './engine.ts'
import { noTurnInFlight, sessionNotFound, turnInFlight } from './session-error.ts'

export interface Asking {
  readonly text: string
  /** For this turn alone; absent = the session's model, else routing decides. */
  readonly model?: string
  readonly maxOutputTokens?: number
}

export type SessionEvent =
  | { readonly type: 'text' | 'thinking'; readonly text: string }
  /** The last one; the answer is on record. */
  | { readonly type: 'finished'; readonly answer: Answer }

export interface SessionTurn {
  readonly turnId: string
  /** Canonical id of the model that answers. */
  readonly model: string
  /** @throws GatewayError when the answer breaks; what came of it is then on record */
  readonly events: AsyncIterable<SessionEvent>
  /** Stops the provider; what came so far is on record as cancelled. */
  cancel(): void
}

export interface Sessions {
  /**
   * @param whenGone told a callback for when nobody waits for the answer any more
   * @throws SessionError session_not_found, turn_in_flight; GatewayError for what the engine refuses
   */
  ask(sessionId: string, asking: Asking, whenGone?: (gone: () => void) => void): Promise<SessionTurn>
  /** The turn that was told to stop, whichever process runs it. @throws SessionError no_turn_in_flight */
  cancel(sessionId: string): Promise<string>
  /** As `cancel`, of what runs in this process; `only` it, where one is named. null = that does not run here. */
  cancelHere(sessionId: string, only?: string): string | null
}

export interface SessionsParts {
  readonly engine: Engine
  readonly store: SessionStore
  readonly identities: Pick<IdentityStore, 'findUser' | 'findTeam'>
  readonly clock: Clock
  readonly logger: Logger
  readonly nextId: () => string
}

/** Read of a session for its next turn. */
const HISTORY_LIMIT = 10_000

export function createSessions({ engine, store, identities, clock, logger, nextId }: SessionsParts): Sessions {
  const running = new Map<string, { readonly turnId: string; cancel: () => void }>()

  const cancelHere = (sessionId: string, only?: string): string | null => {
    const turn = running.get(sessionId)
    if (turn === undefined || (only !== undefined && turn.turnId !== only)) return null
    turn.cancel()
    return turn.turnId
  }

  return {
    cancelHere,

    async cancel(sessionId) {
      const turnId = cancelHere(sessionId) ?? (await store.tellToStop(sessionId))
      if (turnId === null) throw noTurnInFlight()
      return turnId
    },

    async ask(sessionId, asking, whenGone = () => undefined) {
      const receivedMs = clock.nowMs()
      const session = await store.find(sessionId)
      if (session === null || session.deleted_us !== null) throw sessionNotFound(sessionId)
      const turnId = nextId()
      const history = saidIn(await store.messages(sessionId, { after: 0, limit: HISTORY_LIMIT }))
      if (!(await store.begin(sessionId, turnId, asking.text))) throw turnInFlight(sessionId)
      // Who leaves, or cancels, before the engine has taken the turn leaves it too.
      let leave = (): void => {
        left = true
      }
      let left = false
      const gone = (): void => leave()
      running.set(sessionId, { turnId, cancel: gone })
      whenGone(gone)
      try {
        const answer = await engine.run({
          request: agentRequestOf({
            ...asking,
            model: asking.model ?? '',
            system: session.system_text,
            said: [...history, { role: 'user', text: asking.text }],
          }),
          principal: await principalOf(session),
          attribution: attributionOf(session),
          inboundShape: null,
          stickyModel: session.active_model,
          turnId,
          receivedMs,
          onClientGone(callback) {
            leave = callback
            if (left) callback()
          },
        })
        return turnOf(session.id, turnId, receivedMs, answer, (end) => (leave = end))
      } catch (error) {
        await finish(sessionId, turnId, null)
        throw error
      }
    },
  }

  function turnOf(
    sessionId: string,
    turnId: string,
    receivedMs: number,
    answer: TurnAnswer,
    onLeave: (leave: () => void) => void,
  ): SessionTurn {
    let text = ''
    let settled: Promise<Answer> | null = null

    /** First call wins: the reader's end, or that of whoever never began to read. */
    const settle = (status: string): Promise<Answer> => {
      settled ??= (async () => {
        const made = answerOf(answer, text, status, clock.nowMs() - receivedMs)
        await finish(sessionId, turnId, made)
        return made
      })()
      return settled
    }

    const cancel = (): void => {
      answer.cancel()
      void answer.turn.close('cancelled').then(settle)
    }
    onLeave(cancel)

    async function* read(): AsyncGenerator<SessionEvent> {
      let whole = false
      try {
        for await (const chunk of answer.chunks) {
          for (const event of chunk.events()) {
            if (event.type === 'text-delta') text += event.text
            if (event.type === 'text-delta') yield { type: 'text', text: event.text }
            else if (event.type === 'thinking-delta') yield { type: 'thinking', text: event.text }
          }
        }
        whole = true
        yield { type: 'finished', answer: await settle('ok') }
      } catch (thrown) {
        const error = asGatewayError(thrown)
        await settle(await answer.turn.close(error.errorClass === 'CANCELLED' ? 'cancelled' : 'failed', error))
        throw error
      } finally {
        if (!whole) {
          answer.cancel()
          await settle(await answer.turn.close('cancelled'))
        }
      }
    }

    return { turnId, model: formatModelRef(answer.model), events: read(), cancel }
  }

  async function finish(sessionId: string, turnId: string, answer: Answer | null): Promise<void> {
    if (running.get(sessionId)?.turnId === turnId) running.delete(sessionId)
    try {
      await store.finish(sessionId, turnId, answer)
    } catch (fault) {
      logger.log('error', 'the end of a session’s turn could not be recorded', { turn_id: turnId, fault: String(fault) })
    }
  }

  async function principalOf(session: SessionsTable): Promise<Principal> {
    const user = session.user_id === null ? null : await identities.findUser(session.user_id)
    const teamId = session.team_id ?? user?.team_id ?? null
    const team = teamId === null ? null : await identities.findTeam(teamId)
    return {
      keyId: null,
      keyName: null,
      userId: session.user_id,
      teamId,
      workspace: session.workspace,
      allowedModels: [],
      ignoreClientModel: false,
      logMessages: false,
      caps: [...(user === null ? [] : ownCaps('user', user)), ...(team === null ? [] : ownCaps('team', team))],
      allowUnpriced: false,
      rates: null,
      tags: {},
    }
  }
}

function ownCaps(kind: 'user' | 'team', owner: UsersTable | TeamsTable): readonly Cap[] {
  return capsOn(kind, owner.id, owner.daily_cap_nano_usd, owner.monthly_cap_nano_usd, owner.budget_nano_usd)
}

function attributionOf(session: SessionsTable) {
  const tags: Readonly<Record<string, string>> = JSON.parse(session.tags_json)
  return { project: null, branch: null, clientSessionId: session.id, client: session.client, tags }
}

function answerOf({ turn, model }: TurnAnswer, text: string, status: string, latencyMs: number): Answer {
  const { usage, stop } = turn.tally
  return {
    content: text,
    model: formatModelRef(model),
    status,
    stop_reason: stop === null ? null : stopReasonOf(stop),
    input_tokens: usage === null ? null : totalInputOf(usage),
    output_tokens: usage?.output ?? null,
    cost_nano_usd: turn.costNanoUsd,
    latency_ms: Math.round(latencyMs * 10) / 10,
  }
}

/** A question without an answer is not asked again, and an answer that says nothing is none: providers refuse both. */
function saidIn(messages: readonly Message[]): readonly Said[] {
  const answered = new Set(
    messages.flatMap(({ role, turn_id, content }) => (role === 'assistant' && content !== '' ? [turn_id] : [])),
  )
  return messages.flatMap(({ role, turn_id, content }) => (answered.has(turn_id) ? [{ role, text: content }] : []))
}
