import { createHash, randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseToken } from '../../src/lib/token.ts'
import { createIdentityStore } from '../../src/store/identities.ts'
import type { IdentityStore } from '../../src/store/identities.ts'
import { createKeyStore } from '../../src/store/keys.ts'
import type { KeyStore } from '../../src/store/keys.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { forgetful, openStore, storeOn, temporaryFolder } from './open-store.ts'
import { onFile } from '../support/test-database.ts'
import type { OpenStore } from './open-store.ts'
import { byTest } from '../support/author.ts'

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

  it('are issued and rotated once, with the token that works, when the store loses its answer and is asked again', async () => {
    const shaky = createKeyStore({ ...storeOn(store.storage, forgetful), hash, randomBytes })
    const issued = await shaky.issue({ name: 'laptop' }, byTest)
    const rotated = await shaky.rotate(issued.keyId, 60_000, byTest)
    const listed = await store.storage.db.selectFrom('gateway_keys').select(['id', 'token_hash']).orderBy('id').execute()
    expect(listed).toEqual([issued, rotated].map((key) => ({ id: key?.keyId, token_hash: hash(key?.token ?? '') })))
    expect(await shaky.rotate(issued.keyId, 60_000, byTest)).toBeNull()
  })

  it('are found by the id inside the token, with all that a request needs', async () => {
    await identities.createTeam({ id: 'core', monthlyCapNanoUsd: 5_000_000_000 }, byTest)
    await identities.createUser({ id: 'ada', teamId: 'core' }, byTest)
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
      byTest,
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
        caps: [{ kind: 'team', id: 'core', scope: 'monthly', limitNanoUsd: 5_000_000_000 }],
        allowUnpriced: false,
        rates: { id: keyId, requestsPerMinute: 60, tokensPerMinute: null, concurrentTurns: null },
        tags: { stage: 'dev' },
      },
      tokenHash: hash(token),
      expiresUs: 99,
      revokedUs: null,
      disabled: null,
    })
  })

  if (onFile)
    it('answer at once on a synchronous driver', async () => {
      const { keyId } = await keys.issue({ name: 'k' }, byTest)
      expect(keys.findForToken(keyId)).toMatchObject({ principal: { keyId, caps: [] } })
      expect(keys.findForToken('gk_unknown')).toBeNull()
      expect(keys.findForToken(`' or 1=1 --`)).toBeNull()
    })

  it('share their user and team with who comes with a token of an issuer, known here or not', async () => {
    await identities.createTeam({ id: 'core', dailyCapNanoUsd: 7 }, byTest)
    await identities.createTeam({ id: 'other', budgetNanoUsd: 9 }, byTest)
    await identities.createUser({ id: 'ada', teamId: 'core', monthlyCapNanoUsd: 5 }, byTest)
    const ofAda = { kind: 'user', id: 'ada', scope: 'monthly', limitNanoUsd: 5 }
    const known = { disabled: null, userIsKnown: true }
    expect(await keys.findOwner('ada', null)).toEqual({
      ...known,
      teamId: 'core',
      caps: [ofAda, { kind: 'team', id: 'core', scope: 'daily', limitNanoUsd: 7 }],
    })
    expect(await keys.findOwner('ada', 'other')).toEqual({
      ...known,
      teamId: 'other',
      caps: [ofAda, { kind: 'team', id: 'other', scope: 'budget', limitNanoUsd: 9 }],
    })
    expect(await keys.findOwner('nobody', 'nowhere')).toEqual({ disabled: null, userIsKnown: false, teamId: 'nowhere', caps: [] })
    await identities.setDisabled('team', 'core', true, byTest)
    expect(await keys.findOwner('ada', null)).toMatchObject({ disabled: { kind: 'team', id: 'core' } })
  })

  it('have no token anywhere in the database', async () => {
    const { token } = await keys.issue({ name: 'k' }, byTest)
    const rows = [
      ...(await store.storage.db.selectFrom('gateway_keys').selectAll().execute()),
      ...(await store.storage.db.selectFrom('events').selectAll().execute()),
    ]
    expect(JSON.stringify(rows)).not.toContain(token)
    expect(JSON.stringify(rows)).not.toContain(token.slice(29))
    expect(JSON.stringify(await keys.list())).not.toContain(hash(token))
  })

  it('are disabled with their user or with their team, and work again when those do', async () => {
    await identities.createTeam({ id: 'core' }, byTest)
    await identities.createUser({ id: 'ada' }, byTest)
    const { keyId } = await keys.issue({ name: 'k', userId: 'ada', teamId: 'core' }, byTest)
    for (const [kind, id] of [
      ['user', 'ada'],
      ['team', 'core'],
    ] as const) {
      expect(await identities.setDisabled(kind, id, true, byTest)).toBe(true)
      expect(await identities.setDisabled(kind, id, true, byTest)).toBe(false)
      expect(await keys.findForToken(keyId)).toMatchObject({ disabled: { kind, id, sinceUs: expect.any(Number) } })
      expect((await keys.list())[0]).toMatchObject({ owner_disabled_us: expect.any(Number) })
      expect(await identities.setDisabled(kind, id, false, byTest)).toBe(true)
      expect(await keys.findForToken(keyId)).toMatchObject({ disabled: null })
    }
    expect(await identities.setDisabled('user', 'nobody', true, byTest)).toBe(false)
  })

  it.each(['userId', 'teamId'] as const)('are refused for an unknown %s, unless it shall be made', async (field) => {
    await expect(keys.issue({ name: 'k', [field]: 'nobody' }, byTest)).rejects.toThrow(StoreError)
    expect(await keys.list()).toEqual([])
    await keys.issue({ name: 'k', [field]: 'nobody', create: true }, byTest)
    const made = field === 'userId' ? await identities.listUsers() : await identities.listTeams()
    expect(made).toMatchObject([{ id: 'nobody', display_name: 'nobody' }])
  })

  it('are revoked once, at once, and both changes are on record', async () => {
    const { keyId } = await keys.issue({ name: 'k', workspace: '/work' }, byTest)
    expect(await keys.revoke(keyId, byTest)).toBe(true)
    expect(await keys.findForToken(keyId)).toMatchObject({ revokedUs: expect.any(Number) })
    expect(await keys.revoke(keyId, byTest)).toBe(false)
    expect(await keys.revoke('gk_unknown', byTest)).toBe(false)
    expect(await audit()).toEqual([
      ['gateway.key_issued', { key_id: keyId, name: 'k', workspace: '/work', user_id: null, team_id: null, ...byTest }],
      ['gateway.key_revoked', { key_id: keyId, ...byTest }],
    ])
  })

  if (onFile)
    it('note their last use at most once a minute', async () => {
      const { keyId } = await keys.issue({ name: 'k' }, byTest)
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

  it('give all they have to their successor, and both work until the grace period ends', async () => {
    const limits = { dailyCapNanoUsd: 5_000_000, requestsPerMinute: 60, allowedModels: ['haiku'], tags: { stage: 'dev' } }
    const old = await keys.issue({ name: 'ci', workspace: '/work', userId: 'ada', create: true, ...limits }, byTest)
    const rotated = await keys.rotate(old.keyId, 60_000, byTest)
    const [before, after] = await keys.list()
    expect(parseToken(rotated?.token ?? '')).toEqual({ keyId: rotated?.keyId })
    const { id: _id, created_us: _created, successor_id: successorId, expires_us: expiresUs, ...kept } = before ?? { id: '' }
    expect(after).toMatchObject({ ...kept, root_id: old.keyId, expires_us: null, successor_id: null })
    expect([successorId, expiresUs]).toEqual([rotated?.keyId, (after?.created_us ?? 0) + 60_000_000])
    expect((await audit()).at(-1)).toEqual([
      'gateway.key_rotated',
      { key_id: old.keyId, successor_id: rotated?.keyId, grace_until: expect.any(String), ...byTest },
    ])
  })

  it('are rotated once, only while they work, and never live longer for it', async () => {
    const expiresUs = store.clock.nowUs() + 10_000_000
    const { keyId } = await keys.issue({ name: 'k', expiresUs }, byTest)
    const next = await keys.rotate(keyId, 60_000, byTest)
    expect((await keys.list()).map((key) => key.expires_us)).toEqual([expiresUs, expiresUs])
    expect(await keys.rotate(keyId, 0, byTest)).toBeNull()
    expect(await keys.rotate('gk_unknown', 0, byTest)).toBeNull()
    const revoked = await keys.issue({ name: 'r' }, byTest)
    await keys.revoke(revoked.keyId, byTest)
    expect(await keys.rotate(revoked.keyId, 0, byTest)).toBeNull()
    const third = await keys.rotate(next?.keyId ?? '', 0, byTest)
    expect((await keys.list()).find((key) => key.id === third?.keyId)).toMatchObject({ root_id: keyId })
    expect((await audit()).filter((event) => JSON.stringify(event).includes('key_rotated'))).toHaveLength(2)
  })

  it('leave every change of a user or team on record: who, from where, what', async () => {
    await identities.createTeam({ id: 'core', dailyCapNanoUsd: 2_000_000_000 }, byTest)
    expect(await identities.setCaps('team', 'core', { dailyNanoUsd: null, monthlyNanoUsd: 9_000_000_000 }, byTest)).toBe(true)
    expect(await identities.setCaps('team', 'nobody', { dailyNanoUsd: 1 }, byTest)).toBe(false)
    await identities.setDisabled('team', 'core', true, byTest)
    expect(await identities.findTeam('core')).toMatchObject({ daily_cap_nano_usd: null, monthly_cap_nano_usd: 9_000_000_000 })
    const about = { kind: 'team', id: 'core', ...byTest }
    expect((await audit()).map((event) => (Array.isArray(event) ? event[1] : null))).toEqual([
      { ...about, change: 'created', daily_cap_usd: 2, monthly_cap_usd: null, budget_usd: null },
      { ...about, change: 'caps_set', daily_cap_usd: null, monthly_cap_usd: 9 },
      { ...about, change: 'disabled' },
    ])
  })

  it('keep identities apart: an id is taken once', async () => {
    await identities.createUser({ id: 'ada', displayName: 'Ada' }, byTest)
    await expect(identities.createUser({ id: 'ada' }, byTest)).rejects.toThrow(`there is a user 'ada' already`)
    expect(await identities.findUser('ada')).toMatchObject({ display_name: 'Ada' })
    expect(await identities.findTeam('ada')).toBeNull()
  })
})
