// The proof of the ledger (contract.md §5): received = ok + failed + cancelled + interrupted + refused + in flight, and one sum
// in events, calls, hourly rollups, analytics and export. Everything is read at one moment, so that it may run beside gateways.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { PriceCatalog } from '../../catalog/prices.ts'
import type { Database } from '../../store/schema.ts'
import { readPrunedUs } from '../../store/prune.ts'
import { readSnapshot } from '../../store/snapshot.ts'
import type { Storage } from '../../store/storage.ts'
import { callTypes } from '../../store/stored-calls.ts'
import { readAnswers, readExport } from './answers.ts'
import { createFaultLog, type FaultLog, type LedgerFault } from './faults.ts'
import { compareRollup } from './rollup.ts'
import { differenceOf, type Sums } from './sums.ts'
import { walkEvents, type TurnCounts } from './walk.ts'

export interface LedgerProof {
  readonly turns: TurnCounts
  /** Of all calls. */
  readonly sums: Sums
  /** Of them: whose events were pruned. */
  readonly prunedCalls: number
  /** Where `sums` was found: tables, questions to analytics, the export. */
  readonly sources: readonly string[]
  /** The first ones, in the order they were found; none = the ledger is right. */
  readonly faults: readonly LedgerFault[]
  readonly faultCount: number
}

export interface LedgerParts {
  readonly storage: Storage
  readonly prices: PriceCatalog
  readonly nowUs: number
}

export function proveLedger(parts: LedgerParts, onProgress: (events: number) => void = () => undefined): Promise<LedgerProof> {
  return readSnapshot(parts.storage, async (db) => {
    const faults = createFaultLog()
    const { turns, sums: fromEvents } = await walkEvents(db, faults, onProgress)
    expectIdentity(turns, faults)
    const sums = await readSums(db)
    const prunedCalls = await expectEvents(db, fromEvents, sums, faults)
    await compareRollup(db, faults)
    const found: (readonly [string, Sums])[] = []
    // Behind the last call, wherever the clock stands.
    const endUs = Math.max(parts.nowUs, await newestCallUs(db)) + 1
    found.push(...(await readAnswers({ db, prices: parts.prices, nowUs: endUs })))
    found.push(['export', await readExport(db, { window: { startUs: 0, endUs }, filters: [] })])
    for (const [source, other] of found) {
      const difference = differenceOf(other, sums)
      if (difference !== null) faults.add(source, `does not add up to the calls: ${difference}`)
    }
    return {
      turns,
      sums,
      prunedCalls,
      sources: [...(prunedCalls === 0 ? ['events'] : []), 'calls', 'usage_hourly', ...found.map(([source]) => source)],
      faults: faults.first,
      faultCount: faults.count,
    }
  })
}

function expectIdentity(turns: TurnCounts, faults: FaultLog): void {
  const { received, ok, failed, cancelled, interrupted, refused, in_flight: inFlight } = turns
  const ended = ok + failed + cancelled + interrupted + refused + inFlight
  if (received !== ended) faults.add('events', `${received} turns were received, and ${ended} ended or are under way`)
}

/**
 * Calls whose events are gone, though nobody pruned them, are named; what is in `calls` alone is looked for only when the sums
 * differ. Where the events are whole was seen on the walk: each is its row, column by column.
 */
async function expectEvents(db: Kysely<Database>, fromEvents: Sums, sums: Sums, faults: FaultLog): Promise<number> {
  const difference = differenceOf(fromEvents, sums)
  if (difference === null) return 0
  const prunedUs = await readPrunedUs(db)
  const events = db.selectFrom('events').select('turn_id').where('type', 'in', callTypes)
  const orphan = await db
    .selectFrom('calls')
    .select('turn_id')
    .where('turn_id', 'not in', events)
    .where('timestamp_us', '>=', prunedUs)
    .orderBy('turn_id')
    .limit(1)
    .executeTakeFirst()
  if (orphan !== undefined) faults.add(`calls ${orphan.turn_id}`, 'has no event')
  else if (faults.count === 0 && prunedUs === 0) faults.add('calls', `the events do not add up to it: ${difference}`)
  return sums.calls - fromEvents.calls
}

async function readSums(db: Kysely<Database>): Promise<Sums> {
  const columns = {
    calls: sql`count(*)`,
    unpriced: sql`sum(case when cost_nano_usd is null then 1 else 0 end)`,
    inputTokens: sql`sum(input_tokens)`,
    outputTokens: sql`sum(output_tokens)`,
    cachedInputTokens: sql`sum(cached_input_tokens)`,
    cacheCreationInputTokens: sql`sum(cache_creation_input_tokens)`,
    costNanoUsd: sql`sum(cost_nano_usd)`,
  } as const satisfies Readonly<Record<keyof Sums, unknown>>
  const selected = Object.entries(columns).map(([name, value]) => sql`coalesce(${value}, 0) as ${sql.ref(name)}`)
  const { rows } = await sql<Readonly<Record<keyof Sums, unknown>>>`select ${sql.join(selected)} from calls`.execute(db)
  const [row] = rows
  const count = (name: keyof Sums) => Number(row?.[name] ?? 0)
  return {
    calls: count('calls'),
    unpriced: count('unpriced'),
    inputTokens: count('inputTokens'),
    outputTokens: count('outputTokens'),
    cachedInputTokens: count('cachedInputTokens'),
    cacheCreationInputTokens: count('cacheCreationInputTokens'),
    costNanoUsd: count('costNanoUsd'),
  }
}

async function newestCallUs(db: Kysely<Database>): Promise<number> {
  const row = await db
    .selectFrom('calls')
    .select(({ fn }) => fn.max('timestamp_us').as('newest'))
    .executeTakeFirst()
  return Number(row?.newest ?? 0)
}
