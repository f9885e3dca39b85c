// What the events of a made-up turn say: the payloads of src/store/events.ts, filled from the plan.
import { totalInputOf } from '../../src/ir/usage.ts'
import { usdOf } from '../../src/lib/money.ts'
import type { ChainEntry, LlmCallCompleted, LlmCallFailed, RouteDecided, TurnCompleted } from '../../src/store/events.ts'
import { sampleKeys, type SampleKeyName, type SampleTurn } from './demo-traffic-plan.ts'

export type Identity = Pick<RouteDecided, 'gateway_key_id' | 'inbound_shape' | 'user_id' | 'team_id' | 'workspace' | 'project' | 'branch' | 'client' | 'client_session_id' | 'tags'> // prettier-ignore

export function identityOf(turn: SampleTurn, keyIds: ReadonlyMap<SampleKeyName, string>): Identity {
  const key = turn.key === null ? null : sampleKeys[turn.key]
  return {
    gateway_key_id: turn.key === null ? null : (keyIds.get(turn.key) ?? null),
    inbound_shape: turn.shape,
    user_id: key?.userId ?? null,
    team_id: key?.teamId ?? null,
    workspace: key?.workspace ?? null,
    project: turn.project,
    branch: turn.branch,
    client: turn.client,
    client_session_id: turn.client === 'claude-code' || turn.client === 'codex' ? turn.session : null,
    tags: turn.tags,
  }
}

export function routeOf(turn: SampleTurn, identity: Identity): RouteDecided {
  const model = `${turn.provider}:${turn.model}`
  const refused = turn.outcome === 'refused'
  const entry = (policy: ChainEntry['policy'], chosen: boolean, reason: string): ChainEntry => ({
    policy,
    verdict: chosen ? 'chose' : 'not_applicable',
    candidate_model: chosen ? model : null,
    reason,
    rule_name: null,
    validation_failure: null,
  })
  const chain =
    turn.shape === null
      ? [entry('per_message_override', false, 'the message names no model'), entry('global_default', true, 'default_model')]
      : [entry('per_message_override', true, 'the request names it')]
  return {
    ...identity,
    requested_model: turn.shape === null ? '' : turn.requestedModel,
    chosen_model: refused ? null : model,
    winner_index: refused ? -1 : chain.length - 1,
    elapsed_ms: 0.2,
    chain: refused ? [] : chain,
  }
}

function calledOf(turn: SampleTurn, status: number, errorClass: string | null) {
  const model = `${turn.provider}:${turn.model}`
  return {
    model,
    provider: turn.provider,
    requested_model: turn.shape === null ? '' : turn.requestedModel,
    latency_ms: turn.latencyMs,
    stream: turn.stream,
    attempts: 1,
    attempt_log: [{ provider: turn.provider, model, status, error_class: errorClass, latency_ms: turn.latencyMs }],
  }
}

export function completionOf(
  turn: SampleTurn,
  identity: Identity,
  cost: number | null,
  pricingVersion: string,
): LlmCallCompleted {
  const { usage } = turn
  const cut = turn.outcome === 'cancelled'
  return {
    ...identity,
    ...calledOf(turn, 200, null),
    input_tokens: usage.inputUncached,
    output_tokens: usage.output,
    cached_input_tokens: usage.cacheRead,
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_creation_1h_tokens: usage.cacheWrite1h,
    reasoning_tokens: usage.reasoning ?? 0,
    cost_usd: cost === null ? null : usdOf(cost),
    cost_basis: cost === null ? 'unpriced' : cut ? 'partial_estimate' : 'metered',
    pricing_version: pricingVersion,
    upstream_cost_usd: null,
    ttft_ms: turn.ttftMs,
    stop_reason: cut ? null : turn.toolCalls > 0 ? 'tool_use' : 'end_turn',
    produced_tool_calls: turn.toolCalls,
    produced_thinking_blocks: 0,
    usage_estimated: cut,
    service_tier: null,
    warnings: [],
    error_class: cut ? 'CANCELLED' : null,
    upstream_request_id: null,
  }
}

export function failureOf(turn: SampleTurn, identity: Identity): LlmCallFailed {
  return {
    ...identity,
    ...calledOf(turn, 529, 'overloaded'),
    error_class: 'overloaded',
    error_message_redacted: 'The provider is overloaded (sample).',
    status: 529,
  }
}

export function endOf(turn: SampleTurn, cost: number | null): Omit<TurnCompleted, keyof Identity> {
  const { outcome, usage } = turn
  return {
    status: outcome,
    stop_reason: outcome !== 'ok' ? null : turn.toolCalls > 0 ? 'tool_use' : 'end_turn',
    error_code: outcome === 'refused' ? 'quota_exceeded' : outcome === 'failed' ? 'upstream_error' : null,
    llm_call_count: outcome === 'refused' ? 0 : 1,
    tool_call_count: turn.toolCalls,
    total_input_tokens: totalInputOf(usage),
    total_output_tokens: usage.output,
    total_cost_usd: cost === null ? null : usdOf(cost),
    wall_time_seconds: turn.latencyMs / 1000,
  }
}
