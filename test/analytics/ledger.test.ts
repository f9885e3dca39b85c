// `doctor ledger`'s proof: it holds for whatever mix of turns ran and whatever was cut, and names the row that breaks it.
import fc from 'fast-check'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { proveLedger, type LedgerProof } from '../../src/analytics/ledger/prove.ts'
import { createPriceCatalog } from '../../src/catalog/price-catalog.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import { rebuild } from '../../src/store/rebuild.ts'
import { sweepOrphans } from '../../src/store/sweep.ts'
import { openStore, silent, storeOn, temporaryFolder, type OpenStore } from '../store/open-store.ts'
import { turnOf, type TurnShape } from '../support/turns.ts'

const prices = createPriceCatalog(resolveConfig({ file: {}, env: {}, presets: [] }))
let folder: ReturnType<typeof temporaryFolder>
let store: OpenStore

beforeEach(async () => {
  folder = temporaryFolder()
  store = await openStore(`${folder.path}/metis.db`)
})
afterEach(async () => {
  await store.close()
  folder.remove()
})

const prove = ({ storage, clock }: OpenStore = store): Promise<LedgerProof> =>
  proveLedger({ storage, prices, nowUs: clock.nowUs() })

async function play(number: number, shape: TurnShape = {}, { traces }: OpenStore = store): Promise<void> {
  const { opened, closed } = turnOf(number, shape)
  await traces.openTurn(opened, { mustCommit: false })
  await traces.closeTurn(closed)
}

async function refuse(number: number, { traces }: OpenStore = store): Promise<void> {
  const { opened, closed } = turnOf(number)
  const route = { ...opened.route, payload: { ...opened.route.payload, chosen_model: null, winner_index: -1 } }
  const totals = { total_input_tokens: 0, total_output_tokens: 0, total_cost_usd: 0, llm_call_count: 0 }
  const turn = { ...closed.turn, payload: { ...closed.turn.payload, ...totals, status: 'refused' as const } }
  await traces.refuseTurn(route, turn)
}

describe('the proof', () => {
  it('holds for an empty store', async () => {
    const proof = await prove()
    expect(proof).toMatchObject({ faultCount: 0, turns: { received: 0, in_flight: 0 }, sums: { calls: 0, costNanoUsd: 0 } })
  })

  it('says how every turn ended, and finds one sum everywhere', async () => {
    await play(1)
    await play(2, { end: 'failed' })
    await play(3, { end: 'cancelled', hour: 5 })
    await play(4, { costNanoUsd: null })
    await refuse(5)
    await store.traces.openTurn(turnOf(6).opened, { mustCommit: false })
    const proof = await prove()
    expect(proof.faults).toEqual([])
    expect(proof.turns).toEqual({
      received: 6,
      ok: 2,
      failed: 1,
      cancelled: 1,
      interrupted: 0,
      refused: 1,
      in_flight: 1,
      imported: 0,
    })
    expect(proof.sums).toMatchObject({ calls: 4, unpriced: 1, inputTokens: 300, costNanoUsd: 2_500_000 })
    expect(proof.sources).toEqual(
      expect.arrayContaining([
        'events',
        'calls',
        'usage_hourly',
        '/analytics/cost?group_by=none',
        '/analytics/by_user',
        'export',
      ]),
    )
  })

  it('holds for any mix of turns, crashes and rebuilds', { timeout: 60_000 }, async () => {
    const step = fc.record({
      kind: fc.constantFrom('turn', 'refused', 'open', 'crash', 'rebuild'),
      hour: fc.nat({ max: 30 }),
      end: fc.constantFrom('ok' as const, 'failed' as const, 'cancelled' as const),
      keyId: fc.constantFrom('gk_1', 'gk_2', null),
      userId: fc.constantFrom('ada', 'bob', null),
      costNanoUsd: fc.oneof(fc.nat({ max: 2_000_000_000 }), fc.constant(null)),
      latencyMs: fc.double({ min: 0, max: 90_000, noNaN: true }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const own = temporaryFolder()
        const mixed = await openStore(`${own.path}/metis.db`)
        let instance = 0
        let live = mixed
        for (const [number, { kind, ...shape }] of steps.entries()) {
          if (kind === 'turn') await play(number, shape, live)
          if (kind === 'refused') await refuse(number, live)
          if (kind === 'open') await live.traces.openTurn(turnOf(number, shape).opened, { mustCommit: false })
          if (kind === 'rebuild') await rebuild(live)
          if (kind === 'crash') {
            await insertInstance(live, `instance-${instance + 1}`)
            await sweepOrphans({ ...live, logger: silent, prices, isDead: () => true })
            instance += 1
            live = storeOn(mixed.storage, undefined, `instance-${instance + 1}`)
          }
          const proof = await prove(live)
          expect(proof.faults, `after ${kind}`).toEqual([])
        }
        await mixed.close()
        own.remove()
      }),
      { numRuns: 12, endOnFailure: true },
    )
  })
})

