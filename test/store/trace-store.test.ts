import fc from 'fast-check'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommitQueue } from '../../src/store/commit-queue.ts'
import { rebuild } from '../../src/store/rebuild.ts'
import { StorageBusy } from '../../src/store/storage.ts'
import type { Storage } from '../../src/store/storage.ts'
import { createTraceStore } from '../../src/store/trace-store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { onFile } from '../support/test-database.ts'
import { turnOf } from '../support/turns.ts'
import type { MadeTurn, TurnShape } from '../support/turns.ts'
import { defer, openStore, silent, storeOn, temporaryFolder } from './open-store.ts'
import type { OpenStore } from './open-store.ts'

const free = { mustCommit: false }

describe('a turn on record', () => {
  let folder = temporaryFolder()
  let store: OpenStore
  beforeEach(async () => {
    folder = temporaryFolder()
    store = await openStore(`${folder.path}/metis.db`)
  })
  afterEach(async () => {
    await store.close()
    folder.remove()
  })

  it('has its intent row before the call, and three events and its projections after it', async () => {
    const { opened, closed } = turnOf(1)
    expect(await store.traces.openTurn(opened, free)).toEqual({ deferred: false })
    expect(await typesOf(store)).toEqual(['route.decided'])
    expect(await count(store, 'inflight')).toBe(1)
    expect(await store.traces.closeTurn(closed)).toEqual({ deferred: false })
    expect(await typesOf(store)).toEqual(['route.decided', 'llm.call_completed', 'turn.completed'])
    expect(await count(store, 'inflight')).toBe(0)
    expect(await store.storage.db.selectFrom('calls').selectAll().execute()).toMatchObject([
      { turn_id: 'turn-1', status: 'ok', input_tokens: 100, cost_nano_usd: 1_250_000, cost_basis: 'metered', stream: 1 },
    ])
    expect(await store.storage.db.selectFrom('usage_hourly').selectAll().execute()).toMatchObject([
      { gateway_key_id: 'gk_1', team_id: '', call_count: 1, failed_calls: 0, cost_nano_usd: 1_250_000, latency_ms_sum: 812 },
    ])
  })

  it('keeps each payload as the catalog of events says', async () => {
    const { opened, closed } = turnOf(2)
    await store.traces.openTurn(opened, free)
    await store.traces.closeTurn(closed)
    const events = await store.storage.db.selectFrom('events').select('payload_json').orderBy('id').execute()
    expect(events.map((event): unknown => JSON.parse(event.payload_json))).toEqual([
      opened.route.payload,
      closed.call?.payload,
      closed.turn.payload,
    ])
  })

  it.each<{ end: string; shape: TurnShape; row: object; sums: object }>([
    {
      end: 'failed',
      shape: { end: 'failed' },
      row: { status: 'failed', error_class: 'overloaded', input_tokens: 0, cost_nano_usd: 0, cost_basis: 'metered' },
      sums: { call_count: 1, failed_calls: 1, unpriced_calls: 0, cost_nano_usd: 0 },
    },
    {
      end: 'cancelled',
      shape: { end: 'cancelled' },
      row: { status: 'cancelled', error_class: 'CANCELLED', cost_basis: 'partial_estimate' },
      sums: { failed_calls: 0, cost_nano_usd: 1_250_000, measured_cost_nano_usd: 0 },
    },
    {
      end: 'unpriced',
      shape: { costNanoUsd: null },
      row: { status: 'ok', cost_nano_usd: null, cost_basis: 'unpriced' },
      sums: { unpriced_calls: 1, cost_nano_usd: 0, measured_cost_nano_usd: 0 },
    },
    {
      end: 'keyless',
      shape: { keyId: null, userId: null },
      row: { gateway_key_id: null },
      sums: { gateway_key_id: '', user_id: '', measured_cost_nano_usd: 1_250_000 },
    },
  ])('that is $end is projected so', async ({ shape, row, sums }) => {
    const { opened, closed } = turnOf(3, shape)
    await store.traces.openTurn(opened, free)
    await store.traces.closeTurn(closed)
    expect(await store.storage.db.selectFrom('calls').selectAll().execute()).toMatchObject([row])
    expect(await store.storage.db.selectFrom('usage_hourly').selectAll().execute()).toMatchObject([sums])
  })

  it('that is refused has its two events and nothing else', async () => {
    const { opened, closed } = turnOf(4)
    await store.traces.refuseTurn(opened.route, closed.turn)
    expect(await typesOf(store)).toEqual(['route.decided', 'turn.completed'])
    expect([await count(store, 'calls'), await count(store, 'inflight'), await count(store, 'usage_hourly')]).toEqual([0, 0, 0])
  })

  it('that was opened without a call is closed without one', async () => {
    const { opened, closed } = turnOf(5)
    await store.traces.openTurn(opened, free)
    await store.traces.closeTurn({ ...closed, call: null })
    expect(await typesOf(store)).toEqual(['route.decided', 'turn.completed'])
    expect([await count(store, 'calls'), await count(store, 'inflight')]).toEqual([0, 0])
  })

  if (onFile)
    it('goes on without waiting more than a second for a store that is locked, and is written when it is free', async () => {
      const away = locked(store.storage)
      const { traces, queue, clock } = slowStore(away.storage)
      const opening = traces.openTurn(turnOf(6).opened, free)
      await clock.advance(1200)
      expect(await opening).toEqual({ deferred: true })
      const closing = traces.closeTurn(turnOf(6).closed)
      await clock.advance(900)
      expect(await closing).toEqual({ deferred: true })
      expect(await typesOf(store)).toEqual([])
      away.free()
      await clock.advance(100)
      expect(queue.state().waiting).toBe(0)
      expect(await typesOf(store)).toEqual(['route.decided', 'llm.call_completed', 'turn.completed'])
      expect(await count(store, 'calls')).toBe(1)
    })

  it('that must be committed is refused when the store is locked, and leaves no row behind', async () => {
    const away = locked(store.storage)
    const { traces, clock } = slowStore(away.storage)
    const opening = traces.openTurn(turnOf(7).opened, { mustCommit: true })
    const refused = expect(opening).rejects.toMatchObject({ code: 'store_unavailable', details: { retryAfterMs: 5000 } })
    await clock.advance(1200)
    await refused
    away.free()
    await clock.advance(1000)
    expect(await typesOf(store)).toEqual([])
    expect(await count(store, 'inflight')).toBe(0)
  })
})

