// Prices that come late or were wrong: adjustment events, rows and hours that follow, and a ledger that still adds up.
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { proveLedger } from '../../src/analytics/ledger/prove.ts'
import { createPriceCatalog } from '../../src/catalog/price-catalog.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import type { ConfigFile } from '../../src/config/schema.ts'
import { prune } from '../../src/store/prune.ts'
import { rebuild } from '../../src/store/rebuild.ts'
import { reprice, type Repriced } from '../../src/store/reprice.ts'
import { startTestGateway } from '../support/gateway.ts'
import { turnOf, type TurnShape } from '../support/turns.ts'
import { openStore, temporaryFolder, type OpenStore } from './open-store.ts'

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

const model = 'anthropic:nobody-knows-me'
/** USD per million tokens, of input and output alike. */
const catalogOf = (usd?: number) => {
  const file: ConfigFile =
    usd === undefined ? {} : { prices: { [model]: { input: usd, output: usd, cache_read: usd, cache_write: usd } } }
  return createPriceCatalog(resolveConfig({ file, env: {}, presets: [] }))
}
const by = { actor: 'tester', origin: 'cli' }

const run = (usd: number | undefined, options: { sinceUs?: number; dryRun?: boolean } = {}): Promise<Repriced> =>
  reprice({ ...store, prices: catalogOf(usd) }, { sinceUs: 0, dryRun: false, by, ...options })

async function play(number: number, shape: TurnShape = {}): Promise<void> {
  const { opened, closed } = turnOf(number, { model, costNanoUsd: null, ...shape })
  await store.traces.openTurn(opened, { mustCommit: false })
  await store.traces.closeTurn(closed)
}

const proof = () => proveLedger({ storage: store.storage, prices: catalogOf(), nowUs: store.clock.nowUs() })
const costs = async () =>
  (await store.storage.db.selectFrom('calls').select(['turn_id', 'cost_nano_usd']).orderBy('turn_id').execute()).map(
    ({ cost_nano_usd: cost }) => cost,
  )
const adjustments = async () =>
  (await store.storage.db.selectFrom('events').selectAll().where('type', '=', 'cost.adjusted').orderBy('id').execute()).map(
    ({ turn_id, payload_json }) => ({ turn_id, payload: JSON.parse(payload_json) }),
  )

/** turnOf: 100 in, 20 out, 3 cached, 4 written. */
const tokens = 127

describe('a price that arrives', () => {
  it('is given to the calls that had none, as an event each; the events of the calls stay', async () => {
    await play(1)
    await play(2, { end: 'cancelled', hour: 3 })
    await play(3, { end: 'failed' })
    const before = await store.storage.db.selectFrom('events').selectAll().orderBy('id').execute()
    expect(await run(2)).toEqual({ looked: 2, adjusted: 2, priced: 2, unpriced: 0, differenceNanoUsd: 2 * tokens * 2000 })
    expect(await costs()).toEqual([tokens * 2000, tokens * 2000, 0])
    const [first, second] = await adjustments()
    expect(first).toMatchObject({
      turn_id: 'turn-1',
      payload: {
        old_cost_nano_usd: null,
        new_cost_nano_usd: tokens * 2000,
        old_cost_basis: 'unpriced',
        cost_basis: 'metered',
        old_pricing_version: 'test-1',
        pricing_version: catalogOf(2).version,
        actor: 'tester',
        origin: 'cli',
      },
    })
    expect(second?.payload.cost_basis).toBe('partial_estimate')
    const after = await store.storage.db
      .selectFrom('events')
      .selectAll()
      .where('type', '<>', 'cost.adjusted')
      .orderBy('id')
      .execute()
    expect(after).toEqual(before)
    expect((await proof()).faults).toEqual([])
  })

  it('is given once: the second run finds nothing, and a rebuild makes the same rows', async () => {
    for (const number of [1, 2, 3]) await play(number)
    await run(2)
    const rows = await store.storage.db.selectFrom('calls').selectAll().orderBy('turn_id').execute()
    const hours = await store.storage.db.selectFrom('usage_hourly').selectAll().execute()
    expect(await run(2)).toMatchObject({ looked: 3, adjusted: 0, differenceNanoUsd: 0 })
    expect(await adjustments()).toHaveLength(3)
    await rebuild(store)
    expect(await store.storage.db.selectFrom('calls').selectAll().orderBy('turn_id').execute()).toEqual(rows)
    expect(await store.storage.db.selectFrom('usage_hourly').selectAll().execute()).toEqual(hours)
  })

  it('says with --dry-run what it would do, and does nothing', async () => {
    await play(1)
    expect(await run(2, { dryRun: true })).toMatchObject({ adjusted: 1, differenceNanoUsd: tokens * 2000 })
    expect([await costs(), await adjustments()]).toEqual([[null], []])
  })

  it('leaves what is older than --since, and what has no price yet', async () => {
    await play(1)
    await play(2, { hour: 10 })
    await play(3, { hour: 10, model: 'anthropic:nobody-knows-me-either' })
    expect(await run(2, { sinceUs: Date.UTC(2026, 0, 1, 5) * 1000 })).toMatchObject({ looked: 2, adjusted: 1, unpriced: 1 })
    expect(await costs()).toEqual([null, tokens * 2000, null])
  })

  it('does not take a cost away when the price is gone', async () => {
    await play(1, { costNanoUsd: 77 })
    expect(await run(undefined)).toMatchObject({ looked: 1, adjusted: 0, unpriced: 0 })
    expect(await costs()).toEqual([77])
  })

  it('changes what is spent of the caps of that day and month', async () => {
    const { db } = store.storage
    await play(1)
    const dayUs = Date.UTC(2026, 0, 1) * 1000
    const quota = (kind: string, id: string, scope: string, periodUs: number) => ({
      kind,
      id,
      scope,
      period_us: periodUs,
      spent_nano_usd: 5,
      reserved_nano_usd: 0,
      alerted_percent: 0,
      last_turn_id: '',
    })
    const rows = [
      quota('user', 'ada', 'daily', dayUs),
      quota('user', 'ada', 'monthly', dayUs),
      quota('user', 'bob', 'daily', dayUs),
      quota('user', 'ada', 'daily', dayUs + 86_400_000_000),
    ]
    await db.insertInto('quotas').values(rows).execute()
    await run(2)
    const spent = await db
      .selectFrom('quotas')
      .select('spent_nano_usd')
      .orderBy('id')
      .orderBy('period_us')
      .orderBy('scope')
      .execute()
    expect(spent.map((row) => row.spent_nano_usd)).toEqual([5 + tokens * 2000, 5 + tokens * 2000, 5, 5])
  })
})

