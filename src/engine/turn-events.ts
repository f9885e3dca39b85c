// The events of a turn, one function each. Each payload is one literal without spreads: spreading made a turn's rows cost
// several times as much (measured), and this runs three times a turn.
import { formatModelRef } from '../catalog/models.ts'
import type { ErrorClass, GatewayError } from '../ir/errors.ts'
import { stopReasonOf } from '../ir/stream.ts'
import type { Usage } from '../ir/usage.ts'
import type { Warning } from '../ir/warning.ts'
import { usdOf } from '../lib/money.ts'
import type { TraceParent } from '../lib/trace-parent.ts'
import type { Route } from '../routing/router.ts'
import type { PricingFacts, TurnEvent, TurnStatus } from '../store/events.ts'
import type { AttemptLog } from './attempts.ts'
import type { Identity } from './identity.ts'
import type { Bill, Tally } from './tally.ts'

/** What is stored of a client's model name (reliability.md §3), and of a provider's message. */
const MODEL_NAME_LIMIT = 200
const MESSAGE_LIMIT = 500
/** Warnings on record: a client chooses how many unknown fields it sends, and how long their names are. */
const WARNINGS_LIMIT = 64
const FIELD_LIMIT = 128

export type RouteEvent = TurnEvent & { readonly type: 'route.decided' }
export type CallEvent = TurnEvent & { readonly type: 'llm.call_completed' | 'llm.call_failed' }
export type TurnCompletedEvent = TurnEvent & { readonly type: 'turn.completed' }

/** What all events of one turn share. */
export interface TurnHead {
  readonly id: string
  readonly sessionId: string
  readonly identity: Identity
  readonly requestedModel: string
  readonly stream: boolean
  readonly traceParent?: TraceParent | undefined
  readonly nextId: () => string
}

export function routeDecided(
  head: TurnHead,
  routed: Route,
  refusal: GatewayError | null,
  elapsedMs: number,
  nowUs: number,
): RouteEvent {
  const { identity } = head
  return {
    id: head.nextId(),
    timestampUs: nowUs,
    sessionId: head.sessionId,
    turnId: head.id,
    parentEventId: null,
    type: 'route.decided',
    payload: {
      gateway_key_id: identity.gateway_key_id,
      inbound_shape: identity.inbound_shape,
      user_id: identity.user_id,
      team_id: identity.team_id,
      workspace: identity.workspace,
      project: identity.project,
      branch: identity.branch,
      client: identity.client,
      client_session_id: identity.client_session_id,
      tags: identity.tags,
      requested_model: head.requestedModel.slice(0, MODEL_NAME_LIMIT),
      chosen_model: routed.target === null || refusal !== null ? null : formatModelRef(routed.target),
      winner_index: refusal === null ? routed.winnerIndex : -1,
      elapsed_ms: Math.round(elapsedMs * 1000) / 1000,
      chain: [...routed.chain],
    },
  }
}

export interface CallOutcome {
  readonly end: Exclude<TurnStatus, 'refused'>
  readonly error: GatewayError | undefined
  readonly tally: Tally
  readonly bill: Bill
  readonly log: AttemptLog
  readonly latencyMs: number
  readonly ttftMs: number | null
  readonly pricingVersion: string
  readonly warnings: readonly Warning[]
  readonly upstreamRequestId: string | null
}

export function callCompleted(head: TurnHead, parentId: string, call: CallOutcome, nowUs: number): CallEvent {
  const { identity } = head
  const { bill, log, tally } = call
  const { usage } = bill
  return {
    id: head.nextId(),
    timestampUs: nowUs,
    sessionId: head.sessionId,
    turnId: head.id,
    parentEventId: parentId,
    type: 'llm.call_completed',
    payload: {
      gateway_key_id: identity.gateway_key_id,
      inbound_shape: identity.inbound_shape,
      user_id: identity.user_id,
      team_id: identity.team_id,
      workspace: identity.workspace,
      project: identity.project,
      branch: identity.branch,
      client: identity.client,
      client_session_id: identity.client_session_id,
      tags: identity.tags,
      model: formatModelRef(log.model),
      provider: log.model.provider,
      requested_model: head.requestedModel.slice(0, MODEL_NAME_LIMIT),
      attempts: log.entries.length,
      attempt_log: log.entries,
      latency_ms: tenths(call.latencyMs),
      stream: head.stream,
      input_tokens: usage.inputUncached,
      output_tokens: usage.output,
      cached_input_tokens: usage.cacheRead,
      cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
      cache_creation_1h_tokens: usage.cacheWrite1h,
      reasoning_tokens: usage.reasoning ?? 0,
      cost_usd: bill.costNanoUsd === null ? null : usdOf(bill.costNanoUsd),
      cost_basis: bill.basis,
      list_price_usd: typeof bill.listNanoUsd === 'number' ? usdOf(bill.listNanoUsd) : bill.listNanoUsd,
      pricing_version: call.pricingVersion,
      upstream_cost_usd: usage.upstreamCostUsd ?? null,
      ttft_ms: call.ttftMs === null ? null : tenths(call.ttftMs),
      stop_reason: tally.stop === null ? null : stopReasonOf(tally.stop),
      produced_tool_calls: tally.toolCalls,
      produced_thinking_blocks: tally.thinkingBlocks,
      usage_estimated: bill.estimated,
      service_tier: usage.serviceTier ?? null,
      warnings: recordedWarnings(call.warnings),
      error_class: errorClassOf(call.end, call.error),
      upstream_request_id: call.upstreamRequestId,
      pricing_facts: pricingFactsOf(usage, tally.reportedModel, log.model.name),
    },
  }
}

