// Whatever happens to the past, and when: calls, late calls, prices, prunes, imports and rebuilds, also in the middle of
// summing, leave every answer as the rows themselves give it.
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settle } from '../../src/analytics/settle.ts'
import { isoOf } from '../../src/analytics/window.ts'
import { createPriceCatalog } from '../../src/catalog/price-catalog.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import { noUsage } from '../../src/ir/usage.ts'
import { createIdFactory } from '../../src/lib/ids.ts'
import { createCommitQueue, type CommitQueue } from '../../src/store/commit-queue.ts'
import { forgetUser } from '../../src/store/forget-user.ts'
import { createHub } from '../../src/store/hub.ts'
import { writeImported } from '../../src/store/imports/write.ts'
import { prune } from '../../src/store/prune.ts'
import { rebuild } from '../../src/store/rebuild.ts'
import { replayLines } from '../../src/store/replay.ts'
import { reprice } from '../../src/store/reprice.ts'
import { withMarks } from '../../src/store/settled.ts'
import { lineOf } from '../../src/store/spool.ts'
import type { Storage } from '../../src/store/storage.ts'
import { createTraceStore, type SpoolingTraceStore } from '../../src/store/trace-store.ts'
import { createTurnStatements } from '../../src/store/turn-statements.ts'
import { defer, silent } from '../store/open-store.ts'
import { byTest } from '../support/author.ts'
import { onFile } from '../support/test-database.ts'
import { turnOf, type MadeTurn } from '../support/turns.ts'
import { answersOf, marksOf, withoutMarks } from './support/settled-answers.ts'
import { openServe, type OpenServe } from './support/open-serve.ts'

let serve: OpenServe
let queue: CommitQueue
let traces: SpoolingTraceStore
let newId: () => string
beforeAll(async () => {
  serve = await openServe()
  const { storage, clock } = serve
  newId = createIdFactory(() => clock.nowUs() / 1000)
  queue = createCommitQueue({ storage, clock, defer, logger: silent })
  traces = createTraceStore({ storage, queue, clock, instanceId: 'test', logger: silent })
})
afterAll(() => serve.close())

const hourUs = 3_600_000_000
/** Of turn 0, and what the hours below count from. */
const firstUs = turnOf(0).closed.turn.timestampUs
/** One whole day and a bit. */
const nowHour = 27
const model = 'anthropic:nobody-knows-me'

type Change =
  | { readonly kind: 'call' | 'late' | 'push'; readonly hour: number; readonly user: string; readonly input: number }
  | { readonly kind: 'import'; readonly hour: number; readonly user: string; readonly input: number }
  | { readonly kind: 'reprice'; readonly usd: number }
  | { readonly kind: 'prune'; readonly hour: number }
  | { readonly kind: 'rebuild' }
  | { readonly kind: 'forget'; readonly user: string }

const hour = fc.integer({ min: 0, max: nowHour - 1 })
const user = fc.constantFrom('ada', 'bob')
const input = fc.constantFrom(10, 5000, 90_000)
const change: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('call', 'late', 'push'), hour, user, input }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('import'), hour, user, input }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reprice'), usd: fc.integer({ min: 1, max: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('prune'), hour }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'rebuild' }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget'), user }) },
)
/** A change, then a summing, in the middle of which there may be another change. */
const round = fc.record({
  change,
  settles: fc.constantFrom(true, true, false),
  meanwhile: fc.option(change),
  atCommit: fc.integer({ min: 0, max: 40 }),
})

const catalogOf = (usd: number) =>
  createPriceCatalog(
    resolveConfig({
      file: { prices: { [model]: { input: usd, output: usd, cache_read: usd, cache_write: usd } } },
      env: {},
      presets: [],
    }),
  )

let turns = 0
async function make(change: Change): Promise<void> {
  const { storage, clock } = serve
  switch (change.kind) {
    case 'call':
    case 'late':
    case 'push': {
      const number = (turns += 1)
      const made = turnOf(number, {
        hour: change.hour,
        model,
        userId: change.user,
        inputTokens: change.input,
        costNanoUsd: null,
        keyId: null,
      })
      if (change.kind === 'call' && change.hour >= nowHour - 1) {
        await traces.openTurn(made.opened, { mustCommit: false })
        await traces.closeTurn(made.closed)
        return
      }
      if (change.kind === 'push') return push(made)
      const lines = [lineOf({ kind: 'opened', opened: made.opened }), lineOf({ kind: 'closed', closed: made.closed })]
      const statements = createTurnStatements(storage.db)
      return replayLines({ queue, statements, logger: silent, instanceId: 'test' }, lines)
    }
    case 'import': {
      const call = {
        client: 'codex' as const,
        // Told again for another user, at times.
        callId: `call-${change.hour}`,
        sessionId: `session-${change.hour % 7}`,
        requestId: null,
        provider: 'anthropic',
        model: 'nobody-knows-me',
        timestampUs: firstUs + change.hour * hourUs + 500_000,
        latencyMs: 5,
        usage: { ...noUsage, inputUncached: 5, cacheRead: 1, cacheWrite5m: change.input, output: 7 },
        stopReason: null,
        toolCalls: 0,
        costUsd: null,
        cwd: '/srv/app',
        branch: null,
      }
      await writeImported({ storage, queue, clock, prices: catalogOf(1) }, [call], {
        userId: change.user,
        teamId: null,
        dryRun: false,
      })
      return
    }
    case 'reprice':
      await reprice({ storage, queue, clock, newId, prices: catalogOf(change.usd) }, { sinceUs: 0, dryRun: false, by: byTest })
      return
    case 'prune':
      await prune({ storage, queue, clock, newId }, firstUs + change.hour * hourUs, byTest)
      return
    case 'rebuild':
      await rebuild({ storage, queue })
      return
    case 'forget':
      await forgetUser({ storage, queue, clock, newId }, change.user, byTest)
      return
    default:
      return change satisfies never
  }
}