it('holds for any order of calls, prices, rebuilds and prunes', { timeout: 60_000 }, async () => {
  const step = fc.record({
    kind: fc.constantFrom('turn', 'turn', 'price', 'price', 'rebuild', 'prune'),
    hour: fc.nat({ max: 5 }),
    end: fc.constantFrom('ok' as const, 'failed' as const, 'cancelled' as const),
    usd: fc.integer({ min: 0, max: 40 }),
    inputTokens: fc.nat({ max: 5000 }),
  })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
      await store.close()
      folder.remove()
      folder = temporaryFolder()
      store = await openStore(`${folder.path}/metis.db`)
      const expected = new Map<string, { cost: number | null; tokens: number; isPruned: boolean }>()
      for (const [number, { kind, hour, end, usd, inputTokens }] of steps.entries()) {
        switch (kind) {
          case 'turn':
            await play(number, { hour, end, inputTokens })
            expected.set(`turn-${number}`, {
              cost: end === 'failed' ? 0 : null,
              tokens: inputTokens + 27,
              isPruned: end === 'failed',
            })
            break
          case 'price':
            await run(usd / 4)
            for (const call of expected.values()) if (!call.isPruned) call.cost = call.tokens * usd * 250
            break
          case 'rebuild':
            await rebuild(store)
            break
          case 'prune':
            await prune(store, Date.UTC(2026, 0, 2) * 1000, by)
            for (const call of expected.values()) call.isPruned = true
        }
        expect((await proof()).faults, `after ${kind}`).toEqual([])
      }
      const rows = await store.storage.db.selectFrom('calls').select(['turn_id', 'cost_nano_usd']).execute()
      expect(new Map(rows.map((row) => [row.turn_id, row.cost_nano_usd]))).toEqual(
        new Map([...expected].map(([turnId, { cost }]) => [turnId, cost])),
      )
    }),
    { numRuns: 20, endOnFailure: true },
  )
})

it('finds nothing to change in what a gateway has just priced: what the price was chosen by is on record', async () => {
  const gateway = await startTestGateway({ demo: true })
  try {
    const messages = [{ role: 'user', content: 'Say hello.' }]
    for (const name of ['anthropic:claude-haiku-4-5', 'openai:gpt-5-mini', 'demo:claude-haiku-4-5', 'openai:unknown-model']) {
      for (const stream of [true, false]) {
        const answer = await gateway.post('/v1/messages', { model: name, max_tokens: 64, stream, messages })
        await answer.text()
      }
    }
    const { storage, queue, clock, nextId, prices } = gateway.context
    const parts = { storage, queue, clock, newId: nextId, prices }
    const result = await reprice(parts, { sinceUs: 0, dryRun: false, by })
    expect(result).toMatchObject({ looked: 8, adjusted: 0 })
  } finally {
    await gateway.stop()
  }
})
