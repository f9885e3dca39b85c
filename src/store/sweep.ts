// Closes the turns that dead processes left open, each in one idempotent unit: what a crash interrupted is on record as
// interrupted, once, whoever sweeps (reliability.md §1, orphans).
import { decodeTime } from 'ulidx'
import { parseModelRef } from '../catalog/models.ts'
import { costOf } from '../catalog/prices.ts'
import type { PriceCatalog } from '../catalog/prices.ts'
import { noUsage } from '../ir/usage.ts'
import { usdOf } from '../lib/money.ts'
import type { Clock, Logger } from '../services.ts'
import { auditEvent } from './audit.ts'
import type { CommitQueue } from './commit-queue.ts'
import { derivedId } from './derived-id.ts'
import { routeDecided } from './events.ts'
import type { LlmCallCompleted, RouteDecided, TurnCompleted } from './events.ts'
import { removeInstance } from './instances.ts'
import type { InflightTable, InstancesTable } from './schema.ts'
import type { Storage } from './storage.ts'
import { replayLines } from './replay.ts'
import type { SpoolOf } from './spool.ts'
import type { TurnClosed } from './traces.ts'
import { createTurnStatements, eventRowOf } from './turn-statements.ts'
import { lateCloseUnit, openedNote } from './turn-units.ts'
import type { OpenedNote } from './turn-units.ts'

export interface SweepParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
  readonly logger: Logger
  readonly newId: () => string
  readonly isDead: (instance: InstancesTable) => boolean
  /** Prices what is known of a turn, its estimated input. */
  readonly prices: PriceCatalog
  /** What dead processes left beside the store; absent: they could leave nothing there. */
  readonly spoolOf?: SpoolOf
  /** Whose spools are here. One whose instance is gone was swept from another host, without its spool. */
  readonly spooled?: () => readonly string[]
}

type Dead = Pick<InstancesTable, 'id' | 'heartbeat_us'>

/** D1 takes 100 parameters a statement. */
const pageSize = 90

/** The number of turns this call closed. Safe to run in several processes at once, and again. */
export async function sweepOrphans(parts: SweepParts): Promise<number> {
  const { storage, queue, clock, newId } = parts
  const instances = await storage.db.selectFrom('instances').selectAll().execute()
  const known = new Set(instances.map((instance) => instance.id))
  const left = (parts.spooled?.() ?? []).filter((id) => !known.has(id))
  const dead = new Map<string, Dead>([
    ...instances.filter(parts.isDead).map((instance) => [instance.id, instance] as const),
    ...left.map((id) => [id, { id, heartbeat_us: 0 }] as const),
  ])
  let closed = 0
  for (const instance of dead.values()) {
    // Without its ends, whole turns would be closed as interrupted.
    if (!(await replaySpool(parts, instance.id))) continue
    closed += await closeAll(parts, instance)
    await removeInstance(parts, instance.id)
  }
  if (closed > 0) {
    const stamp = { id: newId(), timestampUs: clock.nowUs() }
    const event = auditEvent('trace.swept', { count: closed, instance_ids: [...dead.keys()] }, stamp)
    await queue.commit([createTurnStatements(storage.db).insertEvent(eventRowOf(event))])
  }
  return closed
}

/** False when there is a spool that cannot be read now. */
async function replaySpool({ storage, queue, logger, spoolOf }: SweepParts, instanceId: string): Promise<boolean> {
  if (spoolOf === undefined) return true
  const spool = spoolOf(instanceId)
  const statements = createTurnStatements(storage.db)
  try {
    for (const piece of spool.read()) await replayLines({ queue, statements, logger, instanceId }, piece)
    spool.remove()
    return true
  } catch (error) {
    logger.log('error', 'the spool of a dead gateway cannot be replayed now; its turns stay open', {
      error: String(error),
      instanceId,
    })
    return false
  }
}

/** Pages by turn id, so that a turn that cannot be read is passed over and never asked for again in this sweep. */
async function closeAll(parts: SweepParts, instance: Dead): Promise<number> {
  const statements = createTurnStatements(parts.storage.db)
  let closed = 0
  let after = ''
  for (;;) {
    const page = await readPage(parts.storage, instance.id, after)
    const last = page.at(-1)
    if (last === undefined) return closed
    after = last.turn_id
    const turns = await withRoutes(parts, page)
    await parts.prices.ready()
    const outcomes = await Promise.all(
      turns.map((turn) => parts.queue.commit(lateCloseUnit(statements, interrupted(turn, instance.heartbeat_us, parts.prices)))),
    )
    closed += outcomes.filter((affected) => affected.at(-1) === 1).length
  }
}

