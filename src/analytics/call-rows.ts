// One call as lists and a turn's page show it.
import * as z from 'zod'
import { usdOf } from '../lib/money.ts'
import type { CallsTable } from '../store/schema.ts'
import { isoOf } from './window.ts'

const text = z.string()
const textOrNull = text.nullable()

export const callRow = z.object({
  turn_id: text,
  ended_at: text,
  session_id: text,
  status: z.enum(['ok', 'failed', 'cancelled', 'interrupted']),
  model: text,
  requested_model: text,
  provider: text,
  client: textOrNull,
  inbound_shape: textOrNull,
  gateway_key_id: textOrNull,
  user_id: textOrNull,
  team_id: textOrNull,
  project: textOrNull,
  branch: textOrNull,
  stream: z.boolean(),
  attempts: z.int(),
  tool_calls: z.int(),
  /** Uncached. */
  input_tokens: z.int(),
  output_tokens: z.int(),
  cached_input_tokens: z.int(),
  cache_creation_input_tokens: z.int(),
  reasoning_tokens: z.int(),
  /** null = unpriced. */
  cost_usd: z.number().nullable(),
  cost_basis: text,
  /** Of a call of a client's own subscription, whose cost is 0; null = it is none, or unpriced. */
  list_price_usd: z.number().nullable(),
  latency_ms: z.number(),
  ttft_ms: z.number().nullable(),
  stop_reason: textOrNull,
  error_class: textOrNull,
})
export type CallRow = z.infer<typeof callRow>

const statuses = callRow.shape.status

export function callRowOf(row: CallsTable): CallRow {
  return {
    turn_id: row.turn_id,
    ended_at: isoOf(Number(row.timestamp_us)),
    session_id: row.session_id,
    status: statuses.parse(row.status),
    model: row.model,
    requested_model: row.requested_model,
    provider: row.provider,
    client: row.client,
    inbound_shape: row.inbound_shape,
    gateway_key_id: row.gateway_key_id,
    user_id: row.user_id,
    team_id: row.team_id,
    project: row.project,
    branch: row.branch,
    stream: row.stream === 1,
    attempts: row.attempts,
    tool_calls: row.tool_calls,
    input_tokens: row.input_tokens,
    output_tokens: row.output_tokens,
    cached_input_tokens: row.cached_input_tokens,
    cache_creation_input_tokens: row.cache_creation_input_tokens,
    reasoning_tokens: row.reasoning_tokens,
    cost_usd: row.cost_nano_usd === null ? null : usdOf(row.cost_nano_usd),
    cost_basis: row.cost_basis,
    list_price_usd: row.list_nano_usd === null ? null : usdOf(row.list_nano_usd),
    latency_ms: row.latency_ms,
    ttft_ms: row.ttft_ms,
    stop_reason: row.stop_reason,
    error_class: row.error_class,
  }
}
