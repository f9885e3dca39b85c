import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseToken } from '../../src/lib/token.ts'
import { createIdentityStore } from '../../src/store/identities.ts'
import type { IdentityStore } from '../../src/store/identities.ts'
import { createKeyStore } from '../../src/store/keys.ts'
import type { KeyStore } from '../../src/store/keys.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { openStore, temporaryFolder } from './open-store.ts'
import type { OpenStore } from './open-store.ts'

const hash = (text: string): string => createHash('sha256').update(text).digest('hex')

describe('gateway keys', () => {
  let folder = temporaryFolder()
  let store: OpenStore
  let keys: KeyStore
  let identities: IdentityStore
  const audit = async (): Promise<readonly unknown[]> => {
    const events = await store.storage.db.selectFrom('events').select(['type', 'payload_json']).orderBy('id').execute()
    return events.map((event): unknown => [event.type, JSON.parse(event.payload_json)])
  }

  beforeEach(async () => {
    folder = temporaryFolder()
    store = await openStore(`${folder.path}/metis.db`)
    keys = createKeyStore({ ...store, hash, randomBytes })
    identities = createIdentityStore(store)
  })
  afterEach(async () => {
    await store.close()
    folder.remove()
  })

  it('are found by the id inside the token, with all that a request needs', async () => {
    await identities.createTeam({ id: 'core', monthlyCapNanoUsd: 5_000_000_000 })
    await identities.createUser({ id: 'ada', teamId: 'core' })
    const { keyId, token } = await keys.issue(
      {
        name: 'laptop',
        workspace: '/work',
        userId: 'ada',
        allowedModels: ['anthropic:*'],
        tags: { stage: 'dev' },
        requestsPerMinute: 60,
        expiresUs: 99,
        logMessages: true,
      },
      'cli',
    )
    expect(parseToken(token)).toEqual({ keyId })
    expect(await keys.findForToken(keyId)).toEqual({
      principal: {
        keyId,
        keyName: 'laptop',
        userId: 'ada',
        teamId: 'core',
        workspace: '/work',
        allowedModels: ['anthropic:*'],
        ignoreClientModel: false,
        logMessages: true,
        hasHardCap: true,
        tags: { stage: 'dev' },
      },
      tokenHash: hash(token),
      expiresUs: 99,
      revokedUs: null,
      disabled: false,
      requestsPerMinute: 60,
      tokensPerMinute: null,
      caps: {
        key: { dailyNanoUsd: null, monthlyNanoUsd: null },
        user: { dailyNanoUsd: null, monthlyNanoUsd: null },
        team: { dailyNanoUsd: null, monthlyNanoUsd: 5_000_000_000 },
      },
    })
  })

  it('answer at once on a synchronous driver', async () => {
    const { keyId } = await keys.issue({ name: 'k' }, 'cli')
    expect(keys.findForToken(keyId)).toMatchObject({ principal: { keyId, hasHardCap: false } })
    expect(keys.findForToken('gk_unknown')).toBeNull()
    expect(keys.findForToken(`' or 1=1 --`)).toBeNull()
  })

  it('have no token anywhere in the database', async () => {
    const { token } = await keys.issue({ name: 'k' }, 'cli')
    const rows = [
      ...(await store.storage.db.selectFrom('gateway_keys').selectAll().execute()),
      ...(await store.storage.db.selectFrom('events').selectAll().execute()),
    ]
    expect(JSON.stringify(rows)).not.toContain(token)
    expect(JSON.stringify(rows)).not.toContain(token.slice(29))
    expect(JSON.stringify(await keys.list())).not.toContain(hash(token))
  })

  it('are disabled with their user or with their team', async () => {
    await identities.createTeam({ id: 'core' })
    await identities.createUser({ id: 'ada' })
    const { keyId } = await keys.issue({ name: 'k', userId: 'ada', teamId: 'core' }, 'cli')
    for (const table of ['users', 'teams'] as const) {
      await store.storage.db.updateTable(table).set({ disabled_us: 5 }).execute()
      expect(await keys.findForToken(keyId)).toMatchObject({ disabled: true })
      await store.storage.db.updateTable(table).set({ disabled_us: null }).execute()
      expect(await keys.findForToken(keyId)).toMatchObject({ disabled: false })
    }
  })

  it.each(['userId', 'teamId'] as const)('are refused for an unknown %s, unless it shall be made', async (field) => {
    await expect(keys.issue({ name: 'k', [field]: 'nobody' }, 'cli')).rejects.toThrow(StoreError)
    expect(await keys.list()).toEqual([])
    await keys.issue({ name: 'k', [field]: 'nobody', create: true }, 'cli')
    const made = field === 'userId' ? await identities.listUsers() : await identities.listTeams()
    expect(made).toMatchObject([{ id: 'nobody', display_name: 'nobody' }])
  })

  it('are revoked once, at once, and both changes are on record', async () => {
    const { keyId } = await keys.issue({ name: 'k', workspace: '/work' }, 'cli')
    expect(await keys.revoke(keyId, 'ada')).toBe(true)
    expect(await keys.findForToken(keyId)).toMatchObject({ revokedUs: expect.any(Number) })
    expect(await keys.revoke(keyId, 'ada')).toBe(false)
    expect(await keys.revoke('gk_unknown', 'ada')).toBe(false)
    expect(await audit()).toEqual([
      ['gateway.key_issued', { key_id: keyId, name: 'k', workspace: '/work', user_id: null, team_id: null, actor: 'cli' }],
      ['gateway.key_revoked', { key_id: keyId, actor: 'ada' }],
    ])
  })

  it('note their last use at most once a minute', async () => {
    const { keyId } = await keys.issue({ name: 'k' }, 'cli')
    const lastUsed = async () => {
      await store.queue.idle()
      return (await keys.list())[0]?.last_used_us
    }
    keys.touch(keyId)
    const first = await lastUsed()
    await store.clock.sleep(59_000)
    keys.touch(keyId)
    expect(await lastUsed()).toBe(first)
    await store.clock.sleep(2000)
    keys.touch(keyId)
    expect(await lastUsed()).toBe((first ?? 0) + 61_000_000)
  })

  it('keep identities apart: an id is taken once', async () => {
    await identities.createUser({ id: 'ada', displayName: 'Ada' })
    await expect(identities.createUser({ id: 'ada' })).rejects.toThrow(`there is a user 'ada' already`)
    expect(await identities.findUser('ada')).toMatchObject({ display_name: 'Ada' })
    expect(await identities.findTeam('ada')).toBeNull()
  })
})
