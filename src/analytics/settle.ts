// Sums the hours and days that are over, newest first, in the background of serve: what they hold is read by the very code that
// answers questions, and may be used from when its mark says so (store/settled.ts).
import { sql } from 'kysely'
import type { CompiledQuery } from 'kysely'
import type { Clock, Logger } from '../services.ts'
import {
  clearSums,
  holdClaim,
  markReady,
  spanStartOf,
  spanUs,
  startsOf,
  takeClaim,
  withMarks,
  type Claim,
  type Span,
} from '../store/settled.ts'
import { StorageBusy, type Storage, type Unit } from '../store/storage.ts'
import { createFactBook, factKinds, type FactResolution } from './facts.ts'
import { foldFacts } from './read-facts.ts'
import { factInserter } from './settled-facts.ts'
import { splits } from './settled-splits.ts'
import { usageInserter } from './settled-usage.ts'
import { readUsage } from './usage.ts'

export interface SettleParts {
  readonly storage: Storage
  readonly clock: Clock
  readonly newId: () => string
}

/** Later than this nobody puts a turn on record but by a way that says so (store/settled.ts). */
const graceUs = 15 * 60_000_000
/** Hours serve the ragged ends of windows, and those that people ask for are younger. */
const oldestHourUs = 92 * spanUs.day
/** A gateway waits for the lock no longer than these take. */
const rowsPerUnit = 200
const busyMs = 20
const resolutions: readonly FactResolution[] = ['whole', 'byModel']

/** How many spans were summed. Days first: a month is then thirty of them. @throws the signal's reason */
export async function settle(parts: SettleParts, signal?: AbortSignal): Promise<number> {
  let count = 0
  for (const span of ['day', 'hour'] as const) {
    for (const startUs of await unsettledSpans(parts, span)) {
      signal?.throwIfAborted()
      if (await settleSpan(parts, span, startUs, signal)) count += 1
    }
  }
  await forgetOldHours(parts, signal)
  return count
}

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

async function unsettledSpans({ storage, clock }: SettleParts, span: Span): Promise<readonly number[]> {
  const first = await storage.db
    .selectFrom('calls')
    .select(({ fn }) => fn.min('timestamp_us').as('us'))
    .executeTakeFirst()
  if (first === undefined || first.us === null) return []
  const endUs = spanStartOf(span, clock.nowUs() - graceUs)
  const firstUs = span === 'day' ? Number(first.us) : Math.max(Number(first.us), endUs - oldestHourUs)
  const startUs = spanStartOf(span, firstUs)
  return withMarks(storage.db, { startUs, endUs }, async (marks) => {
    const done = new Set(startsOf(marks, span))
    const left: number[] = []
    for (let us = endUs - spanUs[span]; us >= startUs; us -= spanUs[span]) if (!done.has(us)) left.push(us)
    return left
  })
}

/** False: it changed while it was read, and is for another time. */
async function settleSpan(parts: SettleParts, span: Span, startUs: number, signal?: AbortSignal): Promise<boolean> {
  const { storage, newId } = parts
  const { db } = storage
  const claim: Claim = { span, startUs, claim: newId() }
  await commit(parts, [takeClaim(db, claim), ...clearSums(db, claim)], signal)
  const rows = (await isEmpty(storage, claim))
    ? []
    : [...(await usageInserts(parts, claim, signal)), ...(await factInserts(parts, claim, signal))]
  for (let at = 0; at < rows.length; at += rowsPerUnit) {
    const [held] = await commit(parts, [holdClaim(db, claim), ...rows.slice(at, at + rowsPerUnit)], signal)
    if (held !== 1) return false
    await parts.clock.sleep(0, signal)
  }
  const [ready] = await commit(parts, [markReady(db, claim)], signal)
  return ready === 1
}

/** Most hours of a laptop are. */
async function isEmpty({ db }: Storage, { span, startUs }: Claim): Promise<boolean> {
  const within = sql`timestamp_us >= ${startUs} and timestamp_us < ${startUs + spanUs[span]}`
  const { rows } = await sql<unknown>`select 1 where exists (select 1 from calls where ${within})
or exists (select 1 from events where type = 'route.decided' and ${within})
or exists (select 1 from events where type = 'turn.completed' and ${within})`.execute(db)
  return rows.length === 0
}

async function usageInserts(
  { storage, clock }: SettleParts,
  claim: Claim,
  signal?: AbortSignal,
): Promise<readonly CompiledQuery[]> {
  const { db } = storage
  const insert = usageInserter(db, claim)
  const window = { startUs: claim.startUs, endUs: claim.startUs + spanUs[claim.span] }
  const rows: CompiledQuery[] = []
  for (const split of splits[claim.span]) {
    // Lets questions through: reads of SQLite never give the loop away by themselves.
    await clock.sleep(0, signal)
    for (const row of await readUsage(db, { window, filters: [] }, split))
      if (row.usage.callCount > 0) rows.push(insert(split, row))
  }
  return rows
}

/** An hour at a time, giving way in between. */
async function factInserts(
  { storage, clock }: SettleParts,
  claim: Claim,
  signal?: AbortSignal,
): Promise<readonly CompiledQuery[]> {
  const { db } = storage
  const insert = factInserter(db, claim)
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
  return books.flatMap(({ resolution, book }) => book.facts().map((fact) => insert(resolution, fact)))
}

/** What is too old to be an end of a window is in its day. */
async function forgetOldHours(parts: SettleParts, signal?: AbortSignal): Promise<void> {
  const { storage, clock } = parts
  const old = await storage.db
    .selectFrom('settled_spans')
    .select('start_us')
    .where('span', '=', 'hour')
    .where('start_us', '<', spanStartOf('day', clock.nowUs() - oldestHourUs - spanUs.day))
    .limit(100)
    .execute()
  for (const { start_us: us } of old) {
    const startUs = Number(us)
    const mark = sql`delete from settled_spans where span = 'hour' and start_us = ${startUs}`.compile(storage.db)
    await commit(parts, [mark, ...clearSums(storage.db, { span: 'hour', startUs })], signal)
  }
}

async function commit({ storage, clock }: SettleParts, unit: Unit, signal?: AbortSignal): Promise<readonly number[]> {
  for (;;) {
    try {
      const [outcome] = await storage.commit([unit])
      if (outcome === undefined) throw new Error('the store gave no outcome')
      if (!outcome.ok) throw outcome.error
      return outcome.affected
    } catch (error) {
      if (!(error instanceof StorageBusy)) throw error
      await clock.sleep(busyMs, signal)
    }
  }
}
