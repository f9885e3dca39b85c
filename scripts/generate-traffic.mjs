// The traffic that generate-ledger.mjs writes: people work in sessions of some forty calls, by day more than by night, mostly on
// one model with a smaller one beside it; machines call at all hours. Everything follows from the seed.
import { company } from './generate-company.mjs'

const hourUs = 3_600_000_000
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** name, share, nano-USD a token: input, cached, written, output */
const models = [
  ['anthropic:claude-sonnet-4-6', 0.42, 3000, 300, 3750, 15_000],
  ['anthropic:claude-opus-4-8', 0.18, 5000, 500, 6250, 25_000],
  ['anthropic:claude-haiku-4-5', 0.2, 1000, 100, 1250, 5000],
  ['openai:gpt-5.2', 0.08, 1750, 175, 0, 14_000],
  ['openai:gpt-4o-mini', 0.05, 150, 75, 0, 600],
  ['openrouter:qwen/qwen3-coder', 0.04, 220, 0, 0, 900],
  ['local:qwen3', 0.03, null, null, null, null],
]
const errors = ['overloaded', 'rate_limit', 'server_error', 'timeout', 'network', 'invalid_request']
/** Share of a day's work in each hour, UTC. */
const rhythm = [2, 1, 1, 1, 1, 2, 4, 8, 14, 16, 16, 14, 12, 15, 16, 15, 13, 10, 7, 6, 5, 4, 3, 3]
const rhythmSum = rhythm.reduce((sum, share) => sum + share, 0)

