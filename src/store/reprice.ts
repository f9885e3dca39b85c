// Asks the price list again for calls that are on record. A call whose cost is another one now gets a `cost.adjusted` event, and
// its row, its hour and its caps follow in the same unit. Running it twice changes nothing the second time.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { parseModelRef } from '../catalog/models.ts'
import { costOf, type PriceCatalog } from '../catalog/prices.ts'
import type { Usage } from '../ir/usage.ts'
import { dayStartUs, monthStartUs } from '../lib/calendar.ts'
import type { Clock } from '../services.ts'
import type { CostAdjusted } from './adjustments.ts'
import { auditEvent, insertEventIf, type Author } from './audit.ts'
import type { CommitQueue } from './commit-queue.ts'
import { costBasis, llmCallCompleted, type LlmCallCompleted } from './events.ts'
import { hourStartOf, remakeHour } from './projections.ts'
import type { CallsTable, Database, EventsTable } from './schema.ts'
import type { Storage, Unit } from './storage.ts'
import { parsedJson } from './stored-calls.ts'

export interface RepriceParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
  readonly newId: () => string
  readonly prices: PriceCatalog
}

export interface Repriced {
  readonly looked: number
  readonly adjusted: number
  /** Of the adjusted: that had no price before. */
  readonly priced: number
  /** Still without any. */
  readonly unpriced: number
  /** New minus old, where an unpriced call counted as nothing. */
  readonly differenceNanoUsd: number
}

interface Change {
  readonly event: EventsTable
  readonly call: CallsTable
  readonly costNanoUsd: number
  readonly basis: CostAdjusted['cost_basis']
}

/** D1 takes 100 parameters a statement. */
const pageSize = 90
/** The hour is made again in each unit. */
const changesPerUnit = 90

export async function reprice(
  parts: RepriceParts,
  options: { readonly sinceUs: number; readonly dryRun: boolean; readonly by: Author },
  onProgress: (looked: number) => void = () => undefined,
): Promise<Repriced> {
  const { storage, queue, prices } = parts
  await prices.ready()
  const sums = { looked: 0, adjusted: 0, priced: 0, unpriced: 0, differenceNanoUsd: 0 }
  let waiting: Change[] = []
  const flush = async () => {
    const [first] = waiting
    if (first !== undefined && !options.dryRun) await queue.commit(unitOf(parts, waiting, options.by))
    waiting = []
  }
  for await (const page of readPages(storage.db, options.sinceUs)) {
    const calls = await rowsOf(storage.db, page)
    for (const event of page) {
      const call = calls.get(event.turn_id)
      const payload = llmCallCompleted.safeParse(parsedJson(event.payload_json))
      if (call === undefined || !payload.success) continue
      sums.looked += 1
      // No cash: it keeps the list price that it was stamped with.
      if (payload.data.cost_basis === 'subscription') continue
      const bill = billAgain(payload.data, call, prices)
      if (bill === null) {
        if (call.cost_nano_usd === null) sums.unpriced += 1
        continue
      }
      if (bill.costNanoUsd === call.cost_nano_usd) continue
      sums.adjusted += 1
      if (call.cost_nano_usd === null) sums.priced += 1
      sums.differenceNanoUsd += bill.costNanoUsd - (call.cost_nano_usd ?? 0)
      const [first] = waiting
      const isFull = waiting.length >= changesPerUnit
      if (isFull || (first !== undefined && hourOf(first.call) !== hourOf(call))) await flush()
      waiting.push({ event, call, ...bill })
    }
    onProgress(sums.looked)
  }
  await flush()
  return sums
}

const hourOf = (call: CallsTable): number => hourStartOf(call.timestamp_us)

/** null = no price now: a cost that was stamped once is not taken away. */
function billAgain(
  payload: LlmCallCompleted,
  call: CallsTable,
  prices: PriceCatalog,
): Pick<Change, 'costNanoUsd' | 'basis'> | null {
  const name = parseModelRef(payload.model)?.name ?? payload.model
  const usage = usageOf(payload)
  const answeredAs = payload.pricing_facts?.answered_as ?? undefined
  const price = prices.priceOf(payload.provider, name, usage, call.timestamp_us, answeredAs)
  if (price === null) return null
  return { costNanoUsd: costOf(usage, price), basis: basisOf(payload) }
}

function basisOf(payload: LlmCallCompleted): CostAdjusted['cost_basis'] {
  if (payload.cost_basis === 'imported') return 'imported'
  return payload.usage_estimated ? 'partial_estimate' : 'metered'
}

