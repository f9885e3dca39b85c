// What every database must keep, whatever runs it: units are whole or not there, and what is read is what was written.
import { sql } from 'kysely'
import type { CompiledQuery } from 'kysely'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { migrate, schemaState } from '../../src/store/migrate.ts'
import { migrations } from '../../src/store/migrations/index.ts'
import type { Storage } from '../../src/store/storage.ts'
import { createTemplate } from '../../src/store/statements.ts'
import { createTurnStatements, eventRowOf } from '../../src/store/turn-statements.ts'
import { temporaryFolder } from '../store/open-store.ts'
import { turnOf } from '../support/turns.ts'

export interface OpenStorage {
  /** False where the database has no transactions across statements. */
  readonly exclusive?: false
  /** Opened twice on one folder it is two views of one database. */
  open(folder: string): Promise<Storage>
}

export function storageContract(name: string, storage: OpenStorage): void {
  describe(`the storage contract on ${name}`, () => {
    let folder = temporaryFolder()
    let store: Storage
    let opened: Storage[] = []

    const open = async (): Promise<Storage> => {
      const next = await storage.open(folder.path)
      opened.push(next)
      return next
    }
    const insertTeam = (id: string): CompiledQuery =>
      store.db.insertInto('teams').values({ id, display_name: id, created_us: 1 }).compile()
    const teams = async (): Promise<readonly string[]> =>
      (await store.db.selectFrom('teams').select('id').orderBy('id').execute()).map((row) => row.id)

    beforeEach(async () => {
      folder = temporaryFolder()
      opened = []
      store = await open()
      await migrate(store)
    })
    afterEach(async () => {
      for (const each of opened) await each.close()
      folder.remove()
    })

    it('writes all units of a commit and tells what each statement changed', async () => {
      const rename = store.db.updateTable('teams').set({ display_name: 'x' }).compile()
      const outcomes = await store.commit([[insertTeam('a'), insertTeam('b')], [rename]])
      expect(outcomes).toEqual([
        { ok: true, affected: [1, 1] },
        { ok: true, affected: [2] },
      ])
      expect(await teams()).toEqual(['a', 'b'])
    })

    it('keeps a unit whole: its fault takes back its own statements and no other unit', async () => {
      const outcomes = await store.commit([[insertTeam('a')], [insertTeam('b'), insertTeam('a')], [insertTeam('c')]])
      expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, false, true])
      expect(await teams()).toEqual(['a', 'c'])
    })

    it('takes a unit whose value cannot be stored as that unit’s fault', async () => {
      const insert = createTemplate<{ id: unknown }>((slot) =>
        sql`insert into teams (id, display_name, created_us) values (${slot('id')}, 'x', 1)`.compile(store.db),
      )
      const outcomes = await store.commit([[insertTeam('a')], [insert({ id: { no: 'object' } })], [insertTeam('c')]])
      expect(outcomes.map((outcome) => outcome.ok)).toEqual([true, false, true])
      expect(await teams()).toEqual(['a', 'c'])
    })

    it('reads at once what was committed, through the short way and through Kysely', async () => {
      await store.commit([[insertTeam('a')]])
      const query = store.db.selectFrom('teams').select(['id', 'created_us']).compile()
      expect(await store.read(query)).toEqual([{ id: 'a', created_us: 1 }])
      expect(await store.db.selectFrom('teams').select('created_us').execute()).toEqual([{ created_us: 1 }])
    })

    it('gives numbers up to 2^53 back as numbers', async () => {
      const large = Number.MAX_SAFE_INTEGER
      await store.commit([[store.db.insertInto('teams').values({ id: 'a', display_name: '', created_us: large }).compile()]])
      expect(await store.db.selectFrom('teams').select('created_us').executeTakeFirst()).toEqual({ created_us: large })
    })

    it('runs every statement of a turn, and a unit sent again changes nothing', async () => {
      const { opened: turn, closed } = turnOf(1)
      const statements = createTurnStatements(store.db)
      const open = statements.open({
        turn_id: turn.turnId,
        instance_id: 'i',
        started_us: 1,
        opened_json: '{}',
        route_id: turn.route.id,
      })
      const unit = [open, statements.insertEvent(eventRowOf(turn.route))]
      const close = [statements.insertLastEvent(eventRowOf(closed.turn)), statements.close({ turn_id: turn.turnId })]
      expect(await store.commit([unit, unit, close, close, unit])).toEqual([
        { ok: true, affected: [1, 1] },
        { ok: true, affected: [0, 0] },
        { ok: true, affected: [1, 1] },
        { ok: true, affected: [0, 0] },
        { ok: true, affected: [0, 0] },
      ])
    })

    it('shows two openers of one database each other’s rows', async () => {
      const other = await open()
      await store.commit([[insertTeam('a')]])
      await other.commit([[insertTeam('b')]])
      expect(await teams()).toEqual(['a', 'b'])
    })

    it('flushes', async () => {
      await store.commit([[insertTeam('a')]])
      await expect(store.flush()).resolves.toBeUndefined()
    })

    if (storage.exclusive !== false) exclusiveWork()

    it('migrates once when several start at the same time', async () => {
      const fresh = temporaryFolder()
      const stores = await Promise.all([1, 2, 3].map(() => storage.open(fresh.path)))
      await Promise.all(stores.map((each) => migrate(each)))
      const states = await Promise.all(stores.map((each) => schemaState(each)))
      for (const each of stores) await each.close()
      fresh.remove()
      expect(states.map((state) => [state.applied, state.pending])).toEqual([1, 2, 3].map(() => [Object.keys(migrations), []]))
    })

    function exclusiveWork(): void {
      it('lets one opener at a time do exclusive work', async () => {
        const other = await open()
        const steps: string[] = []
        const work = (each: Storage, label: string) =>
          exclusively(each, async () => {
            steps.push(`${label} begins`)
            await each.db.selectFrom('teams').select('id').execute()
            steps.push(`${label} ends`)
          })
        await Promise.all([work(store, 'a'), work(other, 'b')])
        expect([steps.slice(0, 2), steps.slice(2)].toSorted()).toEqual([
          ['a begins', 'a ends'],
          ['b begins', 'b ends'],
        ])
      })

      it('takes back exclusive work that fails', async () => {
        const fault = new Error('half-way')
        const work = exclusively(store, async () => {
          await store.db.schema.createTable('halfway').addColumn('id', 'text').execute()
          throw fault
        })
        await expect(work).rejects.toBe(fault)
        const tables = await store.db.introspection.getTables()
        expect(tables.map((table) => table.name)).not.toContain('halfway')
      })
    }
  })
}

function exclusively<T>(store: Storage, work: () => Promise<T>): Promise<T> {
  if (store.exclusively === undefined) throw new Error('this store has no exclusive work')
  return store.exclusively(work)
}
