// What caps promise, on every database: a turn is let through or refused by one unit, whole, once, whoever else asks at the
// same moment, and what it held is given back with its end.
import { sql } from 'kysely'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrate } from '../../src/store/migrate.ts'
import type { QuotasTable } from '../../src/store/schema.ts'
import type { Reservation } from '../../src/store/quotas.ts'
import { refusedBy } from '../../src/store/reserved-turns.ts'
import type { Storage, Unit } from '../../src/store/storage.ts'
import { createTurnStatements } from '../../src/store/turn-statements.ts'
import { closeUnit, openUnit } from '../../src/store/turn-units.ts'
import { temporaryFolder } from '../store/open-store.ts'
import { turnOf } from '../support/turns.ts'
import type { OpenStorage } from './storage-contract.ts'

type Quota = Reservation['quotas'][number]

const quota = (kind: Quota['kind'], limitNanoUsd: number, scope: Quota['scope'] = 'daily'): Quota => ({
  kind,
  id: `the ${kind}`,
  scope,
  periodUs: scope === 'budget' ? 0 : 86_400_000_000,
  limitNanoUsd,
})

export function quotaContract(name: string, storage: OpenStorage): void {
  describe(`the contract of caps on ${name}`, () => {
    let folder = temporaryFolder()
    let stores: Storage[] = []

    const open = async (): Promise<Storage> => {
      const store = await storage.open(folder.path)
      stores.push(store)
      return store
    }
    beforeEach(async () => {
      folder = temporaryFolder()
      stores = []
      await migrate(await open())
    })
    afterEach(async () => {
      for (const store of stores) await store.close()
      folder.remove()
    })

    const first = (): Storage => {
      const [store] = stores
      if (store === undefined) throw new Error('no store is open')
      return store
    }

    /** A store that is locked for a moment is asked again, as the commit queue does. */
    async function commit(store: Storage, units: readonly Unit[]) {
      for (;;) {
        try {
          return await store.commit(units)
        } catch (error) {
          if (!(error instanceof Error) || error.name !== 'StorageBusy') throw error
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
    }

    const openingOf = (number: number, reservation: Reservation): Unit =>
      openUnit(createTurnStatements(first().db), { ...turnOf(number).opened, reservation }, 'instance')
    const closingOf = (number: number, reservation: Reservation, costNanoUsd: number | null): Unit =>
      closeUnit(createTurnStatements(first().db), { ...turnOf(number, { costNanoUsd }).closed, reservation })

    /** null = opened. */
    async function tryOpen(store: Storage, number: number, reservation: Reservation): Promise<Quota | null> {
      const [outcome] = await commit(store, [openingOf(number, reservation)])
      if (outcome?.ok !== true) throw new Error('the unit failed', { cause: outcome?.error })
      return refusedBy(reservation, outcome.affected)
    }
    async function close(number: number, reservation: Reservation, costNanoUsd: number | null): Promise<void> {
      const [outcome] = await commit(first(), [closingOf(number, reservation, costNanoUsd)])
      if (outcome?.ok !== true) throw new Error('the unit failed', { cause: outcome?.error })
    }
    const rows = (): Promise<QuotasTable[]> =>
      first().db.selectFrom('quotas').selectAll().orderBy('kind').orderBy('scope').execute()
    const sums = async () => (await rows()).map((row) => [row.kind, row.spent_nano_usd, row.reserved_nano_usd])
    const openTurns = async () => (await first().db.selectFrom('inflight').select('turn_id').execute()).length

    it('lets exactly as many turns through as a cap is worth: 10 of 100 that ask at once', async () => {
      const reservation = { nanoUsd: 7, quotas: [quota('user', 70)] }
      const asked = Array.from({ length: 100 }, (_, number) => tryOpen(first(), number, reservation))
      expect((await Promise.all(asked)).filter((refused) => refused === null)).toHaveLength(10)
      expect([await sums(), await openTurns()]).toEqual([[['user', 0, 70]], 10])
    })

    it('lets exactly as many through when two openers of one database ask at once', async () => {
      const other = await open()
      const reservation = { nanoUsd: 7, quotas: [quota('key', 1000), quota('user', 70), quota('team', 1000)] }
      const asked = Array.from({ length: 100 }, (_, number) => tryOpen(number % 2 === 0 ? first() : other, number, reservation))
      expect((await Promise.all(asked)).filter((refused) => refused === null)).toHaveLength(10)
      expect(await sums()).toEqual([
        ['key', 0, 70],
        ['team', 0, 70],
        ['user', 0, 70],
      ])
      expect(await openTurns()).toBe(10)
    })

    it.each([0, 1, 2])('names the cap that is too small, and holds nothing of the others: place %d', async (place) => {
      const kinds = ['key', 'user', 'team'] as const
      const quotas = kinds.map((kind, index) => quota(kind, index === place ? 9 : 100))
      expect(await tryOpen(first(), 1, { nanoUsd: 10, quotas })).toEqual(quotas[place])
      expect((await rows()).filter((row) => row.reserved_nano_usd !== 0)).toEqual([])
      expect(await openTurns()).toBe(0)
      const events = await first().db.selectFrom('events').select('id').execute()
      expect(events).toEqual([])
      expect(await tryOpen(first(), 2, { nanoUsd: 9, quotas })).toBeNull()
    })

    it('changes nothing when a unit is sent again: opened, closed, and after both', async () => {
      const reservation = { nanoUsd: 10, quotas: [quota('key', 100), quota('team', 100)] }
      const [opening, closing] = [openingOf(1, reservation), closingOf(1, reservation, 4)]
      const settled = [
        ['key', 4, 0],
        ['team', 4, 0],
      ]
      const steps = [
        [
          opening,
          [
            ['key', 0, 10],
            ['team', 0, 10],
          ],
          1,
        ],
        [
          opening,
          [
            ['key', 0, 10],
            ['team', 0, 10],
          ],
          1,
        ],
        [closing, settled, 0],
        [closing, settled, 0],
        [opening, settled, 0],
      ] as const
      for (const [unit, expected, running] of steps) {
        await commit(first(), [unit])
        expect([await sums(), await openTurns()]).toEqual([expected, running])
      }
    })

    it('gives the whole reservation back, whatever the call did cost: less, more, nothing, or nobody knows', async () => {
      const reservation = { nanoUsd: 10, quotas: [quota('user', 100)] }
      for (const [number, cost, spent] of [
        [1, 4, 4],
        [2, 25, 29],
        [3, 0, 29],
        [4, null, 29],
      ] as const) {
        expect(await tryOpen(first(), number, reservation)).toBeNull()
        await close(number, reservation, cost)
        expect(await sums()).toEqual([['user', spent, 0]])
      }
    })

    it('counts each period and each scope by itself', async () => {
      const monthly = quota('user', 15, 'monthly')
      const monday = { nanoUsd: 10, quotas: [quota('user', 10), monthly] }
      const tuesday = { nanoUsd: 10, quotas: [{ ...quota('user', 10), periodUs: 2 * 86_400_000_000 }, monthly] }
      expect(await tryOpen(first(), 1, monday)).toBeNull()
      expect(await tryOpen(first(), 2, monday)).toMatchObject({ scope: 'daily' })
      expect(await tryOpen(first(), 3, tuesday)).toMatchObject({ scope: 'monthly' })
      await close(1, monday, 5)
      expect(await tryOpen(first(), 4, tuesday)).toBeNull()
    })

    it('takes sums of money beyond what 32 bits hold, and compares them as numbers', async () => {
      const reservation = { nanoUsd: 9_000_000_000_000, quotas: [quota('user', 10_000_000_000_000)] }
      expect(await tryOpen(first(), 1, reservation)).toBeNull()
      expect(await tryOpen(first(), 2, { ...reservation, nanoUsd: 1_000_000_000_001 })).not.toBeNull()
      expect(await tryOpen(first(), 3, { ...reservation, nanoUsd: 1_000_000_000_000 })).toBeNull()
    })

    it('holds for any order of turns: never above the limit while costs stay within estimates, and nothing is left held', async () => {
      const steps = fc.array(
        fc.record({ estimate: fc.nat({ max: 40 }), saved: fc.nat({ max: 40 }), endsAfter: fc.nat({ max: 4 }) }),
        {
          minLength: 1,
          maxLength: 12,
        },
      )
      let number = 1000
      await fc.assert(
        fc.asyncProperty(steps, fc.nat({ max: 100 }), async (turns, limit) => {
          await sql`delete from quotas`.execute(first().db)
          const quotas = [quota('key', limit), quota('team', limit + 10)]
          const running: { number: number; reservation: Reservation; cost: number; left: number }[] = []
          let spent = 0
          const finish = async (turn: (typeof running)[number]) => {
            await close(turn.number, turn.reservation, turn.cost)
            spent += turn.cost
          }
          for (const { estimate, saved, endsAfter } of turns) {
            number += 1
            const reservation = { nanoUsd: estimate, quotas }
            const held = running.reduce((sum, turn) => sum + turn.reservation.nanoUsd, 0)
            const refused = await tryOpen(first(), number, reservation)
            expect(refused === null).toBe(spent + held + estimate <= limit)
            if (refused === null) running.push({ number, reservation, cost: Math.max(0, estimate - saved), left: endsAfter })
            for (const row of await rows()) expect(row.spent_nano_usd + row.reserved_nano_usd).toBeLessThanOrEqual(limit)
            for (const turn of running.filter(({ left }) => left === 0)) await finish(turn)
            running.splice(0, running.length, ...running.filter(({ left }) => left > 0))
            for (const turn of running) turn.left -= 1
          }
          for (const turn of running) await finish(turn)
          for (const row of await rows()) expect([row.spent_nano_usd, row.reserved_nano_usd]).toEqual([spent, 0])
        }),
        { numRuns: 25 },
      )
    })
  })
}