describe.runIf(onFile)('a store that is away for too long', () => {
  it('lets uncapped turns go on, and tells how many are missing when it is back', async () => {
    const folder = temporaryFolder()
    const store = await openStore(`${folder.path}/metis.db`)
    const away = locked(store.storage)
    const { traces, clock, queue } = slowStore(away.storage, 2)
    const openings = [1, 2, 3, 4].map((number) => traces.openTurn(turnOf(number).opened, free))
    await expect(traces.openTurn(turnOf(5).opened, { mustCommit: true })).rejects.toMatchObject({ code: 'store_unavailable' })
    await clock.advance(1200)
    expect(await Promise.all(openings)).toEqual([1, 2, 3, 4].map(() => ({ deferred: true })))
    expect(traces.untracedTurns()).toBe(2)
    away.free()
    await clock.advance(1000)
    expect(await traces.closeTurn(turnOf(1).closed)).toEqual({ deferred: true })
    await traces.closeTurn(turnOf(3).closed)
    await queue.idle()
    const gaps = await store.storage.db.selectFrom('events').select('payload_json').where('type', '=', 'trace.gap').execute()
    expect(gaps.map((row): unknown => JSON.parse(row.payload_json))).toEqual([
      { instance_id: 'instance-1', from_us: turnOf(1).opened.startedUs, to_us: turnOf(2).opened.startedUs, count: 2 },
    ])
    expect(await count(store, 'inflight')).toBe(1)
    await store.close()
    folder.remove()
  })
})

type Step =
  | { readonly do: 'open' | 'close'; readonly turn: number }
  | { readonly do: 'busy'; readonly times: number }
  | { readonly do: 'bad' }

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('open' as const), turn: fc.nat(11) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('close' as const), turn: fc.nat(11) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('busy' as const), times: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bad' as const) }) },
)

