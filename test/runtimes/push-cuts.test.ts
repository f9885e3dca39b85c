// Whatever happens between laptops and their hub, in the end it has what they have: once, and to the nano-dollar.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import fc from 'fast-check'
import { join } from 'node:path'
import { openNode } from '../../runtimes/node/context.ts'
import { forgetPushes } from '../../runtimes/node/pusher.ts'
import { proveLedger } from '../../src/analytics/ledger/prove.ts'
import { createIdFactory, createUlidAt, ulidTimeMs } from '../../src/lib/ids.ts'
import { listOf, objectOf, parseObject } from '../support/json.ts'
import { openTestHub, range, spendOn, work, type Fate, type Laptop, type TestHub } from '../support/laptops.ts'
import { startProgram, type Program } from '../support/program.ts'
import { onFile } from '../support/test-database.ts'

let hub: TestHub
beforeEach(async () => {
  hub = await openTestHub()
})
afterEach(() => hub.close())

/** What a ledger holds of a key's calls, and of turns by how they ended. */
async function sumsOf({ storage }: Pick<Laptop['context'], 'storage'>, keyId: string): Promise<object> {
  const of = storage.db.selectFrom('calls').where('gateway_key_id', '=', keyId)
  const { count, sum } = storage.db.fn
  const [calls] = await of
    .select([
      count<number>('turn_id').as('calls'),
      sum<number>('cost_nano_usd').as('nanoUsd'),
      sum<number>('input_tokens').as('inputTokens'),
    ])
    .execute()
  const hours = await storage.db
    .selectFrom('usage_hourly')
    .where('gateway_key_id', '=', keyId)
    .select([sum<number>('call_count').as('calls'), sum<number>('cost_nano_usd').as('nanoUsd')])
    .execute()
  return { calls, hours }
}

/** New ids for all of its turns, as they are made after the clock was set back: above those of the time that it had told. */
async function asAfterAClockAhead({ context }: Laptop): Promise<readonly string[]> {
  const { db } = context.storage
  const nextId = createIdFactory(Date.now, createUlidAt(Date.UTC(2100, 0), new Uint8Array(16)))
  const turnIds = new Map<string, string>()
  const rows = await db.selectFrom('events').selectAll().where('turn_id', '!=', '').orderBy('id').execute()
  for (const { id, turn_id: old } of rows) {
    const turnId = turnIds.get(old) ?? nextId()
    turnIds.set(old, turnId)
    const ahead = nextId()
    await db.updateTable('events').set({ parent_event_id: ahead }).where('parent_event_id', '=', id).execute()
    await db.updateTable('events').set({ id: ahead, turn_id: turnId }).where('id', '=', id).execute()
  }
  return [...turnIds.values()]
}

/** Faults of a ledger; none = what it says of itself is right everywhere. */
async function faultsOf({ storage, prices, clock }: Laptop['context']): Promise<readonly object[]> {
  return (await proveLedger({ storage, prices, nowUs: clock.nowUs() })).faults
}

const fate = fc.constantFrom<Fate>(
  { forward: true, answer: true },
  { forward: true, answer: false },
  { forward: false, answer: false },
)
const shape = fc.record({
  hour: fc.nat({ max: 60 }),
  costNanoUsd: fc.option(fc.nat({ max: 2_000_000_000 })),
  end: fc.constantFrom('ok' as const, 'failed' as const, 'cancelled' as const),
})
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('work' as const), who: fc.nat({ max: 1 }), count: fc.nat({ max: 70 }), shape }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('push' as const), who: fc.nat({ max: 1 }), fates: fc.array(fate, { maxLength: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), who: fc.nat({ max: 1 }) }) },
)

it('pushed in any order, again, and cut anywhere: the hub’s sums are the laptops’ sums', async () => {
  let run = 0
  let number = 0
  const fates: Fate[] = []
  const road = await hub.road(() => fates.shift() ?? { forward: true, answer: true })
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 12 }), async (steps) => {
      run += 1
      const laptops = [await hub.laptop(`a${run}`, 'ada'), await hub.laptop(`b${run}`, 'bob')] as const
      const pushers = laptops.map((laptop) => hub.pusher(laptop, road))
      for (const next of steps) {
        const laptop = laptops[next.who] ?? laptops[0]
        if (next.do === 'work') {
          await work(laptop, range(number, number + next.count), next.shape)
          number += next.count
        }
        if (next.do === 'push') {
          fates.splice(0, fates.length, ...next.fates)
          await pushers[next.who]?.().catch(() => undefined)
        }
        // What a backup from before the push knows of it.
        if (next.do === 'forget') await laptop.context.storage.db.deleteFrom('pushed_turns').execute()
      }
      fates.length = 0
      for (const laptop of laptops) await hub.pusher(laptop, road)()
      for (const { context, keyId } of laptops) expect(await sumsOf(hub.context, keyId)).toEqual(await sumsOf(context, keyId))
    }),
    { numRuns: 12 },
  )
  expect(await faultsOf(hub.context)).toEqual([])
})

