import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PriceCatalog } from '../../src/catalog/prices.ts'
import { createDeathWatch, registerInstance, removeInstance } from '../../src/store/instances.ts'
import type { ProcessFacts } from '../../src/store/instances.ts'
import { rebuild } from '../../src/store/rebuild.ts'
import { sweepOrphans } from '../../src/store/sweep.ts'
import { turnOf } from '../support/turns.ts'
import { openStore, silent, storeOn, temporaryFolder } from './open-store.ts'
import type { OpenStore } from './open-store.ts'

const facts: ProcessFacts = { host: 'here', pid: 10, processStart: 'boot:1', isProcessAlive: (pid) => pid === 10 }
const dead: ProcessFacts = { ...facts, pid: 11 }

const prices: PriceCatalog = {
  version: 'prices-9',
  ready: () => Promise.resolve(),
  priceOf: (provider) =>
    provider === 'anthropic' ? { input: 1_000_000, output: 5_000_000, multiplier: { times: 1, per: 1 }, matchedId: 'm' } : null,
}

describe('sweeping orphans', () => {
  let folder = temporaryFolder()
  let store: OpenStore
  let crashed: OpenStore
  const sweep = () => sweepOrphans({ ...store, logger: silent, prices, isDead: createDeathWatch(facts, () => 0) })
  const payloads = async (type: string): Promise<readonly unknown[]> =>
    (await store.storage.db.selectFrom('events').select('payload_json').where('type', '=', type).execute()).map((row): unknown =>
      JSON.parse(row.payload_json),
    )

  beforeEach(async () => {
    folder = temporaryFolder()
    store = await openStore(`${folder.path}/metis.db`)
    crashed = storeOn(store.storage, (storage) => storage, 'crashed')
    await registerInstance({ ...store, facts }, { id: 'instance-1', version: '1' })
    await registerInstance({ ...crashed, facts: dead }, { id: 'crashed', version: '1' })
  })
  afterEach(async () => {
    await store.close()
    folder.remove()
  })

  it('keeps a subscription’s turn from becoming cash', async () => {
    const { opened } = turnOf(1)
    await crashed.traces.openTurn({ ...opened, subscription: true }, { mustCommit: false })
    expect(await sweep()).toBe(1)
    expect(await payloads('llm.call_completed')).toMatchObject([
      { error_class: 'INTERRUPTED', cost_usd: 0, cost_basis: 'subscription', list_price_usd: 0.00009 },
    ])
    expect(await store.storage.db.selectFrom('calls').select(['cost_nano_usd', 'list_nano_usd']).execute()).toEqual([
      { cost_nano_usd: 0, list_nano_usd: 90_000 },
    ])
  })

  it('closes a dead process’ turn as interrupted, with the input it is known to have cost', async () => {
    const { opened } = turnOf(1)
    await crashed.traces.openTurn(opened, { mustCommit: false })
    expect(await sweep()).toBe(1)
    expect(await payloads('llm.call_completed')).toMatchObject([
      {
        error_class: 'INTERRUPTED',
        user_id: 'ada',
        model: 'anthropic:claude-haiku-4-5',
        input_tokens: 90,
        usage_estimated: true,
        cost_usd: 0.00009,
        cost_basis: 'partial_estimate',
        pricing_version: 'prices-9',
      },
    ])
    expect(await payloads('turn.completed')).toMatchObject([
      { status: 'interrupted', total_cost_usd: 0.00009, llm_call_count: 1 },
    ])
    expect(await payloads('trace.swept')).toEqual([{ count: 1, instance_ids: ['crashed'] }])
    expect(await store.storage.db.selectFrom('calls').selectAll().execute()).toMatchObject([
      { turn_id: 'turn-1', status: 'interrupted', cost_nano_usd: 90_000, cost_basis: 'partial_estimate' },
    ])
    const ids = await store.storage.db
      .selectFrom('events')
      .select('id')
      .where('turn_id', '=', 'turn-1')
      .orderBy('timestamp_us')
      .execute()
    expect(ids.map((row) => row.id)).toEqual(ids.map((row) => row.id).toSorted())
    expect(ids).toHaveLength(3)
  })

  it('leaves the cost of an unpriced model unknown', async () => {
    const { opened } = turnOf(1)
    await crashed.traces.openTurn({ ...opened, provider: 'local', model: 'local:qwen3' }, { mustCommit: false })
    await sweep()
    expect(await payloads('llm.call_completed')).toMatchObject([{ cost_usd: null, cost_basis: 'unpriced' }])
  })

  it('closes no turn of a process that lives', async () => {
    await store.traces.openTurn(turnOf(1).opened, { mustCommit: false })
    expect(await sweep()).toBe(0)
    expect(await payloads('turn.completed')).toEqual([])
    expect(await payloads('trace.swept')).toEqual([])
  })

  it('closes a turn once, however many sweep and however often', async () => {
    for (let number = 0; number < 200; number += 1) await crashed.traces.openTurn(turnOf(number).opened, { mustCommit: false })
    const swept = await Promise.all([sweep(), sweep(), sweep()])
    expect(swept.reduce((sum, each) => sum + each)).toBe(200)
    expect(await sweep()).toBe(0)
    expect(await payloads('turn.completed')).toHaveLength(200)
    expect(await payloads('llm.call_completed')).toHaveLength(200)
  })

  it('is not undone by a T2 that arrives late, nor does a rebuild change it', async () => {
    const { opened, closed } = turnOf(1)
    await crashed.traces.openTurn(opened, { mustCommit: false })
    await sweep()
    await crashed.traces.closeTurn(closed)
    expect(await payloads('turn.completed')).toMatchObject([{ status: 'interrupted' }])
    const rows = () => store.storage.db.selectFrom('usage_hourly').selectAll().execute()
    const before = await rows()
    await rebuild(store)
    expect(await rows()).toEqual(before)
  })

  it('forgets a dead instance when none of its turns is open, and never one that has open turns', async () => {
    const ids = async () =>
      (await store.storage.db.selectFrom('instances').select('id').orderBy('id').execute()).map((row) => row.id)
    await crashed.traces.openTurn(turnOf(1).opened, { mustCommit: false })
    await removeInstance(crashed, 'crashed')
    expect(await ids()).toEqual(['crashed', 'instance-1'])
    await sweep()
    expect(await ids()).toEqual(['instance-1'])
  })
})

