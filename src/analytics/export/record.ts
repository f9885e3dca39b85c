// A call as it is exported: the trace's words, dollars with nine decimals, times as people write them. One record a call, so
// that the sum of an export is the sum of the ledger.
import { parsedJson } from '../../store/stored-calls.ts'
import { usdOf } from '../../lib/money.ts'
import { isoOf } from '../window.ts'
import type { Columns } from './columns.ts'

export const recordColumns: Columns = {
  turn_id: (call) => call.turn_id,
  timestamp: (call) => isoOf(call.timestamp_us),
  session_id: (call) => call.session_id,
  gateway_key_id: (call) => call.gateway_key_id,
  user_id: (call) => call.user_id,
  team_id: (call) => call.team_id,
  workspace: (call) => call.workspace,
  project: (call) => call.project,
  branch: (call) => call.branch,
  client: (call) => call.client,
  inbound_shape: (call) => call.inbound_shape,
  provider: (call) => call.provider,
  model: (call) => call.model,
  requested_model: (call) => call.requested_model,
  status: (call) => call.status,
  error_class: (call) => call.error_class,
  stop_reason: (call) => call.stop_reason,
  stream: (call) => call.stream === 1,
  input_tokens: (call) => call.input_tokens,
  output_tokens: (call) => call.output_tokens,
  cached_input_tokens: (call) => call.cached_input_tokens,
  cache_creation_input_tokens: (call) => call.cache_creation_input_tokens,
  cache_creation_1h_tokens: (call) => call.cache_creation_1h_tokens,
  reasoning_tokens: (call) => call.reasoning_tokens,
  cost_usd: (call) => (call.cost_nano_usd === null ? null : usdOf(call.cost_nano_usd)),
  cost_basis: (call) => call.cost_basis,
  list_price_usd: (call) => (call.list_nano_usd === null ? null : usdOf(call.list_nano_usd)),
  pricing_version: (call) => call.pricing_version,
  latency_ms: (call) => call.latency_ms,
  ttft_ms: (call) => call.ttft_ms,
  attempts: (call) => call.attempts,
  tool_calls: (call) => call.tool_calls,
  service_tier: (call) => call.service_tier,
  tags: (call) => parsedJson(call.tags_json),
}
