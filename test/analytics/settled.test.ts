// Settled hours and days are a shortcut, never another truth: whatever the calls, the window and the filters, every question has
// the answer it had before; and who changes the past afterwards is seen at once.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settle } from '../../src/analytics/settle.ts'
import { isoOf } from '../../src/analytics/window.ts'
import { createIdFactory } from '../../src/lib/ids.ts'
import { remakeHour, hourStartOf } from '../../src/store/projections.ts'
import { replayLines } from '../../src/store/replay.ts'
import { lineOf } from '../../src/store/spool.ts'
import { createTurnStatements } from '../../src/store/turn-statements.ts'
import { createCommitQueue } from '../../src/store/commit-queue.ts'
import type { CallsTable } from '../../src/store/schema.ts'
import { defer, silent } from '../store/open-store.ts'
import { onFile } from '../support/test-database.ts'
import { turnOf } from '../support/turns.ts'
import { callRow, insertCalls } from './support/call-rows.ts'
import { openServe, type OpenServe } from './support/open-serve.ts'
import { answersOf, marksOf } from './support/settled-answers.ts'

let serve: OpenServe
beforeAll(async () => {
  serve = await openServe()
})
afterAll(() => serve.close())

const hourUs = 3_600_000_000
/** The clock stands at noon of the 23rd: two whole days and a half. */
const startUs = Date.UTC(2026, 10, 21) * 1000

const oneOf = (...values: readonly (string | null)[]) => fc.constantFrom(...values)
const call = fc.record({
  timestamp_us: fc
    .tuple(fc.integer({ min: 0, max: 59 }), fc.constantFrom(0, 1, hourUs / 2, hourUs - 1))
    .map(([h, o]) => startUs + h * hourUs + o),
  session_id: fc.constantFrom('s1', 's2', 's3'),
  gateway_key_id: oneOf('gk_1', 'gk_2', null),
  user_id: oneOf('ada', 'bob', null),
  team_id: oneOf('eng', null),
  project: oneOf('gateway', null),
  model: fc.constantFrom('anthropic:claude-haiku-4-5', 'anthropic:claude-opus-4-8'),
  status: fc.constantFrom('ok', 'ok', 'failed'),
  error_class: fc.constant(null),
  tags_json: fc.constantFrom('{}', '{"env":"prod"}'),
  cost_nano_usd: fc.oneof(fc.nat({ max: 2_000_000_000 }), fc.constant(null)),
  latency_ms: fc.integer({ min: 0, max: 90_000 }),
  cached_input_tokens: fc.nat({ max: 20_000 }),
  cache_creation_input_tokens: fc.nat({ max: 20_000 }),
})

const filters = ['', '&user=ada', '&model=anthropic:claude-opus-4-8', '&session=s2', '&team=eng&user=bob']

async function refill(rows: readonly CallsTable[]): Promise<void> {
  for (const table of ['calls', 'usage_hourly', 'settled_spans', 'settled_usage', 'settled_facts'] as const) {
    await serve.storage.db.deleteFrom(table).execute()
  }
  await insertCalls(serve.storage, rows)
}

const settleAll = () =>
  settle({ storage: serve.storage, clock: serve.clock, newId: createIdFactory(() => serve.clock.nowUs() / 1000) })

describe('settled hours and days', () => {
  it('change no answer', async () => {
    const edge = fc.integer({ min: 0, max: 60 }).map((half) => startUs + half * hourUs)
    const drawn = fc.record({
      rows: fc
        .array(call, { minLength: 1, maxLength: 12 })
        .map((rows) => rows.map((row, index) => callRow(`turn-${index}`, row))),
      edges: fc.tuple(edge, edge).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const),
      filter: fc.constantFrom(...filters),
    })
    await fc.assert(
      fc.asyncProperty(drawn, async ({ rows, edges: [fromUs, toUs], filter }) => {
        await refill(rows)
        const scopes = [`from=${isoOf(fromUs)}&to=${isoOf(toUs)}${filter}`, `window=7d${filter}`]
        const before = await answersOf(serve, scopes)
        await settleAll()
        expect(await answersOf(serve, scopes)).toEqual(before)
        expect(await settleAll()).toBe(0)
      }),
      // Each statement is a round trip on a server.
      { numRuns: onFile ? 3 : 1, endOnFailure: true },
    )
  })

  it('are read no more once their hour was made again, until they are summed anew', async () => {
    const row = callRow('turn-0', { timestamp_us: startUs, cost_nano_usd: 1e9 })
    await refill([row])
    await settleAll()
    const before = (await marksOf(serve.storage)).length
    await serve.storage.db.updateTable('calls').set({ cost_nano_usd: 3e9 }).execute()
    for (const statement of remakeHour(hourStartOf(startUs))) await statement.execute(serve.storage.db)
    expect(before - (await marksOf(serve.storage)).length).toBeGreaterThan(2)
    const asked = '/analytics/cost?group_by=model&window=7d'
    expect((await serve.get(asked)).body).toMatchObject({ data: [{ cost_usd: 3 }] })
    expect(await settleAll()).toBeGreaterThan(2)
    expect((await serve.get(asked)).body).toMatchObject({ data: [{ cost_usd: 3 }] })
  })

  it('are read no more once a turn of theirs came in late, from a spool', async () => {
    const { opened, closed } = turnOf(1)
    const lateUs = closed.turn.timestampUs
    serve.clock.setWallUs(lateUs + 48 * hourUs)
    await refill([callRow('turn-0', { timestamp_us: lateUs, cost_nano_usd: 1_000_000 })])
    await settleAll()
    const queue = createCommitQueue({ storage: serve.storage, clock: serve.clock, defer, logger: silent })
    const statements = createTurnStatements(serve.storage.db)
    const lines = [lineOf({ kind: 'opened', opened }), lineOf({ kind: 'closed', closed })]
    await replayLines({ queue, statements, logger: silent, instanceId: 'test' }, lines)
    expect((await serve.get('/analytics/cost?group_by=none&window=all')).body).toMatchObject({ data: { call_count: 2 } })
    expect((await serve.get('/analytics/reliability?window=all')).body).toMatchObject({ data: { totals: { calls: 2 } } })
  })
})