const shape: fc.Arbitrary<TurnShape> = fc.record({
  hour: fc.nat(2),
  keyId: fc.constantFrom('gk_1', 'gk_2', null),
  model: fc.constantFrom('anthropic:a', 'openai:b'),
  end: fc.constantFrom('ok' as const, 'failed' as const, 'cancelled' as const),
  inputTokens: fc.nat(5000),
  costNanoUsd: fc.option(fc.nat(1_000_000_000), { nil: null }),
  latencyMs: fc.double({ min: 0, max: 9000, noNaN: true }),
})

describe('whatever happens in whatever order', () => {
  it('sums of rows equal the rollups, every closed turn has its rows once, and a rebuild changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(shape, { minLength: 12, maxLength: 12 }),
        fc.array(step, { maxLength: 60 }),
        async (shapes, steps) => {
          const folder = temporaryFolder()
          const store = await openStore(`${folder.path}/metis.db`)
          try {
            const turns = shapes.map((each, index) => turnOf(index, each))
            const closed = await play(store, turns, steps)
            await expectWhole(store, closed)
            const before = await projections(store)
            await store.storage.db.updateTable('calls').set({ input_tokens: 7, status: 'wrong' }).execute()
            await store.storage.db.updateTable('usage_hourly').set({ cost_nano_usd: 7, call_count: 7 }).execute()
            expect(await rebuild(store)).toMatchObject({ calls: closed.size, unreadable: [] })
            expect(await projections(store)).toEqual(before)
          } finally {
            await store.close()
            folder.remove()
          }
        },
      ),
      { numRuns: 40 },
    )
  })

  it('two processes on one file lose nothing and double nothing', async () => {
    const folder = temporaryFolder()
    const first = await openStore(`${folder.path}/metis.db`)
    const second = await openStore(`${folder.path}/metis.db`)
    const turns = Array.from({ length: 200 }, (_, index) => turnOf(index))
    const runAll = (store: OpenStore) =>
      turns.map(async ({ opened, closed }) => {
        await store.traces.openTurn(opened, free)
        await store.traces.closeTurn(closed)
      })
    await Promise.all([...runAll(first), ...runAll(second)])
    await expectWhole(first, new Set(turns.map((turn) => turn.opened.turnId)))
    await first.close()
    await second.close()
    folder.remove()
  })

  it('a process that dies leaves every row that was answered for, and its open turns open', async () => {
    const folder = temporaryFolder()
    const first = await openStore(`${folder.path}/metis.db`)
    for (const { opened } of [turnOf(1), turnOf(2)]) await first.traces.openTurn(opened, free)
    await first.traces.closeTurn(turnOf(1).closed)
    // Never awaited and never committed: what dies with the process.
    void storeOn(first.storage, () => locked(first.storage).storage).traces.closeTurn(turnOf(2).closed)
    const second = await openStore(`${folder.path}/metis.db`)
    await expectWhole(second, new Set(['turn-1']))
    expect(await second.storage.db.selectFrom('inflight').select('turn_id').execute()).toEqual([{ turn_id: 'turn-2' }])
    await first.close()
    await second.close()
    folder.remove()
  })
})

/** Plays the steps, some of them at once; gives the ids of the turns that were closed. */
async function play(store: OpenStore, turns: readonly MadeTurn[], steps: readonly Step[]): Promise<ReadonlySet<string>> {
  let busyLeft = 0
  const played = storeOn(store.storage, (storage) => ({
    ...storage,
    commit: (units) => {
      if (busyLeft === 0) return storage.commit(units)
      busyLeft -= 1
      return Promise.reject(new StorageBusy())
    },
  }))
  const opened = new Map<string, Promise<unknown>>()
  const closed = new Set<string>()
  const work: Promise<unknown>[] = []
  for (const each of steps) {
    if (each.do === 'busy') {
      busyLeft = each.times
      await new Promise(setImmediate)
    } else if (each.do === 'bad') {
      work.push(
        expect(
          played.queue.commit([sql`insert into calls (turn_id) values ('bad')`.compile(store.storage.db)]),
        ).rejects.toThrow(),
      )
    } else {
      const turn = turns[each.turn]
      if (turn === undefined) continue
      const { turnId } = turn.opened
      if (each.do === 'open') {
        opened.set(turnId, played.traces.openTurn(turn.opened, free))
      } else if (opened.has(turnId)) {
        closed.add(turnId)
        work.push(Promise.resolve(opened.get(turnId)).then(() => played.traces.closeTurn(turn.closed)))
      }
    }
  }
  await Promise.all([...opened.values(), ...work])
  await played.traces.settled()
  await played.queue.idle()
  return closed
}

