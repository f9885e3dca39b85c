// Puts what session logs tell on record: one `llm.call_completed` each, `cost_basis: imported`, and its projections in the same
// unit. Doing it again changes nothing, except where a log tells more of a call by now. What came over the wire is never touched.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { costOf, type PriceCatalog } from '../../catalog/prices.ts'
import { nanoUsdOf, usdOf } from '../../lib/money.ts'
import { readAdjustments } from '../adjustments.ts'
import type { Clock } from '../../services.ts'
import type { CommitQueue } from '../commit-queue.ts'
import { derivedId } from '../derived-id.ts'
import type { LlmCallCompleted } from '../events.ts'
import { callRowOf, hourStartOf, remakeHour, type CallEvent } from '../projections.ts'
import { replaceCallIn } from '../rebuild.ts'
import type { CallsTable, Database, EventsTable } from '../schema.ts'
import type { Storage, Unit } from '../storage.ts'
import { eventColumns, eventRowOf, names } from '../turn-statements.ts'
import type { ImportedCall } from './imported-call.ts'
import { readWire, type Compared } from './wire.ts'

export interface ImportParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly prices: PriceCatalog
  readonly clock: Pick<Clock, 'nowUs'>
}

export interface ImportOptions {
  /** Whom the calls count for; null = whom they count for already, or nobody. */
  readonly userId: string | null
  readonly teamId: string | null
  readonly dryRun: boolean
}

export interface Imported extends Compared {
  /** Of the logs. */
  readonly calls: number
  /** New, or told anew. */
  readonly written: number
  /** That were on record as they are. */
  readonly known: number
  /** On record from the wire, which counts. */
  readonly onWire: number
  /** Of a time before 1970 or to come: no call was then, and ids made after it would be above all others. */
  readonly misdated: number
  /** Of what was written. */
  readonly costNanoUsd: number
  readonly unpriced: number
}

interface Row {
  readonly event: EventsTable
  readonly call: CallsTable
}

/** D1 takes 100 parameters a statement. */
const pageSize = 90

export async function writeImported(
  parts: ImportParts,
  calls: readonly ImportedCall[],
  options: ImportOptions,
  onProgress: (calls: number) => void = () => undefined,
): Promise<Imported> {
  const { storage, queue, prices, clock } = parts
  await prices.ready()
  const nowUs = clock.nowUs()
  const dated = calls.filter(({ timestampUs }) => timestampUs >= 0 && timestampUs <= nowUs)
  const wire = await readWire(storage.db, dated)
  // What was repriced since stays as it is.
  const adjustments = await readAdjustments(storage.db)
  const misdated = calls.length - dated.length
  const sums = { calls: calls.length, written: 0, known: 0, onWire: 0, misdated, costNanoUsd: 0, unpriced: 0 }
  const told: ImportedCall[] = []
  for (const call of dated) {
    if (wire.has(call)) sums.onWire += 1
    else told.push(call)
  }
  for (const page of pagesOf(told)) {
    const known = await readKnown(storage.db, page.map(idOf))
    const rows = page.map((call) => rowOf(call, known.get(idOf(call)), options, prices))
    const fresh = rows.filter(({ event, call }) => {
      const before = known.get(event.id)
      return !adjustments.has(event.id) && (before === undefined || countsOf(before) !== countsOf(call))
    })
    sums.known += page.length - fresh.length
    sums.written += fresh.length
    for (const { call } of fresh) {
      sums.costNanoUsd += call.cost_nano_usd ?? 0
      if (call.cost_nano_usd === null) sums.unpriced += 1
    }
    if (fresh.length > 0 && !options.dryRun) await queue.commit(unitOf(storage.db, fresh))
    onProgress(sums.known + sums.written)
  }
  return { ...sums, ...wire.compared() }
}

const idOf = (call: ImportedCall): string => derivedId(call.timestampUs / 1000, `${call.client} ${call.callId}`)

