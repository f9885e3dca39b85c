// Sessions, messages and turns as serve prints them.
import type * as z from 'zod'
import { usdOf } from '../lib/money.ts'
import type { SessionsTable } from '../store/session-tables.ts'
import { noTotals, type Answer, type Message, type SessionTotals } from '../store/sessions.ts'
import type { messageAnswer, outcomeAnswer, sessionAnswer, turnAnswer } from './session-schemas.ts'

export function sessionJson(session: SessionsTable, totals: SessionTotals = noTotals): z.output<typeof sessionAnswer> {
  return {
    id: session.id,
    title: session.title,
    workspace: session.workspace,
    active_model: session.active_model,
    system: session.system_text,
    user_id: session.user_id,
    team_id: session.team_id,
    client: session.client,
    tags: JSON.parse(session.tags_json),
    created_at: isoOf(session.created_us),
    updated_at: isoOf(session.updated_us),
    deleted_at: session.deleted_us === null ? null : isoOf(session.deleted_us),
    running_turn_id: session.running_turn_id,
    turns: totals.turns,
    cost_usd: usdOf(totals.costNanoUsd),
    unpriced_turns: totals.unpricedTurns,
  }
}

export function messageJson(message: Message): z.output<typeof messageAnswer> {
  const { position, turn_id, role, content, created_us } = message
  const said = { position, turn_id, text: content, created_at: isoOf(created_us) }
  return role === 'user' ? { ...said, role } : { ...said, role, ...outcomeOf(message) }
}

export function turnJson(sessionId: string, turnId: string, answer: Answer): z.output<typeof turnAnswer> {
  return { id: turnId, session_id: sessionId, text: answer.content, ...outcomeOf(answer) }
}

function outcomeOf(answer: Answer): z.output<typeof outcomeAnswer> {
  const { model, status, stop_reason, input_tokens, output_tokens, cost_nano_usd, latency_ms } = answer
  const cost_usd = cost_nano_usd === null ? null : usdOf(Number(cost_nano_usd))
  return { model, status, stop_reason, input_tokens, output_tokens, cost_usd, latency_ms }
}

const isoOf = (us: number): string => new Date(Number(us) / 1000).toISOString()