describe('an instance is dead', () => {
  const row = { id: 'i', host: 'here', pid: 10, process_start: 'boot:1', version: '1', started_us: 0, heartbeat_us: 1 }
  const here: ProcessFacts = { ...facts, isProcessAlive: (pid, start) => pid === 10 && start === 'boot:1' }

  it.each([
    { what: 'runs here', instance: row, isDead: false },
    { what: 'is gone from here', instance: { ...row, pid: 12 }, isDead: true },
    { what: 'left its pid to another here', instance: { ...row, process_start: 'boot:0' }, isDead: true },
    { what: 'runs elsewhere, whatever its clock says', instance: { ...row, host: 'there', heartbeat_us: -1e15 }, isDead: false },
  ])('$isDead at the first look when it $what', ({ instance, isDead }) => {
    expect(createDeathWatch(here, () => 0)(instance)).toBe(isDead)
  })

  it.each([
    { what: 'was silent for 90 s', looks: 19, everyMs: 5000, isDead: false },
    { what: 'was silent for longer', looks: 20, everyMs: 5000, isDead: true },
    { what: 'was not looked at for hours, the database being away', looks: 2, everyMs: 7_200_000, isDead: false },
  ])('$isDead when it runs elsewhere and $what', ({ looks, everyMs, isDead }) => {
    let nowMs = 0
    const watch = createDeathWatch(here, () => nowMs)
    const instance = { ...row, host: 'there' }
    const seen = Array.from({ length: looks }, () => {
      nowMs += everyMs
      return watch(instance)
    })
    expect(seen.at(-1)).toBe(isDead)
    expect(watch({ ...instance, heartbeat_us: 2 })).toBe(false)
  })
})
