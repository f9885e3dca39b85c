// Writes the demo's made-up week through the same stores a real turn goes through, with the prices of its day.
import { costOf, type PriceCatalog } from '../../src/catalog/prices.ts'
import { totalInputOf } from '../../src/ir/usage.ts'
import { createUlidAt } from '../../src/lib/ids.ts'
import { usdOf } from '../../src/lib/money.ts'
import type {
  ChainEntry,
  LlmCallCompleted,
  LlmCallFailed,
  RouteDecided,
  TurnCompleted,
  TurnEvent,
} from '../../src/store/events.ts'
import type { KeyStore } from '../../src/store/keys.ts'
import type { TraceStore } from '../../src/store/traces.ts'
import { planTraffic, sampleKeys, type SampleKeyName, type SampleTurn } from './demo-traffic-plan.ts'

export interface SampleTrafficParts {
  readonly traces: TraceStore
  readonly keys: KeyStore
  readonly prices: PriceCatalog
  readonly clock: { nowUs(): number }
}

export interface SampleTraffic {
  readonly turns: number
  readonly users: number
  readonly teams: number
  readonly keys: number
}

/** Turns that are written at once: the queue commits them together. */
const batchSize = 64
/** Any number: the week is the same for the same one. */
const weekSeed = 20_261_123

/** A few hundred turns of the seven days before now. Their keys are issued anew, and nobody sees the tokens. */
export async function writeSampleTraffic({ traces, keys, prices, clock }: SampleTrafficParts): Promise<SampleTraffic> {
  await prices.ready()
  const keyIds = await issueKeys(keys)
  const turns = planTraffic(Math.floor(clock.nowUs() / 1000), weekSeed)
  for (let from = 0; from < turns.length; from += batchSize) {
    const batch = turns.slice(from, from + batchSize)
    await Promise.all(batch.map((turn, index) => writeTurn(turn, from + index, keyIds, { traces, prices })))
  }
  const identities = Object.values(sampleKeys)
  return {
    turns: turns.length,
    users: new Set(identities.flatMap(({ userId }) => userId ?? [])).size,
    teams: new Set(identities.flatMap(({ teamId }) => teamId ?? [])).size,
    keys: identities.length,
  }
}

type KeyIds = ReadonlyMap<SampleKeyName, string>

async function issueKeys(keys: KeyStore): Promise<KeyIds> {
  const ids = new Map<SampleKeyName, string>()
  for (const name of ['alice', 'bob', 'carol', 'ci'] as const) {
    const { keyId } = await keys.issue({ ...sampleKeys[name], create: true }, 'demo')
    ids.set(name, keyId)
  }
  return ids
}

async function writeTurn(
  turn: SampleTurn,
  number: number,
  keyIds: KeyIds,
  { traces, prices }: Pick<SampleTrafficParts, 'traces' | 'prices'>,
): Promise<void> {
  const events = eventsOf(turn, number, keyIds, prices)
  if (events.call === null) {
    await traces.refuseTurn(events.route, events.turn)
    return
  }
  const { provider, requestedModel, stream } = turn
  await traces.openTurn(
    {
      turnId: events.turnId,
      route: events.route,
      provider,
      model: `${provider}:${turn.model}`,
      requestedModel,
      stream,
      startedUs: turn.startMs * 1000,
      estimatedInputTokens: totalInputOf(turn.usage),
      pricingVersion: prices.version,
    },
    { mustCommit: false },
  )
  await traces.closeTurn({ turnId: events.turnId, call: events.call, costNanoUsd: events.costNanoUsd, turn: events.turn })
}

type EventOf<Type extends TurnEvent['type']> = Extract<TurnEvent, { readonly type: Type }>

interface TurnEvents {
  readonly turnId: string
  readonly route: EventOf<'route.decided'>
  /** null = refused: it never went upstream. */
  readonly call: EventOf<'llm.call_completed'> | EventOf<'llm.call_failed'> | null
  readonly turn: EventOf<'turn.completed'>
  readonly costNanoUsd: number | null
}