/** `before`: its row, where it has one. A call stays in the session that it was first told of, and with whom it counts for. */
function rowOf(call: ImportedCall, before: CallsTable | undefined, options: ImportOptions, prices: PriceCatalog): Row {
  const { usage, timestampUs } = call
  const sessionId = before?.session_id ?? call.sessionId
  const price = prices.priceOf(call.provider, call.model, usage, timestampUs)
  const logged = call.costUsd === null ? null : nanoUsdOf(call.costUsd)
  const costNanoUsd = price === null ? logged : costOf(usage, price)
  const id = idOf(call)
  const payload: LlmCallCompleted = {
    gateway_key_id: null,
    inbound_shape: null,
    user_id: options.userId ?? before?.user_id ?? null,
    team_id: options.teamId ?? before?.team_id ?? null,
    workspace: call.cwd,
    project: call.cwd === null ? null : (call.cwd.split(/[/\\]/).findLast((part) => part !== '') ?? null),
    branch: call.branch,
    client: call.client,
    client_session_id: sessionId,
    tags: {},
    model: `${call.provider}:${call.model}`,
    provider: call.provider,
    requested_model: call.model,
    input_tokens: usage.inputUncached,
    output_tokens: usage.output,
    cached_input_tokens: usage.cacheRead,
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_creation_1h_tokens: usage.cacheWrite1h,
    reasoning_tokens: usage.reasoning ?? 0,
    cost_usd: costNanoUsd === null ? null : usdOf(costNanoUsd),
    cost_basis: 'imported',
    pricing_version: prices.version,
    upstream_cost_usd: call.costUsd,
    latency_ms: call.latencyMs,
    ttft_ms: null,
    stop_reason: call.stopReason,
    produced_tool_calls: call.toolCalls,
    produced_thinking_blocks: 0,
    stream: true,
    // None of ours.
    attempts: 0,
    attempt_log: [],
    usage_estimated: false,
    service_tier: usage.serviceTier ?? null,
    warnings: [],
    error_class: null,
    upstream_request_id: call.requestId,
    pricing_facts: usage.webSearches === undefined ? null : { web_searches: usage.webSearches },
  }
  const event: CallEvent = {
    id,
    timestampUs,
    sessionId,
    turnId: id,
    parentEventId: null,
    type: 'llm.call_completed',
    payload,
  }
  return { event: eventRowOf(event), call: callRowOf(event, costNanoUsd) }
}

/** By time, each page within one hour: the hour is made again once a page. */
function* pagesOf(calls: readonly ImportedCall[]): Generator<readonly ImportedCall[]> {
  let page: ImportedCall[] = []
  for (const call of calls.toSorted((a, b) => a.timestampUs - b.timestampUs)) {
    const [first] = page
    const isOther = first !== undefined && hourStartOf(first.timestampUs) !== hourStartOf(call.timestampUs)
    if (isOther || page.length >= pageSize) {
      yield page
      page = []
    }
    page.push(call)
  }
  if (page.length > 0) yield page
}

/** By turn, from `calls`: its events may be pruned, and then it is known all the same. */
async function readKnown(db: Kysely<Database>, ids: readonly string[]): Promise<ReadonlyMap<string, CallsTable>> {
  const rows = await db.selectFrom('calls').selectAll().where('turn_id', 'in', ids).execute()
  return new Map(rows.map((row) => [row.turn_id, row]))
}

/** Prices are not compared: the list may change between two imports, and `reprice` is for that. */
const countsOf = (call: CallsTable): string =>
  [
    call.input_tokens,
    call.cached_input_tokens,
    call.cache_creation_input_tokens,
    call.output_tokens,
    call.user_id,
    call.team_id,
  ].join(' ')

/** Only an imported event is written over, by what its log says of it later. */
function unitOf(db: Kysely<Database>, rows: readonly Row[]): Unit {
  const replaceCall = replaceCallIn(db)
  const hours = new Set(rows.map(({ call }) => hourStartOf(call.timestamp_us)))
  return [
    ...rows.flatMap(({ event, call }) => [
      sql`insert into events (${names(eventColumns)}) values (${sql.join(eventColumns.map((column) => event[column]))})
on conflict (id) do update set payload_json = excluded.payload_json`.compile(db),
      replaceCall(call),
    ]),
    ...[...hours].flatMap((hour) => remakeHour(hour)).map((statement) => statement.compile(db)),
  ]
}
