// Writes the demo's made-up days through the same stores a real turn goes through, with the prices of its day.
import { costOf, type PriceCatalog } from '../../src/catalog/prices.ts'
import { totalInputOf } from '../../src/ir/usage.ts'
import { monthStartUs } from '../../src/lib/calendar.ts'
import { createUlidAt } from '../../src/lib/ids.ts'
import type { TurnEvent } from '../../src/store/events.ts'
import type { CommitQueue } from '../../src/store/commit-queue.ts'
import type { IdentityStore } from '../../src/store/identities.ts'
import type { KeyStore } from '../../src/store/keys.ts'
import type { Storage } from '../../src/store/storage.ts'
import type { TraceStore } from '../../src/store/traces.ts'
import { completionOf, endOf, failureOf, identityOf, routeOf } from './demo-traffic-payloads.ts'
import { planTraffic, sampleKeyNames, sampleKeys, type SampleKeyName, type SampleTurn } from './demo-traffic-plan.ts'

export interface SampleTrafficParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly traces: TraceStore
  readonly keys: KeyStore
  readonly identities: IdentityStore
  readonly prices: PriceCatalog
  readonly clock: { nowUs(): number }
}

export interface SampleTraffic {
  readonly turns: number
  readonly users: number
  readonly teams: number
  readonly keys: number
}

const by = { actor: 'demo', origin: 'cli' }

/** Monthly caps, by how much of each is used up: some of it, nearly all, all. The month may have begun a moment ago. */
const sampleCaps = [
  { kind: 'team', id: 'eng', usedUp: 0.36 },
  { kind: 'team', id: 'data', usedUp: 0.87 },
  { kind: 'user', id: 'alice', usedUp: 0.55, dailyNanoUsd: 5e9 },
  { kind: 'user', id: 'carol', usedUp: 1 },
] as const
const capOfIdleMonthNanoUsd = 10e9

/** Turns that are written at once: the queue commits them together. */
const batchSize = 64
/** Any number: the days are the same for the same one. */
const seed = 20_261_123

/** Some hundred turns of the thirty days before now. Their keys are issued anew, and nobody sees the tokens. */
export async function writeSampleTraffic({
  storage,
  queue,
  traces,
  keys,
  identities: identityStore,
  prices,
  clock,
}: SampleTrafficParts): Promise<SampleTraffic> {
  await prices.ready()
  const keyIds = await issueKeys(keys)
  const turns = planTraffic(Math.floor(clock.nowUs() / 1000), seed)
  for (let from = 0; from < turns.length; from += batchSize) {
    const batch = turns
      .slice(from, from + batchSize)
      .map((turn, index) => writeTurn(turn, from + index, keyIds, { traces, prices }))
    await Promise.all(batch)
  }
  for (const [name, id] of keyIds) {
    const last = turns.findLast(({ key }) => key === name)
    if (last === undefined) continue
    const used = storage.db
      .updateTable('gateway_keys')
      .set({ last_used_us: last.startMs * 1000 })
      .where('id', '=', id)
    await queue.commit([used.compile()])
  }
  // After the traffic, so that none of it was turned away: what was spent before counts.
  const monthUs = monthStartUs(clock.nowUs())
  for (const { kind, id, usedUp, ...daily } of sampleCaps) {
    const spent = turns.filter((turn) => turn.startMs * 1000 >= monthUs && ownersOf(turn)[kind] === id)
    const nanoUsd = spent.reduce((sum, turn) => sum + (paidNanoUsdOf(turn, prices) ?? 0), 0)
    const monthlyNanoUsd = nanoUsd === 0 ? capOfIdleMonthNanoUsd : capUsedUpBy(nanoUsd, usedUp)
    await identityStore.setCaps(kind, id, { ...daily, monthlyNanoUsd }, by)
  }
  const identities = Object.values(sampleKeys)
  return {
    turns: turns.length,
    users: new Set(identities.flatMap(({ userId }) => userId ?? [])).size,
    teams: new Set(identities.flatMap(({ teamId }) => teamId ?? [])).size,
    keys: identities.length,
  }
}

function ownersOf({ key }: SampleTurn): { readonly user: string | null; readonly team: string | null } {
  return key === null ? { user: null, team: null } : { user: sampleKeys[key].userId, team: sampleKeys[key].teamId }
}

/** As somebody would set a cap: 14 dollars, not 13.87; one that is reached is reached to the nano-dollar. */
function capUsedUpBy(nanoUsd: number, share: number): number {
  if (share === 1) return nanoUsd
  const cap = nanoUsd / share
  const unit = 10 ** (Math.floor(Math.log10(cap)) - 1)
  return Math.round(cap / unit) * unit
}

type KeyIds = ReadonlyMap<SampleKeyName, string>

async function issueKeys(keys: KeyStore): Promise<KeyIds> {
  const ids = new Map<SampleKeyName, string>()
  for (const name of sampleKeyNames) {
    const { keyId } = await keys.issue({ ...sampleKeys[name], create: true }, by)
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
  if (events.call === null) return void (await traces.refuseTurn(events.route, events.turn))
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
  const cost = paidNanoUsdOf(turn, prices)
  const callHead = head(endMs, 2, routeHead.id)
  const failed = { ...callHead, type: 'llm.call_failed' as const, payload: failureOf(turn, identity) }
  const completed = {
    ...callHead,
    type: 'llm.call_completed' as const,
    payload: completionOf(turn, identity, cost, prices.version),
  }
  const call = outcome === 'refused' ? null : outcome === 'failed' ? failed : completed
  const last = {
    ...head(endMs, 3, routeHead.id),
    type: 'turn.completed' as const,
    payload: { ...identity, ...endOf(turn, cost) },
  }
  return { turnId, route, call, turn: last, costNanoUsd: cost }
}

/** Rising within a turn, and the same for the same turn of the same days. */
function idAt(ms: number, number: number, order: number): string {
  const digits = [order, number >> 10, number >> 5, number, ...Array.from({ length: 12 }, (_, index) => number * 7 + index * 5)]
  return createUlidAt(ms, Uint8Array.from(digits))
}

/** null = unpriced. */
function paidNanoUsdOf(turn: SampleTurn, prices: PriceCatalog): number | null {
  if (turn.outcome !== 'ok' && turn.outcome !== 'cancelled') return 0
  const price = prices.priceOf(turn.provider, turn.model, turn.usage, turn.startMs * 1000)
  return price === null ? null : costOf(turn.usage, price)
}
