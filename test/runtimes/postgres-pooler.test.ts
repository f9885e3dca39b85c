// PgBouncer between us and Postgres: by session it is as good as the server; by transaction or statement it is refused in one
// line, before anything is written.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import type { PostgresStorage } from '../../runtimes/node/postgres.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createTurnStatements } from '../../src/store/turn-statements.ts'
import { closeUnit, openUnit } from '../../src/store/turn-units.ts'
import { temporaryFolder } from '../store/open-store.ts'
import { byTest } from '../support/author.ts'
import { eventually } from '../support/deadline.ts'
import { fakeIo } from '../support/fake-io.ts'
import { keysOn, openAt, queueOn, untilRemembered } from '../support/open-postgres.ts'
import { pgBouncerIsHere, startPgBouncer, withoutPgBouncer, type PgBouncer } from '../support/pgbouncer.ts'
import { postgresBinaries, startPostgres, withoutPostgres, type PostgresServer } from '../support/postgres-server.ts'
import { turnOf } from '../support/turns.ts'

const areHere = postgresBinaries !== null && pgBouncerIsHere

describe.skipIf(!areHere)(`PgBouncer${withoutPostgres}${withoutPgBouncer}`, () => {
  let server: PostgresServer
  let url = ''
  let databases = 0
  let folder: ReturnType<typeof temporaryFolder>
  let pooler: PgBouncer
  let opened: PostgresStorage[] = []
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    url = await server.database(`pooled_${databases++}`)
    folder = temporaryFolder()
    opened = []
  })
  afterEach(async () => {
    for (const storage of opened) await storage.close()
    await pooler.stop()
    folder.remove()
  })

  async function run(...argv: readonly string[]) {
    const io = fakeIo({ env: { METIS_HOME: folder.path } })
    return { code: await runCommand(argv, io), stdout: io.stdout.join('\n'), stderr: io.stderr.join('\n') }
  }

  async function openGateway(): Promise<PostgresStorage> {
    const storage = await openAt(pooler.url, { listen: true })
    opened.push(storage)
    await migrate(storage)
    return storage
  }

  it('by session: two gateways write turns, hear of a revocation, and leave no setting behind', async () => {
    pooler = await startPgBouncer(url, 'session')
    const [one, two] = [await openGateway(), await openGateway()]
    const { keyId } = await keysOn(one).issue({ name: 'laptop' }, byTest)
    const statements = createTurnStatements(one.db)
    for (const [place, storage] of [one, two, one, two].entries()) {
      const { opened: turn, closed } = turnOf(place)
      const outcomes = await storage.commit([openUnit(statements, turn, 'i'), closeUnit(statements, closed)])
      expect(outcomes.map(({ ok }) => ok)).toEqual([true, true])
    }
    expect(await server.query(url, 'select sum(call_count)::int as calls from usage_hourly')).toEqual([{ calls: 4 }])
    const keys = keysOn(two)
    await untilRemembered(two, keys, keyId)
    await server.query(url, `update gateway_keys set revoked_us = 7 where id = '${keyId}'`)
    await eventually(10_000, 'the revocation', async () => (await keys.findForToken(keyId))?.revokedUs === 7)
    const { stdout } = await run('doctor', '--db', pooler.url)
    expect(stdout).toMatch(/ok +database +postgres:\S+, PostgreSQL [\d.]+ through pg and a pooler, which keeps sessions apart/)
    for (const storage of opened.splice(0)) await storage.close()
    expect(await server.query(pooler.url, 'show lock_timeout')).toEqual([{ lock_timeout: '0' }])
  })

  it('by session: what is queued is written when a pooler that was restarted is back', async () => {
    pooler = await startPgBouncer(url, 'session')
    const port = Number(new URL(pooler.url).port)
    const storage = await openGateway()
    await pooler.stop()
    const queue = queueOn(storage)
    const team = storage.db.insertInto('teams').values({ id: 'late', display_name: '', created_us: 1 }).compile()
    const written = queue.commit([team])
    await eventually(10_000, 'the queue to tell', () => queue.state().busySinceMs !== null)
    pooler = await startPgBouncer(url, 'session', port)
    expect(await written).toEqual([1])
  })

  it('changed to transactions under two gateways that run: nothing that they write is lost, and no revocation', async () => {
    pooler = await startPgBouncer(url, 'session')
    const port = Number(new URL(pooler.url).port)
    const [one, two] = [await openGateway(), await openGateway()]
    const [{ db }, queues] = [one, [queueOn(one), queueOn(two)]]
    const keys = keysOn(one)
    const { keyId } = await keys.issue({ name: 'laptop' }, byTest)
    await untilRemembered(one, keys, keyId)
    await pooler.stop()
    pooler = await startPgBouncer(url, 'transaction', port)
    await server.query(url, `update gateway_keys set revoked_us = 7 where id = '${keyId}'`)
    await eventually(3000, 'the revocation', async () => (await keys.findForToken(keyId))?.revokedUs === 7)
    const written: Promise<readonly number[]>[] = []
    await eventually(5000, 'one to meet what the other has prepared', () => {
      const team = { id: `team ${written.length}`, display_name: '', created_us: 1 }
      for (const queue of queues)
        written.push(
          queue.commit([
            db
              .insertInto('teams')
              .values(team)
              .onConflict((same) => same.doNothing())
              .compile(),
          ]),
        )
      return queues.some((queue) => queue.state().busySinceMs !== null)
    })
    await pooler.stop()
    pooler = await startPgBouncer(url, 'session', port)
    expect((await Promise.all(written)).flat().reduce((sum, rows) => sum + rows, 0)).toBe(written.length / 2)
    expect(await server.query(url, 'select count(*)::int as n from teams')).toEqual([{ n: written.length / 2 }])
  })

  it.each(['transaction', 'statement'])(
    'by %s: refused in one line that says what mends it, and nothing is written',
    async (mode) => {
      pooler = await startPgBouncer(url, mode)
      const says = 'is behind a pooler that shares sessions (PgBouncer with pool_mode transaction or statement)'
      const issued = await run('issue-key', '--name', 'laptop', '--workspace', folder.path, '--db', pooler.url)
      expect(issued).toMatchObject({ code: 1, stdout: '' })
      expect(issued.stderr).toMatch(/^[^\n]+set pool_mode=session for this database there[^\n]+$/)
      expect(issued.stderr).toContain(says)
      const doctor = await run('doctor', '--db', pooler.url)
      expect([doctor.code, doctor.stdout]).toEqual([1, expect.stringContaining(says)])
      // Nor is a session left that somebody else will have.
      const setting = `select current_setting('default_transaction_read_only') as readonly`
      expect(await server.query(pooler.url, setting)).toEqual([{ readonly: 'off' }])
      expect(await server.query(url, `select tablename from pg_tables where schemaname = 'public'`)).toEqual([])
    },
  )

  it('by transaction: refused as well while others keep its sessions busy', async () => {
    pooler = await startPgBouncer(url, 'transaction')
    const stopping = new AbortController()
    const others = Array.from({ length: 6 }, async () => {
      while (!stopping.signal.aborted) await server.query(pooler.url, 'select pg_sleep(0.002)')
    })
    for (let tries = 0; tries < 20; tries++) await expect(openAt(pooler.url)).rejects.toThrow('shares sessions')
    stopping.abort()
    await Promise.all(others)
  })

  it('takes no options in the URL, and says where they go instead', async () => {
    pooler = await startPgBouncer(url, 'session')
    const refused = await run('list-keys', '--db', `${pooler.url}?options=-csearch_path%3Dmetis`)
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/the pooler in front of it takes no options .*alter role NAME set search_path = SCHEMA/)
  })
})