it('a turn that its machine slept through for three hours is pushed whole', async () => {
  const ada = await hub.laptop('ada', 'ada')
  await work(ada, range(0, 3), { hour: 10 })
  const { db } = ada.context.storage
  const ofTurn = db.selectFrom('events').selectAll().where('turn_id', '=', 'turn-1')
  const [route] = await ofTurn.where('type', '=', 'route.decided').execute()
  const earlier = createUlidAt(ulidTimeMs(route?.id ?? '') - 3 * 3_600_000, new Uint8Array(16))
  await db
    .updateTable('events')
    .set({ parent_event_id: earlier })
    .where('parent_event_id', '=', route?.id ?? '')
    .execute()
  await db
    .updateTable('events')
    .set({ id: earlier })
    .where('id', '=', route?.id ?? '')
    .execute()
  expect(await hub.pusher(ada)()).toMatchObject({ accepted: 3, refused: 0, unreadable: 0 })
  expect(await sumsOf(hub.context, ada.keyId)).toEqual(await sumsOf(ada.context, ada.keyId))
})

it('what a laptop does after its clock was years ahead is pushed, once, and the hub’s own ids stay in their time', async () => {
  const ada = await hub.laptop('ada', 'ada')
  await work(ada, range(0, 60))
  const turnIds = await asAfterAClockAhead(ada)
  expect(await hub.pusher(ada)()).toMatchObject({ accepted: 60, later: 0, refused: 0, unreadable: 0 })
  await forgetPushes(ada.context, hub.url)
  expect(await hub.pusher(ada)()).toMatchObject({ accepted: 0, known: 60 })
  expect(await sumsOf(hub.context, ada.keyId)).toEqual(await sumsOf(ada.context, ada.keyId))
  expect(await faultsOf(hub.context)).toEqual([])
  const events = hub.context.storage.db.selectFrom('events').where('turn_id', '=', turnIds[7] ?? '')
  const ofTurn = await events.select(['id', 'type', 'parent_event_id']).orderBy('id').execute()
  expect(ofTurn).toMatchObject([
    { type: 'route.decided', parent_event_id: null },
    { type: 'llm.call_completed', parent_event_id: ofTurn[0]?.id },
    { type: 'turn.completed', parent_event_id: ofTurn[0]?.id },
  ])
  const turn = parseObject(await (await fetch(`${hub.url}/analytics/turns/${turnIds[7]}`)).text())
  expect(listOf(objectOf(turn['data'])['events'])).toHaveLength(3)
  const { id } = await hub.context.storage.db
    .selectFrom('events')
    .select(({ fn }) => fn.max('id').as('id'))
    .executeTakeFirstOrThrow()
  expect(ulidTimeMs(id)).toBeLessThan(Date.now() + 1000)
})

it.runIf(onFile)('what a laptop does after its clock, which was ahead, was set is pushed at once', async () => {
  const ada = await hub.laptop('ada', 'ada')
  const push = hub.pusher(ada)
  const now = vi.spyOn(Date, 'now').mockReturnValue(Date.UTC(2026, 0, 3))
  await work(ada, [0])
  expect(await push()).toMatchObject({ accepted: 1 })
  now.mockReturnValue(Date.UTC(2026, 0, 2))
  await work(ada, [1], { hour: 20 })
  expect(await push()).toMatchObject({ accepted: 1 })
  now.mockRestore()
})

describe('as programs', () => {
  const programs: Program[] = []
  afterEach(async () => {
    for (const program of programs) program.signal('SIGKILL')
    await Promise.all(programs.splice(0).map(({ ended }) => ended))
  })

  /** A serve of its own on the hub's database. */
  async function startHub(): Promise<{ program: Program; url: string }> {
    const program = startProgram(['serve', '--port', '0'], { home: hub.folder, env: { METIS_DB: hub.db } })
    programs.push(program)
    const [, url = ''] = await program.printed(/serve is on (http:[\w.:/]+)/)
    return { program, url }
  }

  it('the hub is killed in the middle of a push, and then the push: lost 0, doubled 0', async () => {
    const ada = await hub.laptop('ada', 'ada')
    await work(ada, range(0, 500))
    await ada.context.close()
    const env = { METIS_HOME: join(hub.folder, 'ada'), METIS_HUB_TOKEN: ada.token }
    const push = (url: string): Program => {
      const program = startProgram(['push', '--to', url], { home: hub.folder, env })
      programs.push(program)
      return program
    }
    const onHub = async () => Number((await spendOn(hub.url))[0]?.['call_count'] ?? 0)

    const first = await startHub()
    const road = await hub.road(
      (nth) => {
        if (nth === 2) first.program.signal('SIGKILL')
        if (nth === 6) killed?.signal('SIGKILL')
        return { forward: true, answer: true }
      },
      () => url,
    )
    let url = first.url
    let killed: Program | null = null
    const cut = push(road)
    expect(await cut.ended).toBe(1)
    expect(cut.stderr()).toMatch(/the hub at \S+ cannot be reached/)
    await first.program.ended

    url = (await startHub()).url
    killed = push(road)
    expect(await killed.ended).toBe(-1)
    expect(await onHub()).toBeLessThan(500)
    const last = push(road)
    expect([await last.ended, last.stderr()]).toEqual([0, ''])

    const laptop = await openNode({ home: env.METIS_HOME, env: {}, logLevel: 'error' })
    expect(await sumsOf(hub.context, ada.keyId)).toEqual(await sumsOf(laptop, ada.keyId))
    await laptop.close()
    expect(await onHub()).toBe(500)
    expect(await faultsOf(hub.context)).toEqual([])
  })
})
