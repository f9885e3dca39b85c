// A call as it is exported: the trace's words, dollars with nine decimals, times as people write them. One record a call, so
// that the sum of an export is the sum of the ledger.
import { parsedJson } from '../../store/stored-calls.ts'
import { usdOf } from '../../lib/money.ts'
import type { CallsTable } from '../../store/schema.ts'
import { isoOf } from '../window.ts'

export function recordOf(call: CallsTable) {
  return {
    turn_id: call.turn_id,
    timestamp: isoOf(call.timestamp_us),
    session_id: call.session_id,
    gateway_key_id: call.gateway_key_id,
    user_id: call.user_id,
    team_id: call.team_id,
    workspace: call.workspace,
    project: call.project,
    branch: call.branch,
    client: call.client,
    inbound_shape: call.inbound_shape,
    provider: call.provider,
    model: call.model,
    requested_model: call.requested_model,
    status: call.status,
    error_class: call.error_class,
    stop_reason: call.stop_reason,
    stream: call.stream === 1,
    input_tokens: call.input_tokens,
    output_tokens: call.output_tokens,
    cached_input_tokens: call.cached_input_tokens,
    cache_creation_input_tokens: call.cache_creation_input_tokens,
    cache_creation_1h_tokens: call.cache_creation_1h_tokens,
    reasoning_tokens: call.reasoning_tokens,
    cost_usd: call.cost_nano_usd === null ? null : usdOf(call.cost_nano_usd),
    cost_basis: call.cost_basis,
    pricing_version: call.pricing_version,
    latency_ms: call.latency_ms,
    ttft_ms: call.ttft_ms,
    attempts: call.attempts,
    tool_calls: call.tool_calls,
    service_tier: call.service_tier,
    tags: parsedJson(call.tags_json),
  }
}

export type CallRecord = ReturnType<typeof recordOf>
