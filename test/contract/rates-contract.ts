// What a token bucket does, wherever it is kept: in memory, or in a database between gateways.
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { createCommitQueue } from '../../src/store/commit-queue.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createSharedRates, type RateStore } from '../../src/store/rates.ts'
import type { Storage } from '../../src/store/storage.ts'
import { defer, silent, temporaryFolder } from '../store/open-store.ts'
import { fakeClock, type FakeClock } from '../support/fake-clock.ts'
import type { OpenStorage } from './storage-contract.ts'

export interface OpenRates {
  readonly rates: RateStore
  /** Resolves when every charge has arrived. */
  settled(): Promise<void>
}

export function ratesContract(name: string, open: (clock: FakeClock) => Promise<OpenRates>): void {
  describe(`token buckets in ${name}`, () => {
    const bucket = { id: 'requests of a key', perMinute: 60 }

    it('give as many at once as a minute brings, then one a second, and say how long to wait', async () => {
      const clock = fakeClock()
      const { rates } = await open(clock)
      for (let taken = 0; taken < 60; taken++) expect(await rates.take(bucket, 1)).toBe(0)
      expect(await rates.take(bucket, 1)).toBe(1000)
      await clock.advance(900)
      const waitMs = await rates.take(bucket, 1)
      // Rounded up: who waits that long must not be told to wait again.
      expect([100, 101]).toContain(waitMs)
      await clock.advance(waitMs)
      expect(await rates.take(bucket, 1)).toBe(0)
    })

    it('let all of those through who ask at the same moment, and no more', async () => {
      const { rates } = await open(fakeClock())
      const waits = await Promise.all(Array.from({ length: 100 }, () => rates.take(bucket, 1)))
      expect(waits.filter((wait) => wait === 0)).toHaveLength(60)
    })

    it('never hold more than a minute, and know buckets and changed limits apart', async () => {
      const clock = fakeClock()
      const { rates } = await open(clock)
      expect(await rates.take(bucket, 60)).toBe(0)
      await clock.advance(3_600_000)
      expect(await rates.take(bucket, 60)).toBe(0)
      expect(await rates.take(bucket, 1)).toBeGreaterThan(0)
      expect(await rates.take({ ...bucket, id: 'of another' }, 60)).toBe(0)
    })

    it('take what is larger than they are when they are full', async () => {
      const { rates } = await open(fakeClock())
      expect(await rates.take(bucket, 1_000_000)).toBe(0)
      expect(await rates.take(bucket, 1_000_000)).toBe(60_000)
    })

    it('are in debt for what was used beyond what was taken, and get back what was not used', async () => {
      const clock = fakeClock()
      const { rates, settled } = await open(clock)
      expect(await rates.take(bucket, 30)).toBe(0)
      rates.charge(bucket, 90)
      await settled()
      expect(await rates.take(bucket, 1)).toBe(61_000)
      rates.charge(bucket, -80)
      await settled()
      expect(await rates.take(bucket, 20)).toBe(0)
      expect(await rates.take(bucket, 1)).toBe(1000)
    })

    it('never give more than the limit and what time has brought, in any order of takes and waits', async () => {
      const steps = fc.array(fc.record({ amount: fc.nat({ max: 40 }), afterMs: fc.nat({ max: 20_000 }) }), { maxLength: 15 })
      let number = 0
      await fc.assert(
        fc.asyncProperty(steps, async (asked) => {
          const clock = fakeClock()
          const { rates } = await open(clock)
          number += 1
          const own = { id: `bucket ${number}`, perMinute: 60 }
          let [taken, elapsedMs] = [0, 0]
          for (const { amount, afterMs } of asked) {
            await clock.advance(afterMs)
            elapsedMs += afterMs
            if ((await rates.take(own, amount)) === 0) taken += amount
            expect(taken).toBeLessThanOrEqual(60 + elapsedMs / 1000)
          }
        }),
        { numRuns: 20 },
      )
    })
  })
}

/** The same between two openers of one database, turn by turn. */
export function sharedRatesContract(name: string, storage: OpenStorage): void {
  const opened: Storage[] = []
  const folders: { remove(): void }[] = []
  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close()
    for (const folder of folders.splice(0)) folder.remove()
  })

  ratesContract(`${name}, shared by two`, async (clock) => {
    const folder = temporaryFolder()
    folders.push(folder)
    const sharers: { rates: RateStore; idle: () => Promise<void> }[] = []
    for (let number = 0; number < 2; number++) {
      const store = await storage.open(folder.path)
      opened.push(store)
      if (number === 0) await migrate(store)
      // Time of its own: waiting for a lock must not move the buckets' clock.
      const queue = createCommitQueue({
        storage: store,
        clock: fakeClock({ auto: true }),
        defer,
        logger: silent,
        random: () => 0.5,
      })
      sharers.push({ rates: createSharedRates({ storage: store, queue, clock }), idle: () => queue.idle() })
    }
    let turn = 0
    const next = (): RateStore => {
      turn += 1
      const sharer = sharers[turn % 2]
      if (sharer === undefined) throw new Error('nobody shares')
      return sharer.rates
    }
    return {
      rates: { take: (bucket, amount) => next().take(bucket, amount), charge: (bucket, amount) => next().charge(bucket, amount) },
      settled: async () => {
        for (const { idle } of sharers) await idle()
      },
    }
  })
}
