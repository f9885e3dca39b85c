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
  const chain =
    turn.shape === null
      ? chainOfPolicy(model, turn.number)
      : [entryOf('per_message_override', 'chose', model, 'the request names it')]
  return {
    ...identity,
    requested_model: turn.shape === null ? '' : turn.requestedModel,
    chosen_model: refused ? null : model,
    winner_index: refused ? -1 : chain.length - 1,
    elapsed_ms: 0.2,
    chain,
  }
}

/** A turn that names no model goes down the slots: two in three meet a rule, the others end at the default. */
function chainOfPolicy(model: string, number: number): ChainEntry[] {
  const unnamed = entryOf('per_message_override', 'not_applicable', null, 'the message names no model')
  const unstuck = entryOf('manual_sticky', 'not_applicable', null, 'the session has no model of its own')
  const isRuled = number % 3 > 0
  if (isRuled)
    return [unnamed, unstuck, { ...entryOf('rule', 'chose', model, 'fewer than 20,000 tokens'), rule_name: 'small-questions' }]
  return [
    unnamed,
    unstuck,
    entryOf('rule', 'not_applicable', null, 'no rule matches'),
    { ...entryOf('workspace_default', 'rejected', 'local:qwen3:8b', null), validation_failure: 'no_tool_support' },
    entryOf('global_default', 'chose', model, 'default_model'),
  ]
}

function entryOf(
  policy: ChainEntry['policy'],
  verdict: ChainEntry['verdict'],
  candidate: string | null,
  reason: string | null,
): ChainEntry {
  return { policy, verdict, candidate_model: candidate, reason, rule_name: null, validation_failure: null }
}

function calledOf(turn: SampleTurn) {
  const model = `${turn.provider}:${turn.model}`
  const attempt = (status: number | null, errorClass: string | null, latencyMs: number) => ({
    provider: turn.provider,
    model,
    status,
    error_class: errorClass,
    latency_ms: latencyMs,
  })
  const { fault, outcome, latencyMs, ttftMs } = turn
  const failed = fault === null ? [] : [attempt(fault.status, fault.errorClass, ttftMs)]
  const log = outcome === 'failed' ? failed : [...failed, attempt(200, null, latencyMs)]
  return {
    model,
    provider: turn.provider,
    requested_model: turn.shape === null ? '' : turn.requestedModel,
    latency_ms: latencyMs,
    stream: turn.stream,
    attempts: log.length,
    attempt_log: log,
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
    ...calledOf(turn),
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
  const { errorClass = 'other', status = null, message = '' } = turn.fault ?? {}
  return { ...identity, ...calledOf(turn), error_class: errorClass, error_message_redacted: message, status }
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