function usageOf(payload: LlmCallCompleted): Usage {
  const { pricing_facts: facts, service_tier: serviceTier } = payload
  return {
    inputUncached: payload.input_tokens,
    cacheRead: payload.cached_input_tokens,
    cacheWrite5m: payload.cache_creation_input_tokens - payload.cache_creation_1h_tokens,
    cacheWrite1h: payload.cache_creation_1h_tokens,
    output: payload.output_tokens,
    reasoning: payload.reasoning_tokens,
    audioInput: facts?.audio_input_tokens ?? 0,
    audioOutput: facts?.audio_output_tokens ?? 0,
    webSearches: facts?.web_searches ?? 0,
    ...(serviceTier === null ? {} : { serviceTier }),
    ...(facts?.inference_geo === undefined ? {} : { inferenceGeo: facts.inference_geo }),
    ...(facts?.speed === undefined ? {} : { speed: facts.speed }),
  }
}

/** Everything in it is conditional on the row being as it was read: another reprice at the same time changes it once. */
function unitOf({ storage, clock, newId, prices }: RepriceParts, changes: readonly Change[], by: Author): Unit {
  const { db } = storage
  const hours = new Set(changes.map(({ call }) => hourOf(call)))
  const statements = changes.flatMap(({ event, call, costNanoUsd, basis }) => {
    const payload: CostAdjusted = {
      old_cost_nano_usd: call.cost_nano_usd,
      new_cost_nano_usd: costNanoUsd,
      old_cost_basis: costBasis.parse(call.cost_basis),
      cost_basis: basis,
      old_pricing_version: call.pricing_version,
      pricing_version: prices.version,
      ...by,
    }
    const stamp = { id: newId(), timestampUs: clock.nowUs() }
    const adjustment = {
      ...auditEvent('cost.adjusted', payload, stamp),
      turnId: call.turn_id,
      sessionId: call.session_id,
      parentEventId: event.id,
    }
    const isAsRead = sql<boolean>`exists (select 1 from calls where calls.turn_id = ${call.turn_id} and calls.pricing_version = ${call.pricing_version}
and coalesce(calls.cost_nano_usd, -1) = ${call.cost_nano_usd ?? -1})`
    const difference = costNanoUsd - (call.cost_nano_usd ?? 0)
    return [
      insertEventIf(db, adjustment, isAsRead),
      // What was imported never counted against a cap.
      ...(basis === 'imported'
        ? []
        : [
            sql`update quotas set spent_nano_usd = case when spent_nano_usd + ${difference} > 0 then spent_nano_usd + ${difference} else 0 end
where ${isQuotaOf(call)} and ${isAsRead}`.compile(db),
          ]),
      db
        .updateTable('calls')
        .set({ cost_nano_usd: costNanoUsd, cost_basis: basis, pricing_version: prices.version })
        .where('turn_id', '=', call.turn_id)
        .where(isAsRead)
        .compile(),
    ]
  })
  return [...statements, ...[...hours].flatMap((hour) => remakeHour(hour)).map((statement) => statement.compile(db))]
}

/** Caps of the call's day and month. Whether a budget was there when the call ran is on no record: it stays as it is. */
function isQuotaOf(call: CallsTable) {
  const { timestamp_us: us, gateway_key_id: keyId, user_id: userId, team_id: teamId } = call
  return sql`((scope = 'daily' and period_us = ${dayStartUs(us)}) or (scope = 'monthly' and period_us = ${monthStartUs(us)}))
and ((kind = 'user' and id = ${userId ?? ''}) or (kind = 'team' and id = ${teamId ?? ''})
or (kind = 'key' and id = (select coalesce(k.root_id, k.id) from gateway_keys as k where k.id = ${keyId ?? ''})))`
}

async function* readPages(db: Kysely<Database>, sinceUs: number): AsyncGenerator<readonly EventsTable[]> {
  let last: EventsTable | undefined
  for (;;) {
    let query = db
      .selectFrom('events')
      .selectAll()
      .where('type', '=', 'llm.call_completed')
      .where('timestamp_us', '>=', last?.timestamp_us ?? sinceUs)
      .orderBy('timestamp_us')
      .orderBy('id')
      .limit(pageSize)
    if (last !== undefined) query = query.where(sql<boolean>`(timestamp_us, id) > (${last.timestamp_us}, ${last.id})`)
    const page = await query.execute()
    last = page.at(-1)
    if (last === undefined) return
    yield page
  }
}

async function rowsOf(db: Kysely<Database>, page: readonly EventsTable[]): Promise<ReadonlyMap<string, CallsTable>> {
  const ids = page.map((event) => event.turn_id)
  const rows = await db.selectFrom('calls').selectAll().where('turn_id', 'in', ids).execute()
  return new Map(rows.map((row) => [row.turn_id, row]))
}
