// Postgres as a server and a network make it: it refuses, restarts, and has other writers.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import type { OpenPostgresOptions, PostgresStorage } from '../../runtimes/node/postgres.ts'
import { migrate, schemaState } from '../../src/store/migrate.ts'
import { createTurnStatements } from '../../src/store/turn-statements.ts'
import { closeUnit, openUnit } from '../../src/store/turn-units.ts'
import { temporaryFolder } from '../store/open-store.ts'
import { eventually, within } from '../support/deadline.ts'
import { fakeIo } from '../support/fake-io.ts'
import { keysOn, openAt, queueOn, untilRemembered } from '../support/open-postgres.ts'
import { postgresBinaries, startPostgres, withoutPostgres, type PostgresServer } from '../support/postgres-server.ts'
import { turnOf } from '../support/turns.ts'

describe.skipIf(postgresBinaries === null)(`Postgres${withoutPostgres}`, () => {
  let server: PostgresServer
  let url = ''
  let databases = 0
  let opened: PostgresStorage[] = []
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    url = await server.database(`test_${databases++}`)
    opened = []
  })
  afterEach(async () => {
    vi.doUnmock('pg')
    for (const storage of opened) await storage.close()
  })

  async function open(at = url, options: OpenPostgresOptions = {}): Promise<PostgresStorage> {
    const storage = await openAt(at, options)
    opened.push(storage)
    return storage
  }

  async function openMigrated(options: OpenPostgresOptions = {}): Promise<PostgresStorage> {
    const storage = await open(url, options)
    await migrate(storage)
    return storage
  }

  describe('a database that cannot be ours is refused in one line', () => {
    it.each([
      ['nobody there', () => url.replace(/:\d+\//, ':1/'), /cannot be opened: .*ECONNREFUSED/],
      ['a wrong password', () => url.replace(/metis:[^@]+@/, 'metis:letmein@'), /refuses the user: password authentication/],
      ['no such database', () => `${url}x`, /database "test_\d+x" does not exist/],
    ])('%s', async (_, at, says) => {
      const fault = await open(at()).catch((error: unknown) => error)
      expect(String(fault)).toMatch(says)
      expect(fault).toHaveProperty('mend')
    })

    it('another program’s tables', async () => {
      await server.query(url, 'create table theirs (id int)')
      await expect(open()).rejects.toThrow(/is not a metis database \(schema public holds another program's tables\)/)
    })

    it('a newer program’s tables, which stay as they are', async () => {
      const storage = await openMigrated()
      await server.query(url, `insert into kysely_migration values ('9999-future', '')`)
      await expect(migrate(storage)).rejects.toThrow(/written by a newer metis-gateway \(schema 9999-future/)
    })

    it('a driver that is not installed', async () => {
      vi.doMock('pg', () => {
        throw new Error("Cannot find package 'pg'")
      })
      const fault = await open().catch((error: unknown) => error)
      expect(fault).toMatchObject({
        message: expect.stringContaining('driver is not installed'),
        mend: expect.stringContaining('npm install pg@8'),
      })
    })
  })

  it.each(['list-keys', 'doctor', 'rebuild'])('%s never prints the password, whatever goes wrong', async (command) => {
    const folder = temporaryFolder()
    for (const at of [
      url,
      url.replace(/:\d+\//, ':1/'),
      url.replace(/metis:[^@]+@/, 'metis:letmein@'),
      'postgres://u:letmein@h:x/',
    ]) {
      const io = fakeIo({ env: { METIS_HOME: folder.path } })
      await runCommand([command, '--db', at], io)
      const said = [...io.stdout, ...io.stderr].join('\n')
      expect(said).not.toMatch(/letmein|p%40ss|p@ss/)
      expect(said).not.toBe('')
    }
    folder.remove()
  })

  it('keeps the state before a migration in a schema beside its own, at its last version', async () => {
    const storage = await openMigrated()
    await server.query(url, `insert into teams (id, display_name, created_us) values ('eng', 'Engineering', 1)`)
    await storage.exclusively(async () => {
      await storage.copyBeforeMigration?.('0001')
      await storage.copyBeforeMigration?.('0001')
    })
    expect(await server.query(url, 'select id from public_before_0001.teams')).toEqual([{ id: 'eng' }])
    const { pending } = await schemaState(storage)
    expect(pending).toEqual([])
  })

  it('stores a name that holds a NUL, which its text cannot', async () => {
    const storage = await openMigrated()
    const { opened: turn, closed } = turnOf(1)
    if (closed.call === null) throw new Error('no call')
    const call = { ...closed.call, payload: { ...closed.call.payload, requested_model: 'a\0b' } }
    const statements = createTurnStatements(storage.db)
    const outcomes = await storage.commit([
      openUnit(statements, turn, 'i'),
      closeUnit(statements, { ...closed, call } as typeof closed),
    ])
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true])
    expect(await storage.db.selectFrom('calls').select('requested_model').execute()).toEqual([{ requested_model: 'a\uFFFDb' }])
  })

  it('lets two gateways write the same hours in any order, and their sums are those of their calls', async () => {
    const [one, two] = [await openMigrated(), await open()]
    const statements = createTurnStatements(one.db)
    const write = async (storage: PostgresStorage, first: number, step: number): Promise<void> => {
      for (let batch = 0; batch < 10; batch++) {
        const turns = Array.from({ length: 20 }, (_, place) => {
          const hour = step > 0 ? place % 10 : 9 - (place % 10)
          return turnOf(first + batch * 20 + place, { hour, costNanoUsd: 7 })
        })
        await storage.commit(turns.map(({ opened: turn }) => openUnit(statements, turn, 'i')))
        await storage.commit(turns.map(({ closed }) => closeUnit(statements, closed)))
      }
    }
    await within(20_000, 'both', Promise.all([write(one, 0, 1), write(two, 1000, -1)]))
    const sums = { calls: 400, cost: 2800 }
    expect(await server.query(url, 'select count(*)::int as calls, sum(cost_nano_usd)::int as cost from calls')).toEqual([sums])
    expect(
      await server.query(url, 'select sum(call_count)::int as calls, sum(cost_nano_usd)::int as cost from usage_hourly'),
    ).toEqual([sums])
  })

  it('syncs what a server with asynchronous commits has not', async () => {
    const storage = await open(`${url}?options=-csynchronous_commit%3Doff`)
    await migrate(storage)
    const lsn = async () => String((await server.query(url, 'select pg_current_wal_flush_lsn() as lsn'))[0]?.['lsn'])
    await storage.commit([[storage.db.insertInto('teams').values({ id: 'a', display_name: '', created_us: 1 }).compile()]])
    const inserted = String((await server.query(url, 'select pg_current_wal_insert_lsn() as lsn'))[0]?.['lsn'])
    await storage.flush()
    const [row] = await server.query(url, `select '${await lsn()}'::pg_lsn >= '${inserted}'::pg_lsn as flushed`)
    expect(row).toEqual({ flushed: true })
  })

  describe('keys', () => {
    it('are remembered between requests, and a change by anybody is heard at once', async () => {
      const storage = await openMigrated({ listen: true })
      const keys = keysOn(storage)
      const { keyId } = await keys.issue({ name: 'laptop' }, { actor: 'cli', origin: 'test' })
      let reads = 0
      const counting = keysOn({
        ...storage,
        read: (query) => {
          reads += 1
          return storage.read(query)
        },
      })
      const remembered = await eventually(10_000, 'the listener', async () => {
        await counting.findForToken(keyId)
        reads = 0
        return (await counting.findForToken(keyId)) !== null && reads === 0
      })
      expect(remembered).toBe(true)
      await server.query(url, `update gateway_keys set revoked_us = 7 where id = '${keyId}'`)
      const heard = async () => (await counting.findForToken(keyId))?.revokedUs === 7
      await eventually(10_000, 'the revocation', heard)
      await counting.findForToken(keyId)
      reads = 0
      await server.query(url, `update gateway_keys set last_used_us = 9 where id = '${keyId}'`)
      await server.query(url, `insert into teams (id, display_name, created_us) values ('eng', '', 1)`)
      await eventually(10_000, 'the new team', async () => (await counting.findForToken(keyId)) !== null && reads > 0)
    })

    it('that were known hold when the server goes away once more, before anybody asked for them', async () => {
      const { keyId } = await keysOn(await openMigrated()).issue({ name: 'laptop' }, { actor: 'cli', origin: 'test' })
      const storage = await open(url, { listen: true })
      const keys = keysOn(storage)
      await untilRemembered(storage, keys, keyId)
      const version = storage.identityVersion?.()
      await server.kill()
      await server.start()
      // What nobody heard of may have changed, and need not.
      await eventually(10_000, 'the listener again', () => storage.identityVersion?.() !== version)
      await server.kill()
      expect(await keys.findForToken(keyId)).toMatchObject({ revokedUs: null })
      await server.start()
      await server.query(url, `update gateway_keys set revoked_us = 7 where id = '${keyId}'`)
      await eventually(10_000, 'the revocation', async () => (await keys.findForToken(keyId))?.revokedUs === 7)
    })

    it('that were known hold when the server goes away before it was listened to', async () => {
      const { keyId } = await keysOn(await openMigrated()).issue({ name: 'laptop' }, { actor: 'cli', origin: 'test' })
      const storage = await open(url, { listen: true })
      const keys = keysOn(storage)
      expect(await keys.findForToken(keyId)).toMatchObject({ revokedUs: null })
      await server.kill()
      expect(await keys.findForToken(keyId)).toMatchObject({ revokedUs: null })
      await expect(keys.findForToken('gk_unknown')).rejects.toMatchObject({ code: 'store_unavailable' })
      await server.start()
    })

    it('that were known hold while the server is away, others are told that it is; what was queued is written when it is back', async () => {
      // Issued before anybody listens: the notice of it, come late, would have the key forgotten again.
      const { keyId } = await keysOn(await openMigrated()).issue({ name: 'laptop' }, { actor: 'cli', origin: 'test' })
      const storage = await open(url, { listen: true })
      const queue = queueOn(storage)
      const keys = keysOn(storage, queue)
      await untilRemembered(storage, keys, keyId)
      await server.kill()
      const team = storage.db.insertInto('teams').values({ id: 'late', display_name: '', created_us: 1 }).compile()
      const written = queue.commit([team])
      expect(await keys.findForToken(keyId)).toMatchObject({ revokedUs: null })
      await expect(keys.findForToken('gk_unknown')).rejects.toMatchObject({ code: 'store_unavailable', status: 503 })
      await eventually(10_000, 'the queue to tell', () => queue.state().busySinceMs !== null)
      await server.start()
      expect(await within(10_000, 'the queued unit', written)).toEqual([1])
      await server.query(url, `update gateway_keys set revoked_us = 7 where id = '${keyId}'`)
      await eventually(10_000, 'the revocation', async () => (await keys.findForToken(keyId))?.revokedUs === 7)
    })
  })
})
