// What has been spent, from the hourly sums of a real database, and what is left, from what is counted of caps.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createIdentityStore } from '../../src/store/identities.ts'
import { createSpendReader, type SpendReader } from '../../src/store/spend.ts'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { byTest } from '../support/author.ts'
import { fakeClock, type FakeClock } from '../support/fake-clock.ts'
import { openStore, temporaryFolder, type OpenStore } from './open-store.ts'

const us = (date: string): number => Date.parse(date) * 1000

describe('what was spent', () => {
  let folder = temporaryFolder()
  let store: OpenStore
  let clock: FakeClock
  let reader: SpendReader
  let queries = 0

  beforeEach(async () => {
    folder = temporaryFolder()
    store = await openStore(`${folder.path}/metis.db`)
    // 2026-11-23 12:00 UTC.
    clock = fakeClock()
    queries = 0
    const { db } = store.storage
    reader = createSpendReader(
      {
        get db() {
          queries += 1
          return db
        },
      },
      clock,
    )
    const call = (id: string, at: string, cost: number, team: string | null, user: string | null) =>
      callRow(id, {
        timestamp_us: us(at),
        cost_nano_usd: cost,
        team_id: team,
        user_id: user,
        gateway_key_id: `gk_${user ?? 'none'}`,
      })
    await insertCalls(store.storage, [
      call('1', '2026-10-31T23:59:59Z', 1000, 'web', 'ada'),
      call('2', '2026-11-01T00:00:00Z', 100, 'web', 'ada'),
      call('3', '2026-11-22T23:59:59Z', 10, 'web', 'bob'),
      call('4', '2026-11-23T00:00:00Z', 3, 'web', 'ada'),
      call('5', '2026-11-23T11:00:00Z', 2, 'ops', 'bob'),
      call('6', '2026-11-23T11:30:00Z', 1, null, null),
    ])
    const identities = createIdentityStore({ ...store, clock })
    await identities.createTeam({ id: 'web' }, byTest)
    await identities.createUser({ id: 'ada' }, byTest)
    await identities.setCaps('team', 'web', { dailyNanoUsd: 10, monthlyNanoUsd: 115 }, byTest)
    await identities.setCaps('user', 'ada', { dailyNanoUsd: 2 }, byTest)
  })
  afterEach(async () => {
    await store.close()
    folder.remove()
  })

  it('is nothing that was read before the first time', () => {
    expect(reader.current()).toBeNull()
  })

  it('is counted by day and month in UTC, for everybody, keys, users and teams', async () => {
    await reader.refresh()
    const spend = reader.current()
    expect(spend?.today('all', '')).toBe(6)
    expect([spend?.today('team', 'web'), spend?.month('team', 'web')]).toEqual([3, 113])
    expect([spend?.today('user', 'bob'), spend?.month('user', 'bob')]).toEqual([2, 12])
    expect([spend?.today('key', 'gk_ada'), spend?.month('key', 'gk_ada')]).toEqual([3, 103])
    expect([spend?.today('user', null), spend?.month('team', 'nobody')]).toEqual([0, 0])
  })

  it('leaves of a budget what the tightest cap leaves', async () => {
    await reader.refresh()
    const spend = reader.current()
    expect(spend?.budgetOf('team', 'web')).toEqual({ leftNanoUsd: 2, leftShare: 2 / 115 })
    expect(spend?.budgetOf('user', 'ada')).toEqual({ leftNanoUsd: -1, leftShare: 0 })
    expect([spend?.budgetOf('team', 'ops'), spend?.budgetOf('user', null)]).toEqual([null, null])
  })

  it('leaves of a one-off budget what was not spent since it was given', async () => {
    await createIdentityStore({ ...store, clock }).setCaps('team', 'web', { budgetNanoUsd: 50 }, byTest)
    await reader.refresh()
    expect(reader.current()?.budgetOf('team', 'web')).toEqual({ leftNanoUsd: 2, leftShare: 2 / 115 })
    await store.queue.commit([
      store.storage.db.updateTable('quotas').set({ spent_nano_usd: 49 }).where('scope', '=', 'budget').compile(),
    ])
    await clock.advance(60_000)
    await reader.refresh()
    expect(reader.current()?.budgetOf('team', 'web')).toEqual({ leftNanoUsd: 1, leftShare: 2 / 115 })
  })

  it('is asked once in three seconds, and earlier days once a day', async () => {
    await reader.refresh()
    const first = queries
    expect(reader.refresh()).toBeNull()
    await clock.advance(2_999)
    expect(reader.refresh()).toBeNull()
    expect(queries).toBe(first)
    await clock.advance(60_000)
    await reader.refresh()
    expect(queries).toBe(2 * first - 1)
  })

  it('is renewed behind the back of whoever can go on with what is known', async () => {
    await reader.refresh()
    await insertCalls(store.storage, [
      callRow('7', { timestamp_us: us('2026-11-23T11:45:00Z'), cost_nano_usd: 50, team_id: 'ops' }),
    ])
    await clock.advance(4_000)
    expect(reader.refresh()).toBeNull()
    await expect.poll(() => reader.current()?.today('team', 'ops')).toBe(52)
  })

  it('turns over at midnight', async () => {
    await reader.refresh()
    clock.setWallUs(us('2026-11-24T00:00:01Z'))
    await reader.refresh()
    const spend = reader.current()
    expect([spend?.today('team', 'web'), spend?.month('team', 'web')]).toEqual([0, 113])
    clock.setWallUs(us('2026-12-01T00:00:01Z'))
    await reader.refresh()
    expect(reader.current()?.month('team', 'web')).toBe(0)
  })
})
