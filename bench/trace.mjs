// What a turn on record costs: T1 and T2 through the real store, on disk, with maintenance beside it. Its own process:
// `node bench/trace.mjs FOLDER` prints { alone, grouped } as µs of CPU a turn, one at a time and 50 together.
import { openNode } from '../dist/node.js'

const context = await openNode({ home: process.argv[2], env: {}, maintenance: true, logLevel: 'error' })
const { traces, nextId, clock } = context

const identity = {
  gateway_key_id: 'gk_bench',
  inbound_shape: 'openai',
  user_id: null,
  team_id: null,
  workspace: '/work',
  project: null,
  branch: null,
  client: 'bench',
  client_session_id: null,
  tags: {},
}
const model = 'openai:bench'
const attempt = { provider: 'openai', model, status: 200, error_class: null, latency_ms: 800.5 }
const slot = { policy: 'per_message_override', verdict: 'chose', candidate_model: model, reason: 'asked for by the client' }
const route = {
  ...identity,
  requested_model: model,
  chosen_model: model,
  winner_index: 0,
  elapsed_ms: 0.2,
  chain: [{ ...slot, rule_name: null, validation_failure: null }],
}
const call = {
  ...identity,
  model,
  provider: 'openai',
  requested_model: model,
  attempts: 1,
  attempt_log: [attempt],
  latency_ms: 800.5,
  stream: true,
  input_tokens: 1200,
  output_tokens: 64,
  cached_input_tokens: 800,
  cache_creation_input_tokens: 0,
  cache_creation_1h_tokens: 0,
  reasoning_tokens: 0,
  cost_usd: 0.0012,
  cost_basis: 'metered',
  pricing_version: 'bench',
  upstream_cost_usd: null,
  ttft_ms: 90.5,
  stop_reason: 'end',
  produced_tool_calls: 0,
  produced_thinking_blocks: 0,
  usage_estimated: false,
  service_tier: 'standard',
  warnings: [],
  error_class: null,
  upstream_request_id: 'req_bench',
}
const turn = {
  ...identity,
  status: 'ok',
  stop_reason: 'end',
  error_code: null,
  llm_call_count: 1,
  tool_call_count: 0,
  total_input_tokens: 2000,
  total_output_tokens: 64,
  total_cost_usd: 0.0012,
  wall_time_seconds: 0.8,
}

async function oneTurn() {
  const turnId = nextId()
  const timestampUs = clock.nowUs()
  const event = (type, payload) => ({
    id: nextId(),
    timestampUs,
    sessionId: turnId,
    turnId,
    parentEventId: null,
    type,
    payload,
  })
  await traces.openTurn(
    {
      turnId,
      route: event('route.decided', route),
      provider: 'openai',
      model,
      requestedModel: model,
      stream: true,
      startedUs: timestampUs,
      estimatedInputTokens: 100,
      pricingVersion: 'bench',
    },
    { mustCommit: false },
  )
  const completed = event('llm.call_completed', call)
  await traces.closeTurn({ turnId, call: completed, costNanoUsd: 1_200_000, turn: event('turn.completed', turn) })
}

async function cpuPerTurn(turns, together) {
  const before = process.cpuUsage()
  for (let done = 0; done < turns; done += together) await Promise.all(Array.from({ length: together }, oneTurn))
  const { user, system } = process.cpuUsage(before)
  return (user + system) / turns
}

// The rounds before warm it up.
await cpuPerTurn(3_000, 50)
await cpuPerTurn(2_000, 1)
const alone = await cpuPerTurn(5_000, 1)
const grouped = await cpuPerTurn(20_000, 50)
console.log(JSON.stringify({ alone, grouped }))
await context.close()
