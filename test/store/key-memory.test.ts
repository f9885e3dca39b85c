// A key's record is kept between requests: what a test must hold is that no change, by whomever, is missed.
import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SqliteStorage } from '../../runtimes/node/sqlite.ts'
import { openSqlite } from '../../runtimes/node/sqlite.ts'
import { createIdentityStore } from '../../src/store/identities.ts'
import { createKeyStore, type KeyStore } from '../../src/store/keys.ts'
import { StorageBusy, type Storage } from '../../src/store/storage.ts'
import { openStore, storeOn, temporaryFolder, type OpenStore } from './open-store.ts'
import { byTest } from '../support/author.ts'

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('the memory of gateway keys', () => {
  let folder = temporaryFolder()
  let store: OpenStore
  let keys: KeyStore
  let reads = 0
  let keyId = ''

  beforeEach(async () => {
    folder = temporaryFolder()
    store = await openStore(`${folder.path}/metis.db`)
    const counting: Storage = {
      ...store.storage,
      read: (query) => {
        reads += 1
        return store.storage.read(query)
      },
    }
    keys = createKeyStore({ ...store, storage: counting, hash, randomBytes })
    await createIdentityStore(store).createUser({ id: 'ada' }, byTest)
    keyId = (await keys.issue({ name: 'laptop', userId: 'ada' }, byTest)).keyId
    await keys.findForToken(keyId)
    reads = 0
  })
  afterEach(async () => {
    await store.close()
    folder.remove()
  })

  it('reads nothing while nothing changes, turns of its own included', async () => {
    for (let call = 0; call < 5; call++) {
      expect(await keys.findForToken(keyId)).toMatchObject({ revokedUs: null })
      await store.queue.commit([store.storage.db.deleteFrom('inflight').where('turn_id', '=', 'none').compile()])
    }
    expect(reads).toBe(0)
  })

  it('forgets at once what this process changes', async () => {
    await keys.revoke(keyId, byTest)
    expect(await keys.findForToken(keyId)).toMatchObject({ revokedUs: store.clock.nowUs() })
  })

  it.each([
    ['a key revoked', "update gateway_keys set revoked_us = 7 where id = 'KEY'", { revokedUs: 7 }],
    ['a user disabled', "update users set disabled_us = 7 where id = 'ada'", { disabled: { kind: 'user', id: 'ada' } }],
    ['a key removed', "delete from gateway_keys where id = 'KEY'", null],
  ])('forgets at once what another process changes: %s', async (_, statement, expected) => {
    const other = await openSqlite(`${folder.path}/metis.db`)
    await writeWith(other, statement.replace('KEY', keyId))
    const found = await keys.findForToken(keyId)
    if (expected === null) expect(found).toBeNull()
    else expect(found).toMatchObject(expected)
    await other.close()
  })

  it('forgets at once what the other connection of this process changes', async () => {
    await store.storage.db.updateTable('gateway_keys').set({ revoked_us: 7 }).execute()
    expect(await keys.findForToken(keyId)).toMatchObject({ revokedUs: 7 })
  })

  it.each([
    ['stands while the store is away, where nobody listened for a while', {}, { revokedUs: null }],
    ['does not stand when a change was heard of', { heard: 1 }, 'store_unavailable'],
    ['does not stand for ever', { trusts: () => false }, 'store_unavailable'],
  ])('%s', async (_, later, expected) => {
    let version = 1
    let doubt = { heard: 0, sinceMs: 0, trusts: () => true }
    let isAway = false
    const far: Storage = {
      ...store.storage,
      identityVersion: () => version,
      identityDoubt: () => doubt,
      read: async (query) => {
        if (isAway) throw new StorageBusy('gone')
        return await store.storage.read(query)
      },
    }
    const asking = createKeyStore({ ...store, storage: far, hash, randomBytes })
    await asking.findForToken(keyId)
    version += 1
    doubt = { ...doubt, ...later }
    isAway = true
    for (let asked = 0; asked < 2; asked++) {
      const found = asking.findForToken(keyId)
      if (typeof expected === 'string') await expect(found).rejects.toMatchObject({ code: expected })
      else expect(await found).toMatchObject(expected)
    }
    isAway = false
    await keys.revoke(keyId, byTest)
    expect(await asking.findForToken(keyId)).toMatchObject({ revokedUs: store.clock.nowUs() })
  })

  it('asks every time a store that cannot tell', async () => {
    const { identityVersion: _, ...mute } = store.storage
    const asking = createKeyStore({ ...store, storage: mute, hash, randomBytes })
    expect(await asking.findForToken(keyId)).toMatchObject({ revokedUs: null })
    await keys.revoke(keyId, byTest)
    expect(await asking.findForToken(keyId)).toMatchObject({ revokedUs: store.clock.nowUs() })
  })
})

/** As another process would: through a writer of its own. */
async function writeWith(storage: SqliteStorage, sql: string): Promise<void> {
  const { queue } = storeOn(storage)
  const template = storage.db.selectFrom('users').select('id').compile()
  await queue.commit([{ ...template, sql, parameters: [] }])
}
