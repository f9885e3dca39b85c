// The connection that a gateway listens on for changed keys: ended by the server, kept out by it, and gone with it.
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PostgresStorage } from '../../runtimes/node/postgres.ts'
import { migrate } from '../../src/store/migrate.ts'
import { byTest } from '../support/author.ts'
import { eventually } from '../support/deadline.ts'
import { keysOn, openAt, untilRemembered } from '../support/open-postgres.ts'
import { postgresBinaries, startPostgres, withoutPostgres, type PostgresServer } from '../support/postgres-server.ts'

/** What a listening connection asked last: that it listens, or whether it lives. */
const listens = `datname = current_database() and query in ('listen metis_identities', 'select 1') and pid <> pg_backend_pid()`

describe.skipIf(postgresBinaries === null)(`a gateway that listens${withoutPostgres}`, () => {
  let server: PostgresServer
  let url = ''
  let databases = 0
  let keyIds: string[] = []
  let opened: PostgresStorage[] = []
  beforeAll(async () => {
    server = await startPostgres()
  })
  afterAll(() => server.stop())
  beforeEach(async () => {
    url = await server.database(`listening_${databases++}`)
    const storage = await openAt(url)
    opened = [storage]
    await migrate(storage)
    keyIds = []
    for (let nth = 0; nth < 5; nth++) keyIds.push((await keysOn(storage).issue({ name: `laptop ${nth}` }, byTest)).keyId)
  })
  afterEach(async () => {
    for (const storage of opened) await storage.close()
  })

  const endListening = () => server.query(url, `select pg_terminate_backend(pid) from pg_stat_activity where ${listens}`)
  const isListening = async () => (await server.query(url, `select from pg_stat_activity where ${listens}`)).length === 1
  const revoke = (keyId: string) => server.query(url, `update gateway_keys set revoked_us = 7 where id = '${keyId}'`)

  it('is ended by the server again and again, and no revocation is lost', async () => {
    const storage = await openAt(url, { listen: true })
    opened.push(storage)
    const keys = keysOn(storage)
    for (const [nth, keyId] of keyIds.entries()) {
      await eventually(10_000, 'a listener', isListening)
      await untilRemembered(storage, keys, keyId)
      expect(await endListening()).toHaveLength(1)
      // While it is deaf and does not know, and once it listens again.
      if (nth % 2 === 1) await eventually(10_000, 'another listener', isListening)
      await revoke(keyId)
      await eventually(10_000, `revocation ${nth}`, async () => (await keys.findForToken(keyId))?.revokedUs === 7)
    }
  })

  it('cannot listen because its connections are used up: it asks the server, and trusts nothing for minutes', async () => {
    await server.query(url, `create role gateway login password 'letmein'; grant all on all tables in schema public to gateway`)
    const asRole = new URL(url)
    Object.assign(asRole, { username: 'gateway', password: 'letmein' })
    const storage = await openAt(asRole.href, { listen: true })
    opened.push(storage)
    const keys = keysOn(storage)
    const [keyId = ''] = keyIds
    await untilRemembered(storage, keys, keyId)
    const thief = new Client({ connectionString: asRole.href })
    // One for what it reads by, and one that somebody else takes as soon as it is free.
    await server.query(url, 'alter role gateway connection limit 2')
    await endListening()
    await eventually(10_000, 'the place of the listener', () =>
      thief.connect().then(
        () => true,
        () => undefined,
      ),
    )
    await revoke(keyId)
    await eventually(10_000, 'the revocation', async () => (await keys.findForToken(keyId))?.revokedUs === 7)
    await thief.end()
  })
})