async function expectWhole({ storage }: OpenStore, closed: ReadonlySet<string>): Promise<void> {
  const { db } = storage
  const ids = (rows: readonly { readonly turn_id: string }[]) => rows.map((row) => row.turn_id).toSorted()
  const expected = [...closed].toSorted()
  const events = await db.selectFrom('events').select(['turn_id', 'type']).orderBy('id').execute()
  const types = grouped(events)
  for (const id of expected) {
    expect(types.get(id)?.map((event) => event.type)).toEqual([
      'route.decided',
      expect.stringMatching(/^llm\.call_/),
      'turn.completed',
    ])
  }
  expect(ids(await db.selectFrom('calls').select('turn_id').execute())).toEqual(expected)
  const open = [...types.keys()].filter((id) => !closed.has(id)).toSorted()
  expect(ids(await db.selectFrom('inflight').select('turn_id').execute())).toEqual(open)
  const sums = (table: 'calls' | 'usage_hourly') =>
    db
      .selectFrom(table)
      .select(({ fn }) => [
        fn.sum('cost_nano_usd').as('cost'),
        fn.sum('input_tokens').as('input'),
        fn.sum('output_tokens').as('output'),
      ])
      .executeTakeFirst()
  expect(await sums('usage_hourly')).toEqual(
    closed.size === 0 ? { cost: null, input: null, output: null } : zeroed(await sums('calls')),
  )
  const counted = await db
    .selectFrom('usage_hourly')
    .select(({ fn }) => fn.sum('call_count').as('calls'))
    .executeTakeFirst()
  expect(Number(counted?.calls ?? 0)).toBe(closed.size)
}

/** A sum over unpriced calls alone is null in `calls` and 0 in the rollup. */
const zeroed = (sums: object | undefined): object =>
  Object.fromEntries(Object.entries(sums ?? {}).map(([key, value]) => [key, value ?? 0]))

function grouped<T extends { readonly turn_id: string }>(rows: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) groups.set(row.turn_id, [...(groups.get(row.turn_id) ?? []), row])
  return groups
}

const projections = async ({ storage }: OpenStore) => ({
  calls: await storage.db.selectFrom('calls').selectAll().orderBy('turn_id').execute(),
  hours: await storage.db
    .selectFrom('usage_hourly')
    .selectAll()
    .orderBy('hour_us')
    .orderBy('gateway_key_id')
    .orderBy('model')
    .execute(),
})

/** A storage whose lock somebody else holds until `free`. */
function locked(storage: Storage): { readonly storage: Storage; readonly free: () => void } {
  let held = true
  return {
    storage: { ...storage, commit: (units) => (held ? Promise.reject(new StorageBusy()) : storage.commit(units)) },
    free: () => {
      held = false
    },
  }
}

/** With a clock that the test moves. */
function slowStore(storage: Storage, maxTurns = 10_000) {
  const clock = fakeClock()
  const queue = createCommitQueue({ storage, clock, defer, logger: silent, random: () => 0.5, maxTurns })
  const parts = { storage, queue, clock, instanceId: 'instance-1', logger: silent, maxLinesInMemory: maxTurns }
  return { clock, queue, traces: createTraceStore(parts) }
}

const typesOf = async ({ storage }: OpenStore): Promise<readonly string[]> =>
  (await storage.db.selectFrom('events').select('type').orderBy('id').execute()).map((event) => event.type)

async function count({ storage }: OpenStore, table: 'calls' | 'inflight' | 'usage_hourly'): Promise<number> {
  const row = await storage.db
    .selectFrom(table)
    .select(({ fn }) => fn.countAll<number>().as('rows'))
    .executeTakeFirstOrThrow()
  return row.rows
}