async function insertInstance({ storage, clock }: OpenStore, id: string): Promise<void> {
  const nowUs = clock.nowUs()
  const row = { id, host: 'h', pid: 1, process_start: '', version: '0', started_us: nowUs, heartbeat_us: nowUs }
  await storage.db.insertInto('instances').values(row).execute()
}

describe('a broken row is named', () => {
  const breaks: readonly (readonly [what: string, statement: string, row: RegExp, message: RegExp])[] = [
    ['a call that was changed', `update calls set cost_nano_usd = 7 where turn_id = 'turn-2'`, /^calls turn-2$/, /cost_nano_usd is 7 instead of 1250000/],
    ['a call that is gone', `delete from calls where turn_id = 'turn-2'`, /^calls turn-2$/, /is missing/],
    ['an hour that was changed', `update usage_hourly set input_tokens = input_tokens + 3 where hour_us = (select max(hour_us) from usage_hourly)`, /^usage_hourly 2026-01-01T02:00/, /input_tokens by 3/],
    ['an hour that is gone', `delete from usage_hourly where hour_us = (select max(hour_us) from usage_hourly)`, /^usage_hourly /, /call_count by -1/],
    ['a turn without its end', `delete from events where type = 'turn.completed' and turn_id = 'turn-2'`, /^events /, /turn-2 has no end and is not under way/],
    ['a turn without its beginning', `delete from events where type = 'route.decided' and turn_id = 'turn-2'`, /^events /, /turn-2, which has no route.decided/],
    ['a call without its event', `delete from events where type = 'llm.call_completed' and turn_id = 'turn-2'`, /^events /, /llm_call_count 1, and the turn has 0/],
    ['a turn that was written twice', `insert into events select 'Z' || id, timestamp_us, session_id, turn_id, parent_event_id, type, actor, sensitivity, payload_json from events where turn_id = 'turn-2' and type = 'turn.completed'`, /^events Z/, /turn-2, which is not open/],
    ['a closed turn that is said to be under way', `insert into inflight values ('turn-2', 'i', 0, '{}')`, /^inflight turn-2$/, /its events say that it is not/],
    ['a payload that cannot be read', `update events set payload_json = '{' where turn_id = 'turn-2' and type = 'llm.call_completed'`, /^events /, /payload cannot be read/],
    ['a whole turn that nobody pruned', `delete from events where turn_id = 'turn-2'`, /^calls turn-2$/, /has no event/],
  ] // prettier-ignore

  it.each(breaks)('%s', async (_, statement, row, message) => {
    for (const number of [1, 2, 3]) await play(number, { hour: number - 1 })
    expect((await prove()).faultCount).toBe(0)
    await sql.raw(statement).execute(store.storage.db)
    const proof = await prove()
    expect(proof.faults[0]).toEqual({ row: expect.stringMatching(row), message: expect.stringMatching(message) })
  })

  it('a rebuild mends projections', async () => {
    for (const number of [1, 2, 3]) await play(number)
    await sql`update calls set output_tokens = 9`.execute(store.storage.db)
    await sql`delete from usage_hourly`.execute(store.storage.db)
    expect((await prove()).faultCount).toBeGreaterThan(3)
    await rebuild(store)
    expect((await prove()).faultCount).toBe(0)
  })
})