/** As a laptop's, which calls with no key that the hub knows. */
async function push({ opened, closed }: MadeTurn): Promise<void> {
  const { storage, clock } = serve
  const { turnId, call, turn } = closed
  const taken = { turnId, route: opened.route, call, turn }
  const hub = createHub({ storage, queue, clock, logger: silent, hash: (text) => text, newId, randomBytes })
  expect(await hub.take('laptop', { format: 1, names: [], turns: [taken] })).toMatchObject({ accepted: 1, known: 0, refused: [] })
}

/** Somebody else writes just before the summing's own write. */
function meeting(storage: Storage, meanwhile: Change | null, atCommit: number): Storage {
  let commits = 0
  return {
    ...storage,
    async commit(units) {
      if (meanwhile !== null && commits++ === atCommit) await make(meanwhile)
      return storage.commit(units)
    },
  }
}

const scopes = ['window=all', `from=${isoOf(firstUs + 5 * hourUs)}&user=ada`]

async function expectAnswersOfRows(): Promise<void> {
  const summed = await answersOf(serve, scopes)
  expect(summed).toEqual(await withoutMarks(serve.storage, () => answersOf(serve, scopes)))
}

async function empty(now = nowHour): Promise<void> {
  for (const table of ['events', 'calls', 'usage_hourly', 'inflight', 'settled_spans', 'settled_usage', 'settled_facts'] as const)
    await serve.storage.db.deleteFrom(table).execute()
  serve.clock.setWallUs(firstUs + now * hourUs)
}

describe('what was summed of the past', () => {
  it('is never older than the rows, whatever changes them, and when', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(round, { minLength: 2, maxLength: 3 }), async (rounds) => {
        await empty()
        for (const { change: first, settles, meanwhile, atCommit } of rounds) {
          await make(first)
          if (settles) await settle({ storage: meeting(serve.storage, meanwhile, atCommit), clock: serve.clock, newId })
          await expectAnswersOfRows()
        }
      }),
      // Each statement is a round trip on a server.
      { numRuns: onFile ? 3 : 1, endOnFailure: true },
    )
  })

  it('is not used when its rows changed while they were summed, even where all sums stay the same', async () => {
    const told: Change = { kind: 'import', hour: 20, user: 'ada', input: 5000 }
    for (const atCommit of onFile ? [0, 1, 2, 3] : [1]) {
      await empty()
      await make({ kind: 'late', hour: 20, user: 'ada', input: 10 })
      await make(told)
      // The newest day is the first to be summed: its claim, its rows, its mark.
      await settle({ storage: meeting(serve.storage, { ...told, user: 'bob' }, atCommit), clock: serve.clock, newId })
      await expectAnswersOfRows()
    }
  })

  it('knows nobody who was forgotten', async () => {
    await empty()
    for (const hour of [3, 20]) for (const user of ['ada', 'bob']) await make({ kind: 'late', hour, user, input: 10 })
    await settle({ storage: serve.storage, clock: serve.clock, newId })
    const usersIn = async (table: 'settled_usage' | 'settled_facts') =>
      (await serve.storage.db.selectFrom(table).select('user_id').distinct().where('user_id', '<>', '').execute()).map(
        (row) => row.user_id,
      )
    expect((await usersIn('settled_usage')).toSorted()).toEqual(['ada', 'bob'])
    await make({ kind: 'forget', user: 'ada' })
    for (const table of ['settled_usage', 'settled_facts'] as const) expect(await usersIn(table)).not.toContain('ada')
    await expectAnswersOfRows()
  })

  it('is read again when it fell while it was read', async () => {
    await empty()
    await make({ kind: 'late', hour: 20, user: 'ada', input: 10 })
    await settle({ storage: serve.storage, clock: serve.clock, newId })
    const { db } = serve.storage
    let reads = 0
    const marks = await withMarks(db, { startUs: 0, endUs: serve.clock.nowUs() }, async (standing) => {
      if (reads++ === 0) await make({ kind: 'late', hour: 22, user: 'ada', input: 10 })
      return standing.length
    })
    expect([reads, marks]).toEqual([2, (await marksOf(serve.storage)).length])
  })

  it('is summed again for a day after a late call too, because its cache may explain what was missed then', async () => {
    await empty(51)
    await make({ kind: 'late', hour: 46, user: 'ada', input: 10 })
    await make({ kind: 'late', hour: 2, user: 'ada', input: 10 })
    await settle({ storage: serve.storage, clock: serve.clock, newId })
    const before = await marksOf(serve.storage)
    await make({ kind: 'late', hour: 20, user: 'ada', input: 10 })
    const after = await marksOf(serve.storage)
    const startOf = (hour: number) => isoOf(firstUs - (firstUs % hourUs) + hour * hourUs)
    const gone = [0, 24].map((hour) => `day ${startOf(hour)}`)
    for (let hour = 20; hour <= 44; hour++) gone.push(`hour ${startOf(hour)}`)
    expect(before.filter((mark) => !after.includes(mark)).toSorted()).toEqual(gone.toSorted())
    await expectAnswersOfRows()
  })
})
