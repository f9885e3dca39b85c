// Turns on Workers: each beats from its own request, and one that has stopped is lost.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createInstances } from '../../runtimes/workers/instances.ts'
import { createRequestQueue } from '../../runtimes/workers/request-queue.ts'
import { createTurnTraces, type TurnTraces } from '../../runtimes/workers/turn-traces.ts'
import type { Clock } from '../../src/services.ts'
import { openStore, silent, temporaryFolder, type OpenStore } from '../store/open-store.ts'
import { fakeClock, type FakeClock } from '../support/fake-clock.ts'
import { turnOf } from '../support/turns.ts'

const free = { mustCommit: false }

describe('turns on Workers', () => {
  let folder = temporaryFolder()
  let store: OpenStore
  let clock: FakeClock
  let traces: TurnTraces
  /** True: the platform has ended the request, so that nothing in it wakes any more. */
  let requestIsDead = false
  const alive = new Set<Promise<unknown>>()

  beforeEach(async () => {
    folder = temporaryFolder()
    store = await openStore(`${folder.path}/metis.db`)
    clock = fakeClock()
    requestIsDead = false
    alive.clear()
    const mortal: Clock = {
      ...clock,
      sleep: (ms, signal) => clock.sleep(ms, signal).then(() => (requestIsDead ? new Promise<void>(() => undefined) : undefined)),
    }
    const background = (work: Promise<unknown>) => {
      alive.add(work)
      void work.finally(() => alive.delete(work))
    }
    const { storage, newId } = store
    const queue = createRequestQueue({ storage, clock: mortal, background, random: () => 0.5 })
    const instances = createInstances({ storage, queue, clock: mortal, newId, version: '1' })
    traces = createTurnTraces({ storage, queue, clock: mortal, logger: silent, instances, background })
  })
  afterEach(async () => {
    await store.close()
    folder.remove()
  })

  const heartbeats = async (): Promise<readonly number[]> =>
    (await store.storage.db.selectFrom('instances').select('heartbeat_us').execute()).map((row) => row.heartbeat_us)

  it('beat every half minute while they run, and keep their request alive until they are over', async () => {
    const { opened, closed } = turnOf(1)
    await traces.openTurn(opened, free)
    const [born = 0] = await heartbeats()
    await clock.advance(300_000)
    await expect.poll(heartbeats).toEqual([born + 300_000_000])
    expect([traces.takeLost(), alive.size]).toEqual([[], 1])
    await traces.closeTurn(closed)
    await expect.poll(() => alive.size).toBe(0)
    await clock.advance(300_000)
    expect([traces.takeLost(), await heartbeats()]).toEqual([[], [born + 300_000_000]])
  })

  it('are lost when their request is, which is told once', async () => {
    const { opened } = turnOf(1)
    await traces.openTurn(opened, free)
    requestIsDead = true
    await clock.advance(90_000)
    expect(traces.takeLost()).toEqual([])
    await clock.advance(1000)
    expect(traces.takeLost()).toEqual([opened.turnId])
    expect(traces.takeLost()).toEqual([])
  })

  it('share an instance when they begin within half a minute, so that the sweep tells the dead from the living', async () => {
    await traces.openTurn(turnOf(1).opened, free)
    await traces.openTurn(turnOf(2).opened, free)
    await clock.advance(31_000)
    await traces.openTurn(turnOf(3).opened, free)
    const rows = await store.storage.db.selectFrom('inflight').select(['turn_id', 'instance_id']).orderBy('turn_id').execute()
    expect(rows[0]?.instance_id).toBe(rows[1]?.instance_id)
    expect(rows[2]?.instance_id).not.toBe(rows[0]?.instance_id)
  })
})
