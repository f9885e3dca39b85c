// Turns made by number: every field set, so that a test changes only what it is about.
import { createUlidAt } from '../../src/lib/ids.ts'
import type { LlmCallCompleted, LlmCallFailed, RouteDecided, TurnCompleted } from '../../src/store/events.ts'
import type { TurnClosed, TurnOpened } from '../../src/store/traces.ts'

export interface TurnShape {
  readonly hour?: number
  readonly keyId?: string | null
  readonly userId?: string | null
  readonly model?: string
  readonly end?: 'ok' | 'failed' | 'cancelled'
  readonly inputTokens?: number
  readonly costNanoUsd?: number | null
  readonly latencyMs?: number
}

export interface MadeTurn {
  readonly opened: TurnOpened
  readonly closed: TurnClosed
}

const startUs = 1_767_225_600_000_000

/** A turn whose ids and times follow from `number`; the same number makes the same turn. */
export function turnOf(number: number, shape: TurnShape = {}): MadeTurn {
  const { hour = 0, keyId = 'gk_1', userId = 'ada', model = 'anthropic:claude-haiku-4-5', end = 'ok' } = shape
  const { inputTokens = 100, costNanoUsd = 1_250_000, latencyMs = 812.25 } = shape
  const timestampUs = startUs + hour * 3_600_000_000 + number * 10
  const [routeId, callId, endId] = [0, 1, 2].map((offset) => idOf(timestampUs, number, offset))
  const turnId = `turn-${number}`
  const head = (id = '', parent: string | null = null) => ({
    id,
    timestampUs,
    sessionId: `session-${number % 7}`,
    turnId,
    parentEventId: parent,
  })
  const identity = {
    gateway_key_id: keyId,
    inbound_shape: 'anthropic',
    user_id: userId,
    team_id: null,
    workspace: '/work',
    project: 'gateway',
    branch: 'main',
    client: 'claude-code',
    client_session_id: null,
    tags: {},
  }
  const attempts = {
    model,
    provider: 'anthropic',
    requested_model: 'haiku',
    attempts: 1,
    attempt_log: [{ provider: 'anthropic', model, status: 200, error_class: null, latency_ms: latencyMs }],
    latency_ms: latencyMs,
    stream: true,
  }
  const route: RouteDecided = {
    ...identity,
    requested_model: 'haiku',
    chosen_model: model,
    winner_index: 0,
    elapsed_ms: 0.2,
    chain: [
      {
        policy: 'per_message_override',
        verdict: 'chose',
        candidate_model: model,
        reason: 'the client asked for it',
        rule_name: null,
        validation_failure: null,
      },
    ],
  }
  const completed: LlmCallCompleted = {
    ...identity,
    ...attempts,
    input_tokens: inputTokens,
    output_tokens: 20,
    cached_input_tokens: 3,
    cache_creation_input_tokens: 4,
    cache_creation_1h_tokens: 1,
    reasoning_tokens: 2,
    cost_usd: costNanoUsd === null ? null : costNanoUsd / 1e9,
    cost_basis: costNanoUsd === null ? 'unpriced' : end === 'cancelled' ? 'partial_estimate' : 'metered',
    pricing_version: 'test-1',
    upstream_cost_usd: null,
    ttft_ms: 90,
    stop_reason: 'end_turn',
    produced_tool_calls: 1,
    produced_thinking_blocks: 0,
    usage_estimated: end === 'cancelled',
    service_tier: null,
    warnings: [],
    error_class: end === 'cancelled' ? 'CANCELLED' : null,
    upstream_request_id: 'req_1',
  }
  const failed: LlmCallFailed = {
    ...identity,
    ...attempts,
    error_class: 'overloaded',
    error_message_redacted: 'Overloaded',
    status: 529,
  }
  const turn: TurnCompleted = {
    ...identity,
    status: end,
    stop_reason: 'end_turn',
    error_code: null,
    llm_call_count: 1,
    tool_call_count: 1,
    total_input_tokens: inputTokens,
    total_output_tokens: 20,
    total_cost_usd: end === 'failed' ? 0 : completed.cost_usd,
    wall_time_seconds: 0.9,
  }
  return {
    opened: {
      turnId,
      route: { ...head(routeId), type: 'route.decided', payload: route },
      provider: 'anthropic',
      model,
      requestedModel: 'haiku',
      stream: true,
      startedUs: timestampUs,
      estimatedInputTokens: 90,
      pricingVersion: 'test-1',
    },
    closed: {
      turnId,
      call:
        end === 'failed'
          ? { ...head(callId, routeId), type: 'llm.call_failed', payload: failed }
          : { ...head(callId, routeId), type: 'llm.call_completed', payload: completed },
      costNanoUsd: end === 'failed' ? 0 : costNanoUsd,
      turn: { ...head(endId, routeId), type: 'turn.completed', payload: turn },
    },
  }
}

function idOf(timestampUs: number, number: number, offset: number): string {
  const random = Uint8Array.from({ length: 16 }, (_, digit) => Math.floor(number / 32 ** digit) & 31)
  return createUlidAt(Math.floor(timestampUs / 1000) + offset, random)
}