/** null = tokens, tier and the model asked for are all that its price was chosen by. */
function pricingFactsOf(usage: Usage, answeredAs: string | null, asked: string): PricingFacts | null {
  const { audioInput, audioOutput, webSearches, inferenceGeo, speed } = usage
  const isOther = answeredAs !== null && answeredAs !== asked
  if (!isOther && !audioInput && !audioOutput && !webSearches && inferenceGeo === undefined && speed === undefined) return null
  return {
    ...(isOther ? { answered_as: answeredAs.slice(0, MODEL_NAME_LIMIT) } : {}),
    ...(audioInput ? { audio_input_tokens: audioInput } : {}),
    ...(audioOutput ? { audio_output_tokens: audioOutput } : {}),
    ...(webSearches ? { web_searches: webSearches } : {}),
    ...(inferenceGeo === undefined ? {} : { inference_geo: inferenceGeo }),
    ...(speed === undefined ? {} : { speed }),
  }
}

/** A call that delivered nothing: nothing was used that we know of. */
export function callFailed(
  head: TurnHead,
  parentId: string,
  log: AttemptLog,
  error: GatewayError | undefined,
  redactedMessage: string,
  latencyMs: number,
  nowUs: number,
): CallEvent {
  const { identity } = head
  return {
    id: head.nextId(),
    timestampUs: nowUs,
    sessionId: head.sessionId,
    turnId: head.id,
    parentEventId: parentId,
    type: 'llm.call_failed',
    payload: {
      ...identity,
      model: formatModelRef(log.model),
      provider: log.model.provider,
      requested_model: head.requestedModel.slice(0, MODEL_NAME_LIMIT),
      error_class: error?.errorClass ?? 'other',
      error_message_redacted: redactedMessage.slice(0, MESSAGE_LIMIT),
      status: error?.details.upstream?.status ?? null,
      attempts: log.entries.length,
      attempt_log: log.entries,
      latency_ms: tenths(latencyMs),
      stream: head.stream,
    },
  }
}

export interface TurnOutcome {
  readonly status: TurnStatus
  readonly errorCode: string | null
  readonly stopReason: string | null
  readonly callCount: 0 | 1
  readonly toolCallCount: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** null = unpriced. */
  readonly costNanoUsd: number | null
  readonly wallMs: number
}

export function turnCompleted(head: TurnHead, parentId: string, outcome: TurnOutcome, nowUs: number): TurnCompletedEvent {
  const { identity } = head
  return {
    id: head.nextId(),
    timestampUs: nowUs,
    sessionId: head.sessionId,
    turnId: head.id,
    parentEventId: parentId,
    type: 'turn.completed',
    payload: {
      gateway_key_id: identity.gateway_key_id,
      inbound_shape: identity.inbound_shape,
      user_id: identity.user_id,
      team_id: identity.team_id,
      workspace: identity.workspace,
      project: identity.project,
      branch: identity.branch,
      client: identity.client,
      client_session_id: identity.client_session_id,
      tags: identity.tags,
      status: outcome.status,
      stop_reason: outcome.stopReason,
      error_code: outcome.errorCode,
      llm_call_count: outcome.callCount,
      tool_call_count: outcome.toolCallCount,
      total_input_tokens: outcome.inputTokens,
      total_output_tokens: outcome.outputTokens,
      total_cost_usd: outcome.costNanoUsd === null ? null : usdOf(outcome.costNanoUsd),
      wall_time_seconds: Math.round(outcome.wallMs) / 1000,
    },
  }
}

export function turnRefused(head: TurnHead, route: RouteEvent, error: GatewayError, elapsedMs: number): TurnCompletedEvent {
  const outcome = {
    status: 'refused',
    errorCode: error.code,
    stopReason: null,
    callCount: 0,
    toolCallCount: 0,
    inputTokens: 0,
    outputTokens: 0,
    costNanoUsd: 0,
    wallMs: elapsedMs,
  } as const
  return turnCompleted(head, route.id, outcome, route.timestampUs)
}

function recordedWarnings(warnings: readonly Warning[]): Warning[] {
  const kept = warnings.slice(0, WARNINGS_LIMIT).map(({ field, action, reason }) => ({
    field: field.slice(0, FIELD_LIMIT),
    action,
    reason: reason.slice(0, MESSAGE_LIMIT),
  }))
  const more = warnings.length - kept.length
  return more === 0 ? kept : [...kept, { field: '…', action: 'dropped', reason: `${more} more` }]
}

function errorClassOf(end: CallOutcome['end'], error: GatewayError | undefined): ErrorClass | null {
  switch (end) {
    case 'ok':
      return null
    case 'cancelled':
      return 'CANCELLED'
    case 'interrupted':
      return 'INTERRUPTED'
    case 'failed':
      return error?.errorClass ?? 'other'
    default:
      return end satisfies never
  }
}

/** A tenth of a millisecond is finer than a clock can promise. */
function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
