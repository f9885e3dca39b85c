// What a laptop pushes to a hub: the ledger's rows of whole turns, and what the ids in them are called. Who, when, which model
// and how much; never a prompt, an answer, or a provider's words about one.
import * as z from 'zod'
import { llmCallCompleted, llmCallFailed, routeDecided, turnCompleted } from './events.ts'

const id = z.string().min(1).max(200)

const head = {
  /** A ULID: what a hub has of one it does not take again. */
  id: z.string().regex(/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/),
  timestampUs: z.int().min(0),
  sessionId: z.string().max(200),
  parentEventId: id.nullable(),
}

export const completedCall = z.object({ ...head, type: z.literal('llm.call_completed'), payload: llmCallCompleted })
export const failedCall = z.object({ ...head, type: z.literal('llm.call_failed'), payload: llmCallFailed })

export const pushedTurn = z.object({
  turnId: id,
  route: z.object({ ...head, payload: routeDecided }),
  /** null: a turn that was refused. */
  call: z.discriminatedUnion('type', [completedCall, failedCall]).nullable(),
  turn: z.object({ ...head, payload: turnCompleted }),
})
export type PushedTurn = z.infer<typeof pushedTurn>

export const pushedName = z.object({ kind: z.enum(['gateway_key', 'user', 'team']), id, name: z.string().max(200) })
export type PushedName = z.infer<typeof pushedName>

/** Eleven statements each, and a Worker has a thousand a request on D1. */
export const turnsPerPush = 50

export const push = z.object({
  format: z.literal(1),
  names: z.array(pushedName).max(3 * turnsPerPush),
  turns: z.array(pushedTurn).max(turnsPerPush),
})
export type Push = z.infer<typeof push>

/** As a hub opens it: whether each turn can be one is asked of each by itself. */
export const uncheckedPush = push.extend({ turns: z.array(z.unknown()).max(turnsPerPush) })
export type UncheckedPush = z.infer<typeof uncheckedPush>

const leftOut = z.object({ turn_id: z.string(), reason: z.string() })
export type LeftOut = z.infer<typeof leftOut>

export const pushAnswer = z.object({
  /** New to the hub. */
  accepted: z.int(),
  /** It had them already. */
  known: z.int(),
  /** Never taken, whenever they are sent. */
  refused: z.array(leftOut),
  /** Not taken now, and perhaps another day: the laptop keeps them. A hub of an older version names none. */
  later: z.array(leftOut).default([]),
})
export type PushAnswer = z.infer<typeof pushAnswer>
