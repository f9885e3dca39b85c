// Sums the hours and days that are over, newest first, in the background of serve: what they hold is read by the very code that
// answers questions, and may be used from when its mark says so (store/settled.ts).
import { sql } from 'kysely'
import type { Clock, Logger } from '../services.ts'
import { insertRows } from '../store/insert-rows.ts'
import type { SettledFactsTable, SettledUsageTable } from '../store/settled-tables.ts'
import {
  clearSums,
  holdClaim,
  markReady,
  readSpans,
  spanStartOf,
  spanUs,
  takeClaim,
  type Claim,
  type SpanStart,
} from '../store/settled.ts'
import { StorageBusy, type Storage, type Unit } from '../store/storage.ts'
import { createFactBook, factKinds, type FactResolution } from './facts.ts'
import { foldFacts } from './read-facts.ts'
import { factRow, factsTarget } from './settled-facts.ts'
import { splits } from './settled-splits.ts'
import { usageRow, usageTarget } from './settled-usage.ts'
import { readUsage } from './usage.ts'

export interface SettleParts {
  readonly storage: Storage
  readonly clock: Clock
  readonly newId: () => string
  /** Absent: as much as there is. */
  readonly bounds?: SettleBounds
}

/** What one run may do, on a platform that counts; the next one goes on. */
export interface SettleBounds {
  /** Rows of the trace that a span is made of. A day of more is left to its hours, and an hour to its rows. */
  readonly rowsPerSpan: number
  /** Asked before everything that reads or writes so many of them. */
  readonly mayTake: (rows: number) => boolean
}

/** Later than this nobody puts a turn on record but by a way that says so (store/settled.ts). */
const graceUs = 15 * 60_000_000
/** Hours serve the ragged ends of windows, and those that people ask for are younger. */
const oldestHourUs = 92 * spanUs.day
/** A gateway waits for the lock no longer than these take. */
const rowsPerUnit = 500
const busyMs = 20
const resolutions: readonly FactResolution[] = ['whole', 'byModel']

/** How many spans were summed. Days first: a month is then thirty of them. @throws the signal's reason */
export async function settle(parts: SettleParts, signal?: AbortSignal): Promise<number> {
  const { storage, bounds } = parts
  let count = 0
  for (const span of await unsettledSpans(parts)) {
    signal?.throwIfAborted()
    if (bounds !== undefined) {
      const rows = await rowsIn(storage, span, bounds.rowsPerSpan + 1)
      if (!bounds.mayTake(rows > bounds.rowsPerSpan ? 0 : rows)) return count
      if (rows > bounds.rowsPerSpan) {
        await commit(parts, [takeClaim(storage.db, { ...span, claim: tooLarge(bounds) })], signal)
        continue
      }
    }
    if (await settleSpan(parts, span, signal)) count += 1
  }
  await forgetOldHours(parts, signal)
  return count
}

/** Whoever has other bounds looks at it again, and so does everybody once the span has changed. */
const tooLarge = ({ rowsPerSpan }: SettleBounds): string => `more than ${rowsPerSpan} rows`

/** As long as serve runs. */
export async function keepSettled(parts: SettleParts & { readonly logger: Logger }, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await settle(parts, signal)
    } catch (error) {
      if (!signal.aborted) parts.logger.log('warn', 'past hours cannot be summed now', { error: String(error) })
    }
    await parts.clock.sleep(60_000, signal).catch(() => undefined)
  }
}

/** Newest first; those that somebody began and did not end come last, so that none which is never ended keeps others waiting. */
async function unsettledSpans({ storage, clock, bounds }: SettleParts): Promise<readonly SpanStart[]> {
  const first = await storage.db
    .selectFrom('calls')
    .select(({ fn }) => fn.min('timestamp_us').as('us'))
    .executeTakeFirst()
  if (first === undefined || first.us === null) return []
  const firstUs = Number(first.us)
  const settledUs = clock.nowUs() - graceUs
  const marks = await readSpans(storage.db, spanStartOf('day', firstUs), settledUs)
  const fresh: SpanStart[] = []
  const begun: SpanStart[] = []
  for (const span of ['day', 'hour'] as const) {
    const known = new Map(marks.flatMap((mark) => (mark.span === span ? [[mark.startUs, mark] as const] : [])))
    const endUs = spanStartOf(span, settledUs)
    const startUs = spanStartOf(span, span === 'day' ? firstUs : Math.max(firstUs, endUs - oldestHourUs))
    for (let us = endUs - spanUs[span]; us >= startUs; us -= spanUs[span]) {
      const mark = known.get(us)
      if (mark === undefined) fresh.push({ span, startUs: us })
      else if (!mark.ready && (bounds === undefined || mark.claim !== tooLarge(bounds))) begun.push({ span, startUs: us })
    }
  }
  return [...fresh, ...begun]
}