const readPage = (storage: Storage, instanceId: string, after: string): Promise<InflightTable[]> =>
  storage.db
    .selectFrom('inflight')
    .selectAll()
    .where('instance_id', '=', instanceId)
    .where('turn_id', '>', after)
    .orderBy('turn_id')
    .limit(pageSize)
    .execute()

interface OpenTurn {
  readonly turnId: string
  readonly sessionId: string
  readonly startedUs: number
  readonly note: OpenedNote
  readonly route: RouteDecided
}

async function withRoutes({ storage, logger }: SweepParts, page: readonly InflightTable[]): Promise<readonly OpenTurn[]> {
  const notes = page.map((row) => ({ row, note: openedNote.parse(JSON.parse(row.opened_json)) }))
  const routeIds = notes.map(({ note }) => note.routeId)
  const events = await storage.db.selectFrom('events').selectAll().where('id', 'in', routeIds).execute()
  const routes = new Map(events.map((event) => [event.id, event]))
  return notes.flatMap(({ row, note }) => {
    const event = routes.get(note.routeId)
    const route = routeDecided.safeParse(event === undefined ? undefined : JSON.parse(event.payload_json))
    if (event !== undefined && route.success) {
      return { turnId: row.turn_id, sessionId: event.session_id, startedUs: row.started_us, note, route: route.data }
    }
    logger.log('error', 'an interrupted turn has no readable route.decided and stays open', { turnId: row.turn_id })
    return []
  })
}

/** All of it follows from what is stored: two sweeps of one turn make the same rows. */
function interrupted(turn: OpenTurn, lastSeenUs: number, prices: PriceCatalog): TurnClosed {
  const { turnId, note, route } = turn
  const {
    requested_model,
    chosen_model: _chosen,
    winner_index: _winner,
    elapsed_ms: _elapsed,
    chain: _chain,
    ...identity
  } = route
  const priceNanoUsd = costOfInput(note, turn.startedUs, prices)
  const costNanoUsd = note.subscription ? 0 : priceNanoUsd
  const costUsd = costNanoUsd === null ? null : usdOf(costNanoUsd)
  const latencyMs = Math.max(0, lastSeenUs - turn.startedUs) / 1000
  const call: LlmCallCompleted = {
    ...identity,
    model: note.model,
    provider: note.provider,
    requested_model,
    input_tokens: note.estimatedInputTokens,
    output_tokens: 0,
    cached_input_tokens: 0,
    cache_creation_input_tokens: 0,
    cache_creation_1h_tokens: 0,
    reasoning_tokens: 0,
    cost_usd: costUsd,
    cost_basis: note.subscription ? 'subscription' : costUsd === null ? 'unpriced' : 'partial_estimate',
    ...(note.subscription ? { list_price_usd: priceNanoUsd === null ? null : usdOf(priceNanoUsd) } : {}),
    pricing_version: prices.version,
    upstream_cost_usd: null,
    latency_ms: latencyMs,
    ttft_ms: null,
    stop_reason: null,
    produced_tool_calls: 0,
    produced_thinking_blocks: 0,
    stream: note.stream,
    attempts: 1,
    attempt_log: [],
    usage_estimated: true,
    service_tier: null,
    warnings: [],
    error_class: 'INTERRUPTED',
    upstream_request_id: null,
  }
  const completed: TurnCompleted = {
    ...identity,
    status: 'interrupted',
    stop_reason: null,
    error_code: null,
    llm_call_count: 1,
    tool_call_count: 0,
    total_input_tokens: note.estimatedInputTokens,
    total_output_tokens: 0,
    total_cost_usd: costUsd,
    wall_time_seconds: latencyMs / 1000,
  }
  const head = (afterMs: number) => ({
    id: derivedId(decodeTime(note.routeId) + afterMs, turnId),
    timestampUs: turn.startedUs + afterMs * 1000,
    sessionId: turn.sessionId,
    turnId,
    parentEventId: note.routeId,
  })
  return {
    turnId,
    call: { ...head(1), type: 'llm.call_completed', payload: call },
    costNanoUsd,
    turn: { ...head(2), type: 'turn.completed', payload: completed },
    ...(note.reservation === undefined ? {} : { reservation: note.reservation }),
  }
}

function costOfInput(note: OpenedNote, atUs: number, prices: PriceCatalog): number | null {
  const usage = { ...noUsage, inputUncached: note.estimatedInputTokens }
  const price = prices.priceOf(note.provider, parseModelRef(note.model)?.name ?? note.model, usage, atUs)
  return price === null ? null : costOf(usage, price)
}