function eventsOf(turn: SampleTurn, number: number, keyIds: KeyIds, prices: PriceCatalog): TurnEvents {
  const { startMs, outcome } = turn
  const endMs = startMs + turn.latencyMs
  const turnId = idAt(startMs, number, 0)
  const identity = identityOf(turn, keyIds)
  const head = (atMs: number, order: number, parentEventId: string | null) => ({
    id: idAt(atMs, number, order),
    timestampUs: atMs * 1000 + order,
    sessionId: turn.session,
    turnId,
    parentEventId,
  })
  const routeHead = head(startMs, 1, null)
  const route = { ...routeHead, type: 'route.decided' as const, payload: routeOf(turn, identity) }
  const cost = outcome === 'ok' || outcome === 'cancelled' ? costNanoUsdOf(turn, prices) : 0
  const callHead = head(endMs, 2, routeHead.id)
  const call =
    outcome === 'refused'
      ? null
      : outcome === 'failed'
        ? { ...callHead, type: 'llm.call_failed' as const, payload: failureOf(turn, identity) }
        : { ...callHead, type: 'llm.call_completed' as const, payload: completionOf(turn, identity, cost, prices.version) }
  const last = {
    ...head(endMs, 3, routeHead.id),
    type: 'turn.completed' as const,
    payload: { ...identity, ...endOf(turn, cost) },
  }
  return { turnId, route, call, turn: last, costNanoUsd: cost }
}

/** Rising within a turn, and the same for the same turn of the same week. */
function idAt(ms: number, number: number, order: number): string {
  const digits = [order, number >> 10, number >> 5, number, ...Array.from({ length: 12 }, (_, index) => number * 7 + index * 5)]
  return createUlidAt(ms, Uint8Array.from(digits))
}

type Identity = Pick<RouteDecided, 'gateway_key_id' | 'inbound_shape' | 'user_id' | 'team_id' | 'workspace' | 'project' | 'branch' | 'client' | 'client_session_id' | 'tags'> // prettier-ignore

function identityOf(turn: SampleTurn, keyIds: KeyIds): Identity {
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

function routeOf(turn: SampleTurn, identity: Identity): RouteDecided {
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

function costNanoUsdOf(turn: SampleTurn, prices: PriceCatalog): number | null {
  const price = prices.priceOf(turn.provider, turn.model, turn.usage, turn.startMs * 1000)
  return price === null ? null : costOf(turn.usage, price)
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

function completionOf(turn: SampleTurn, identity: Identity, cost: number | null, pricingVersion: string): LlmCallCompleted {
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
    stop_reason: cut ? null : turn.toolCalls > 0 ? 'toolUse' : 'end',
    produced_tool_calls: turn.toolCalls,
    produced_thinking_blocks: 0,
    usage_estimated: cut,
    service_tier: null,
    warnings: [],
    error_class: cut ? 'CANCELLED' : null,
    upstream_request_id: null,
  }
}

function failureOf(turn: SampleTurn, identity: Identity): LlmCallFailed {
  return {
    ...identity,
    ...calledOf(turn, 529, 'overloaded'),
    error_class: 'overloaded',
    error_message_redacted: 'The provider is overloaded (sample).',
    status: 529,
  }
}

function endOf(turn: SampleTurn, cost: number | null): Omit<TurnCompleted, keyof Identity> {
  const { outcome, usage } = turn
  return {
    status: outcome,
    stop_reason: outcome !== 'ok' ? null : turn.toolCalls > 0 ? 'toolUse' : 'end',
    error_code: outcome === 'refused' ? 'quota_exceeded' : outcome === 'failed' ? 'upstream_error' : null,
    llm_call_count: outcome === 'refused' ? 0 : 1,
    tool_call_count: turn.toolCalls,
    total_input_tokens: totalInputOf(usage),
    total_output_tokens: usage.output,
    total_cost_usd: cost === null ? null : usdOf(cost),
    wall_time_seconds: turn.latencyMs / 1000,
  }
}