/** Counted to `most`. Most hours of a laptop have none. */
async function rowsIn({ db }: Storage, { span, startUs }: SpanStart, most: number): Promise<number> {
  const within = sql`timestamp_us >= ${startUs} and timestamp_us < ${startUs + spanUs[span]} limit ${sql.lit(most)}`
  const counts = [
    sql`select 1 from calls where ${within}`,
    sql`select 1 from events where type = 'route.decided' and ${within}`,
    sql`select 1 from events where type = 'turn.completed' and ${within}`,
  ].map((rows) => sql`(select count(*) from (${rows}) as counted)`)
  const { rows } = await sql<{ readonly rows: unknown }>`select ${sql.join(counts, sql` + `)} as rows`.execute(db)
  return Number(rows[0]?.rows ?? 0)
}

/** False: it changed while it was read, and is for another time. */
async function settleSpan(parts: SettleParts, span: SpanStart, signal?: AbortSignal): Promise<boolean> {
  const { storage, newId } = parts
  const { db } = storage
  const claim: Claim = { ...span, claim: newId() }
  await commit(parts, [takeClaim(db, claim), ...clearSums(db, claim)], signal)
  const isEmpty = (await rowsIn(storage, claim, 1)) === 0
  const inserts = isEmpty
    ? []
    : [
        ...insertRows(storage, usageTarget(claim), await usageRows(parts, claim, signal), rowsPerUnit),
        ...insertRows(storage, factsTarget(claim), await factRows(parts, claim, signal), rowsPerUnit),
      ]
  for (const insert of inserts) {
    const [held] = await commit(parts, [holdClaim(db, claim), insert], signal)
    if (held !== 1) return false
    await parts.clock.sleep(0, signal)
  }
  const [ready] = await commit(parts, [markReady(db, claim)], signal)
  return ready === 1
}

async function usageRows(
  { storage: { db }, clock }: SettleParts,
  claim: Claim,
  signal?: AbortSignal,
): Promise<readonly SettledUsageTable[]> {
  const window = { startUs: claim.startUs, endUs: claim.startUs + spanUs[claim.span] }
  const rows: SettledUsageTable[] = []
  for (const split of splits[claim.span]) {
    // Lets questions through: reads of SQLite never give the loop away by themselves.
    await clock.sleep(0, signal)
    for (const row of await readUsage(db, { window, filters: [] }, split))
      if (row.usage.callCount > 0) rows.push(usageRow(claim, split, row))
  }
  return rows
}

/** An hour at a time, giving way in between. */
async function factRows(
  { storage: { db }, clock }: SettleParts,
  claim: Claim,
  signal?: AbortSignal,
): Promise<readonly SettledFactsTable[]> {
  const books = resolutions.map((resolution) => ({ resolution, book: createFactBook(resolution) }))
  const endUs = claim.startUs + spanUs[claim.span]
  for (let us = claim.startUs; us < endUs; us += spanUs.hour) {
    await clock.sleep(0, signal)
    const scope = { window: { startUs: us, endUs: us + spanUs.hour }, filters: [] }
    await foldFacts(
      db,
      scope,
      factKinds,
      books.map(({ book }) => book),
    )
  }
  return books.flatMap(({ resolution, book }) => book.facts().map((fact) => factRow(claim, resolution, fact)))
}

/** What is too old to be an end of a window is in its day. */
async function forgetOldHours(parts: SettleParts, signal?: AbortSignal): Promise<void> {
  const { storage, clock, bounds } = parts
  if (bounds?.mayTake(0) === false) return
  const old = await storage.db
    .selectFrom('settled_spans')
    .select('start_us')
    .where('span', '=', 'hour')
    .where('start_us', '<', spanStartOf('day', clock.nowUs() - oldestHourUs - spanUs.day))
    .limit(100)
    .execute()
  for (const { start_us: us } of old) {
    if (bounds?.mayTake(0) === false) return
    const startUs = Number(us)
    const mark = sql`delete from settled_spans where span = 'hour' and start_us = ${startUs}`.compile(storage.db)
    await commit(parts, [mark, ...clearSums(storage.db, { span: 'hour', startUs })], signal)
  }
}

async function commit({ storage, clock, bounds }: SettleParts, unit: Unit, signal?: AbortSignal): Promise<readonly number[]> {
  for (;;) {
    try {
      const [outcome] = await storage.commit([unit])
      if (outcome === undefined) throw new Error('the store gave no outcome')
      if (!outcome.ok) throw outcome.error
      return outcome.affected
    } catch (error) {
      if (!(error instanceof StorageBusy) || bounds?.mayTake(0) === false) throw error
      await clock.sleep(busyMs, signal)
    }
  }
}
