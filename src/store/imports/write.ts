// Puts what session logs tell on record: one `llm.call_completed` each, `cost_basis: imported`, and its projections in the same
// unit. Doing it again changes nothing, except where a log tells more of a call by now. What came over the wire is never touched.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import { costOf, type PriceCatalog } from '../../catalog/prices.ts'
import { nanoUsdOf, usdOf } from '../../lib/money.ts'
import { readAdjustments } from '../adjustments.ts'
import type { CommitQueue } from '../commit-queue.ts'
import { derivedId } from '../derived-id.ts'
import type { LlmCallCompleted } from '../events.ts'
import { callRowOf, hourStartOf, remakeHour, type CallEvent } from '../projections.ts'
import { replaceCallIn } from '../rebuild.ts'
import type { CallsTable, Database, EventsTable } from '../schema.ts'
import type { Storage, Unit } from '../storage.ts'
import { projectedCall } from '../stored-calls.ts'
import { eventColumns, eventRowOf, names } from '../turn-statements.ts'
import type { ImportedCall } from './imported-call.ts'
import { readWire } from './wire.ts'

export interface ImportParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly prices: PriceCatalog
}

export interface ImportOptions {
  /** Whom the calls count for. */
  readonly userId: string | null
  readonly teamId: string | null
  readonly dryRun: boolean
}

export interface Imported {
  /** Of the logs. */
  readonly calls: number
  /** New, or told anew. */
  readonly written: number
  /** That were on record as they are. */
  readonly known: number
  /** On record from the wire, which counts. */
  readonly onWire: number
  /** Output tokens of those: what the wire had, and what the logs say. */
  readonly wireOutputTokens: number
  readonly loggedOutputTokens: number
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
): Promise<Imported> {
  const { storage, queue, prices } = parts
  await prices.ready()
  const wire = await readWire(storage.db, calls)
  // What was repriced since stays as it is.
  const adjustments = await readAdjustments(storage.db)
  const sums = { calls: calls.length, written: 0, known: 0, onWire: 0, loggedOutputTokens: 0, costNanoUsd: 0, unpriced: 0 }
  const rows: Row[] = []
  for (const call of calls) {
    if (wire.has(call)) {
      sums.onWire += 1
      sums.loggedOutputTokens += call.usage.output
    } else rows.push(rowOf(call, options, prices))
  }
  for (const page of pagesOf(rows)) {
    const known = await readKnown(storage.db, page)
    const fresh = page.filter(({ event, call }) => !adjustments.has(event.id) && known.get(event.id) !== countsOf(call))
    sums.known += page.length - fresh.length
    sums.written += fresh.length
    for (const { call } of fresh) {
      sums.costNanoUsd += call.cost_nano_usd ?? 0
      if (call.cost_nano_usd === null) sums.unpriced += 1
    }
    if (fresh.length > 0 && !options.dryRun) await queue.commit(unitOf(storage.db, fresh))
  }
  return { ...sums, wireOutputTokens: wire.outputTokens() }
}

function rowOf(call: ImportedCall, options: ImportOptions, prices: PriceCatalog): Row {
  const { usage, timestampUs } = call
  const price = prices.priceOf(call.provider, call.model, usage, timestampUs)
  const logged = call.costUsd === null ? null : nanoUsdOf(call.costUsd)
  const costNanoUsd = price === null ? logged : costOf(usage, price)
  const id = derivedId(timestampUs / 1000, `${call.client} ${call.callId}`)
  const payload: LlmCallCompleted = {
    gateway_key_id: null,
    inbound_shape: null,
    user_id: options.userId,
    team_id: options.teamId,
    workspace: call.cwd,
    project: call.cwd === null ? null : (call.cwd.split(/[/\\]/).findLast((part) => part !== '') ?? null),
    branch: call.branch,
    client: call.client,
    client_session_id: call.sessionId,
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
    sessionId: call.sessionId,
    turnId: id,
    parentEventId: null,
    type: 'llm.call_completed',
    payload,
  }
  return { event: eventRowOf(event), call: callRowOf(event, costNanoUsd) }
}

/** By time, each page within one hour: the hour is made again once a page. */
function* pagesOf(rows: readonly Row[]): Generator<readonly Row[]> {
  let page: Row[] = []
  for (const row of rows.toSorted((a, b) => a.call.timestamp_us - b.call.timestamp_us)) {
    const [first] = page
    const isOther = first !== undefined && hourStartOf(first.call.timestamp_us) !== hourStartOf(row.call.timestamp_us)
    if (isOther || page.length >= pageSize) {
      yield page
      page = []
    }
    page.push(row)
  }
  if (page.length > 0) yield page
}

/** Counts by event. Prices are not compared: the list may change between two imports, and `reprice` is for that. */
async function readKnown(db: Kysely<Database>, page: readonly Row[]): Promise<ReadonlyMap<string, string>> {
  const ids = page.map(({ event }) => event.id)
  const rows = await db.selectFrom('events').selectAll().where('id', 'in', ids).execute()
  return new Map(
    rows.flatMap((event) => {
      const call = projectedCall(event)
      return call === null ? [] : [[event.id, countsOf(call)] as const]
    }),
  )
}

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
