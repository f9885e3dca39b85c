// One line a turn in the log: what people watch while they try things out, and for machines all that a turn is asked about later.
import type { Logger } from '../services.ts'
import type { CallEvent, TurnCompletedEvent } from './turn-events.ts'

/** `call`: null = nothing went upstream. */
export function logTurn(logger: Logger, turn: TurnCompletedEvent, call: CallEvent | null, requestedModel: string): void {
  const { payload } = turn
  const completed = call?.type === 'llm.call_completed' ? call.payload : null
  logger.log(
    'info',
    'turn',
    {
      status: payload.status,
      model: call?.payload.model,
      input_tokens: payload.total_input_tokens,
      output_tokens: payload.total_output_tokens,
      cost_usd: payload.total_cost_usd,
      wall_time_seconds: payload.wall_time_seconds,
      gateway_key_id: payload.gateway_key_id,
      error_code: payload.error_code,
      turn_id: turn.turnId,
    },
    {
      session_id: turn.sessionId,
      requested_model: requestedModel,
      inbound_shape: payload.inbound_shape,
      stream: call?.payload.stream ?? null,
      cached_input_tokens: completed?.cached_input_tokens ?? null,
      cache_creation_input_tokens: completed?.cache_creation_input_tokens ?? null,
      cost_basis: completed?.cost_basis ?? null,
      latency_ms: call?.payload.latency_ms ?? null,
      ttft_ms: completed?.ttft_ms ?? null,
      attempts: call?.payload.attempts ?? 0,
      error_class: call?.payload.error_class ?? null,
      stop_reason: payload.stop_reason,
      user_id: payload.user_id,
      team_id: payload.team_id,
      project: payload.project,
      branch: payload.branch,
      client: payload.client,
    },
  )
}
