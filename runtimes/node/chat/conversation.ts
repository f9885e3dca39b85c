// One conversation of `metis chat`: a session of this process' own, made when the first word is said.
import { formatModelRef } from '../../../src/catalog/models.ts'
import { GatewayError } from '../../../src/ir/errors.ts'
import { delegationOf, resolveModel } from '../../../src/routing/resolve.ts'
import type { SessionsTable } from '../../../src/store/session-tables.ts'
import { noTotals, type Answer, type Message, type SessionTotals } from '../../../src/store/sessions.ts'
import type { NodeContext } from '../context.ts'
import type { NodeSessions } from '../sessions.ts'

export interface Speaker {
  text(piece: string): void
  /** Called once, when the model thinks before it speaks. */
  thinking(): void
}

export interface Spoken {
  readonly turnId: string
  readonly answer: Answer
}

export interface Conversation {
  /** null = nothing was said yet. */
  readonly id: string | null
  /** @throws GatewayError, SessionError */
  say(text: string, model: string | null, speaker: Speaker): Promise<Spoken>
  /** Stops the turn that runs; false = none does. */
  cancel(): boolean
  /** null = routing decides. */
  model(): string | null
  /** Of the whole conversation; null = routing decides. @throws GatewayError for a name that leads nowhere */
  setModel(name: string | null): Promise<void>
  messages(): Promise<readonly Message[]>
  totals(): Promise<SessionTotals>
}

export interface ConversationOptions {
  /** Goes on with this one. */
  readonly resumed: SessionsTable | null
  readonly workspace: string
  readonly model: string | null
  readonly system: string | null
}

const CLIENT = 'metis-chat'
const TITLE_LIMIT = 60
const MESSAGES_LIMIT = 10_000

export async function openConversation(
  context: NodeContext,
  { sessions, store, routing }: NodeSessions,
  options: ConversationOptions,
): Promise<Conversation> {
  const { resumed } = options
  let id = resumed?.id ?? null
  let model = options.model ?? resumed?.active_model ?? null
  if (options.model !== null) await setModel(options.model)

  async function setModel(name: string | null): Promise<void> {
    if (name !== null && delegationOf(name, routing) === null) {
      const target = resolveModel(name, 'openai', routing)
      if (target instanceof GatewayError) throw target
      if (!routing.config.providers.some((provider) => provider.name === target.provider)) {
        throw new GatewayError(
          'invalid_request',
          'model_not_found',
          `The provider of ${formatModelRef(target)} is not configured.`,
        )
      }
    }
    model = name
    if (id !== null) await store.change(id, { active_model: name })
  }

  async function begun(text: string): Promise<string> {
    if (id !== null) return id
    const made = `ses_${context.nextId()}`
    await store.create({
      id: made,
      title: text.replaceAll(/\s+/g, ' ').slice(0, TITLE_LIMIT),
      workspace: options.workspace,
      active_model: model,
      system_text: options.system,
      user_id: null,
      team_id: null,
      client: CLIENT,
      tags_json: '{}',
    })
    id = made
    return made
  }

  return {
    get id() {
      return id
    },
    async say(text, modelOnce, speaker) {
      const turn = await sessions.ask(await begun(text), { text, ...(modelOnce === null ? {} : { model: modelOnce }) })
      let thought = false
      for await (const event of turn.events) {
        if (event.type === 'finished') return { turnId: turn.turnId, answer: event.answer }
        if (event.type === 'text') speaker.text(event.text)
        else if (!thought) {
          thought = true
          speaker.thinking()
        }
      }
      throw new GatewayError('other', 'upstream_bad_response', 'The answer has no end.')
    },
    cancel: () => id !== null && sessions.cancelHere(id) !== null,
    model: () => model,
    setModel,
    messages: async () => (id === null ? [] : store.messages(id, { after: 0, limit: MESSAGES_LIMIT })),
    totals: async () => (id === null ? noTotals : ((await store.totals([id])).get(id) ?? noTotals)),
  }
}

/** The last conversation of this workspace; null = there is none. */
export async function lastIn(workspace: string, { store }: NodeSessions): Promise<SessionsTable | null> {
  const listed = await store.list({ before: null, limit: 90 })
  const own = listed.filter((session) => session.client === CLIENT && session.workspace === workspace)
  return own.reduce<SessionsTable | null>(
    (last, one) => (last === null || Number(one.updated_us) > Number(last.updated_us) ? one : last),
    null,
  )
}
