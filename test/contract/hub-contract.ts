// What a hub promises, on every database: what one store pushes to another is there once and whole, also when the same push
// comes twice at the same moment.
import { createHash, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createHub } from '../../src/store/hub.ts'
import { migrate } from '../../src/store/migrate.ts'
import { turnsPerPush } from '../../src/store/push-format.ts'
import type { Storage, Unit } from '../../src/store/storage.ts'
import { pushedUnit, readUnpushed } from '../../src/store/unpushed.ts'
import { forgetful, silent, storeOn, temporaryFolder, type OpenStore } from '../store/open-store.ts'
import { byTest } from '../support/author.ts'
import { turnOf } from '../support/turns.ts'
import type { OpenStorage } from './storage-contract.ts'

const hash = async (text: string) => createHash('sha256').update(text).digest('hex')

export function hubContract(name: string, storage: OpenStorage): void {
  describe(`the contract of hubs on ${name}`, () => {
    let folders: ReturnType<typeof temporaryFolder>[] = []
    let stores: Storage[] = []
    let laptop: OpenStore
    let hub: OpenStore
    beforeEach(async () => {
      folders = [temporaryFolder(), temporaryFolder()]
      stores = await Promise.all(folders.map(({ path }) => storage.open(path)))
      for (const store of stores) await migrate(store)
      const [own, there] = stores.map((store) => storeOn(store))
      if (own === undefined || there === undefined) throw new Error('no store')
      laptop = own
      hub = there
    })
    afterEach(async () => {
      for (const store of stores) await store.close()
      for (const folder of folders) folder.remove()
    })

    it('issues a token that works, and one alone, when the store loses its answer and is asked again', async () => {
      const { issue, list } = createHub({ ...storeOn(hub.storage, forgetful), hash, logger: silent, randomBytes })
      const first = await issue('laptop', byTest)
      const second = await issue('laptop', byTest)
      const working = (await list()).filter((token) => token.revoked_us === null)
      expect([first.id === second.id, working.map(({ id }) => id)]).toEqual([false, [second.id]])
    })

    it('takes the neighbours of a turn that its store rejects, tells of that one, and takes it once the store does', async () => {
      for (let number = 0; number < 5; number += 1) {
        const { opened, closed } = turnOf(number, { keyId: null })
        await laptop.traces.openTurn(opened, { mustCommit: false })
        await laptop.traces.closeTurn(closed)
      }
      let rejects = true
      const faulty = (one: Storage): Storage => ({
        ...one,
        commit: (units) => one.commit(rejects ? units.map((unit) => poisoned(one, unit, 'turn-2')) : units),
      })
      const told: string[] = []
      const logger = { log: (_: string, message: string) => void told.push(message) }
      const { take } = createHub({ ...storeOn(hub.storage, faulty), hash, logger, randomBytes })
      const unpushed = await readUnpushed(laptop.storage.db, 'hub', { sinceUs: 0, nowUs: Number.MAX_SAFE_INTEGER })
      if (unpushed === null) throw new Error('nothing to push')
      const later = [{ turn_id: 'turn-2', reason: expect.stringContaining('store') }]
      expect(await take('laptop', unpushed.push)).toEqual({ accepted: 4, known: 0, refused: [], later })
      expect(told).toEqual(['the store does not take a pushed turn'])
      rejects = false
      expect(await take('laptop', unpushed.push)).toEqual({ accepted: 1, known: 4, refused: [], later: [] })
    })

    it('takes a push once, twice at the same moment or again, and answers what was new', async () => {
      for (let number = 0; number < turnsPerPush + 5; number += 1) {
        const { opened, closed } = turnOf(number, { keyId: null, costNanoUsd: 1_000_000_007 + number })
        await laptop.traces.openTurn(opened, { mustCommit: false })
        await laptop.traces.closeTurn(closed)
      }
      const { storage: there, queue, clock, newId } = hub
      const take = createHub({ storage: there, queue, clock, logger: silent, hash, newId, randomBytes }).take
      const { db } = laptop.storage
      const next = () => readUnpushed(db, 'hub', { sinceUs: 0, nowUs: Number.MAX_SAFE_INTEGER })
      const sizes: number[] = []
      for (let batch = await next(); batch !== null; batch = await next()) {
        const { push, turnIds } = batch
        const answers = await Promise.all([take('laptop', push), take('laptop', push)])
        expect(answers.map(({ accepted }) => accepted).reduce((sum, accepted) => sum + accepted, 0)).toBe(push.turns.length)
        await laptop.queue.commit(pushedUnit(db, 'hub', turnIds))
        sizes.push(push.turns.length)
      }
      expect(sizes).toEqual([turnsPerPush, 5])
      const rowsOf = async ({ storage: { db: read } }: OpenStore) => [
        await read.selectFrom('events').select(['id', 'timestamp_us', 'session_id', 'turn_id', 'type']).orderBy('id').execute(),
        await read.selectFrom('calls').selectAll().orderBy('turn_id').execute(),
        await read.selectFrom('usage_hourly').selectAll().execute(),
        await read.selectFrom('inflight').selectAll().execute(),
      ]
      expect(await rowsOf(hub)).toEqual(await rowsOf(laptop))
    })
  })
}

/** A unit of this turn, with a statement at its end that no database takes. */
const poisoned = ({ db }: Storage, unit: Unit, turnId: string): Unit =>
  unit.some(({ parameters }) => parameters.includes(turnId)) ? [...unit, sql`insert into no_table values (1)`.compile(db)] : unit