export function planner({ seed, users, calls, startUs, endUs }) {
  const random = randomFrom(seed)
  const pick = (list) => list[Math.floor(random() * list.length)]
  const { people, machines, identities } = company(users, startUs)
  const hours = (endUs - startUs) / hourUs
  /** Sessions that go on from one hour to the next, by person. */
  const open = new Map()

  return { identities, hours: turnsByHour }

  function* turnsByHour() {
    let done = 0
    for (let hour = 0; hour < hours; hour++) {
      const at = startUs + hour * hourUs
      const share = (rhythm[(at / hourUs) % 24] / rhythmSum) * 24
      const until = hour === hours - 1 ? calls : Math.min(calls, Math.round(done + (calls / hours) * share))
      const turns = []
      const times = Array.from({ length: until - done }, () => at + Math.floor(random() * (hourUs - 60_000_000))).sort(
        (a, b) => a - b,
      )
      for (const time of times) turns.push(turnAt(time))
      done = until
      yield { hourUs: at, turns }
    }
  }

  function turnAt(startedUs) {
    const who = random() < 0.15 ? pick(machines) : people[Math.floor(random() ** 1.6 * people.length)]
    const session = sessionOf(who, startedUs)
    const [model, , inputRate, cachedRate, writtenRate, outputRate] = random() < 0.25 ? models[2] : session.model
    const turnId = ulid(startedUs / 1000)
    const refused = random() < 0.004
    const failed = !refused && random() < 0.018
    const cancelled = !refused && !failed && random() < 0.01
    const latencyMs = Math.round(-Math.log(1 - random()) * 60_000 + 3000) / 10
    const endedUs = startedUs + Math.round(latencyMs * 1000)
    const cached = failed ? 0 : random() < 0.9 ? session.context : 0
    const written = failed ? 0 : cached === 0 ? session.context + 1200 : 900
    const input = failed ? 0 : Math.floor(random() * 400) + 3
    const output = failed ? 0 : Math.floor(-Math.log(1 - random()) * 420) + 1
    session.context = Math.min(160_000, session.context + 900)
    const caching = writtenRate !== 0 && writtenRate !== null
    const uncached = caching ? input : input + written
    const writes = caching ? written : 0
    const cost =
      inputRate === null ? null : uncached * inputRate + cached * cachedRate + writes * writtenRate + output * outputRate
    const provider = model.slice(0, model.indexOf(':'))
    const shape = provider === 'anthropic' ? 'anthropic' : 'openai'
    const errorClass = failed ? pick(errors) : cancelled ? 'CANCELLED' : null
    const status = failed ? 'failed' : cancelled ? 'cancelled' : 'ok'
    const who_ = {
      gateway_key_id: who.key,
      user_id: who.user,
      team_id: who.team,
      workspace: '/srv',
      project: session.project,
      branch: session.branch,
      client: who.client,
      inbound_shape: shape,
    }
    const call = {
      turn_id: turnId,
      timestamp_us: endedUs,
      session_id: session.id,
      ...who_,
      provider,
      model,
      requested_model: model.slice(provider.length + 1),
      status,
      error_class: errorClass,
      stop_reason: failed ? null : 'end_turn',
      stream: 1,
      input_tokens: uncached,
      output_tokens: output,
      cached_input_tokens: cached,
      cache_creation_input_tokens: writes,
      cache_creation_1h_tokens: 0,
      reasoning_tokens: 0,
      cost_nano_usd: failed ? 0 : cost,
      cost_basis: failed ? 'metered' : cost === null ? 'unpriced' : cancelled ? 'partial_estimate' : 'metered',
      pricing_version: 'generated',
      latency_ms: latencyMs,
      ttft_ms: failed ? null : Math.round(latencyMs * 3 + 2000) / 10,
      attempts: failed ? 3 : random() < 0.03 ? 2 : 1,
      tool_calls: random() < 0.5 ? 1 : 0,
      service_tier: null,
      tags_json: who.tags,
    }
    return { call: refused ? null : call, events: eventsOf(call, startedUs, refused) }
  }

  function sessionOf(who, atUs) {
    const known = open.get(who.key)
    if (known !== undefined && known.left > 0 && atUs - known.lastUs < 4 * hourUs) {
      known.left -= 1
      known.lastUs = atUs
      return known
    }
    const session = {
      id: `session-${ulid(atUs / 1000)}`,
      left: Math.floor(-Math.log(1 - random()) * 40) + 1,
      lastUs: atUs,
      project: pick(who.projects),
      branch: random() < 0.6 ? 'main' : `feat/${Math.floor(random() * 30)}`,
      model: modelBy(random()),
      context: 4000 + Math.floor(random() * 20_000),
    }
    open.set(who.key, session)
    return session
  }

  function eventsOf(call, startedUs, refused) {
    const identity = {
      gateway_key_id: call.gateway_key_id,
      inbound_shape: call.inbound_shape,
      user_id: call.user_id,
      team_id: call.team_id,
      workspace: call.workspace,
      project: call.project,
      branch: call.branch,
      client: call.client,
      client_session_id: call.session_id,
      tags: JSON.parse(call.tags_json),
    }
    const slot = {
      policy: 'per_message_override',
      verdict: refused ? 'rejected' : 'chose',
      candidate_model: call.model,
      reason: 'the client asked for it',
      rule_name: null,
      validation_failure: refused ? 'not_configured' : null,
    }
    const route = event(startedUs, null, 'route.decided', {
      ...identity,
      requested_model: call.requested_model,
      chosen_model: refused ? null : call.model,
      winner_index: refused ? -1 : 0,
      elapsed_ms: 0.3,
      chain: [slot],
    })
    const costUsd = call.cost_nano_usd === null ? null : call.cost_nano_usd / 1e9
    const attempt = { provider: call.provider, model: call.model, status: 200, error_class: null, latency_ms: call.latency_ms }
    const common = {
      ...identity,
      model: call.model,
      provider: call.provider,
      requested_model: call.requested_model,
      attempts: call.attempts,
      attempt_log: [attempt],
      latency_ms: call.latency_ms,
      stream: true,
      error_class: call.error_class,
    }
    const middle =
      call.status === 'failed'
        ? event(call.timestamp_us, route.id, 'llm.call_failed', { ...common, error_message_redacted: 'Overloaded', status: 529 })
        : event(call.timestamp_us, route.id, 'llm.call_completed', {
            ...common,
            input_tokens: call.input_tokens,
            output_tokens: call.output_tokens,
            cached_input_tokens: call.cached_input_tokens,
            cache_creation_input_tokens: call.cache_creation_input_tokens,
            cache_creation_1h_tokens: 0,
            reasoning_tokens: 0,
            cost_usd: costUsd,
            cost_basis: call.cost_basis,
            pricing_version: call.pricing_version,
            upstream_cost_usd: null,
            ttft_ms: call.ttft_ms,
            stop_reason: call.stop_reason,
            produced_tool_calls: call.tool_calls,
            produced_thinking_blocks: 0,
            usage_estimated: false,
            service_tier: null,
            warnings: [],
            upstream_request_id: 'req_generated',
          })
    const end = event(refused ? startedUs : call.timestamp_us, middle.id, 'turn.completed', {
      ...identity,
      status: refused ? 'refused' : call.status,
      stop_reason: call.stop_reason,
      error_code: refused ? 'model_not_found' : null,
      llm_call_count: refused ? 0 : 1,
      tool_call_count: call.tool_calls,
      total_input_tokens: call.input_tokens,
      total_output_tokens: call.output_tokens,
      total_cost_usd: refused ? 0 : costUsd,
      wall_time_seconds: call.latency_ms / 1000,
    })
    return refused ? [route, end] : [route, middle, end]

    function event(timestampUs, parentId, type, payload) {
      return {
        id: ulid(timestampUs / 1000),
        timestamp_us: timestampUs,
        session_id: call.session_id,
        turn_id: call.turn_id,
        parent_event_id: parentId,
        type,
        actor: 'system',
        sensitivity: 'pseudonymous',
        payload_json: JSON.stringify(payload),
      }
    }
  }

  function modelBy(share) {
    let left = share
    return models.find(([, part]) => (left -= part) < 0) ?? models[0]
  }

  function ulid(ms) {
    let time = ''
    for (let rest = Math.floor(ms), i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = alphabet[rest % 32] + time
    let id = time
    for (let i = 0; i < 16; i++) id += alphabet[Math.floor(random() * 32)]
    return id
  }
}

/** mulberry32. */
function randomFrom(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
