// A person's data and the end of it, on every database: all of theirs and nobody else's, then a pseudonym and the same sums.
import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { CommitQueue } from '../../src/store/commit-queue.ts'
import { forgetUser } from '../../src/store/forget-user.ts'
import { createIdentityStore } from '../../src/store/identities.ts'
import { createKeyStore } from '../../src/store/keys.ts'
import { createPatternStore } from '../../src/store/patterns.ts'
import { rebuild } from '../../src/store/rebuild.ts'
import type { Storage } from '../../src/store/storage.ts'
import { createTurnStatements } from '../../src/store/turn-statements.ts'
import { closeUnit, openUnit } from '../../src/store/turn-units.ts'
import { readUserData, type UserRecord } from '../../src/store/user-data.ts'
import { turnOf, type TurnShape } from '../support/turns.ts'
import type { OpenStorage } from './storage-contract.ts'
import { storeForEach } from './store-for-each.ts'

export function userDataContract(name: string, opener: OpenStorage): void {
  describe(`a person's data on ${name}`, () => {
    const by = { actor: 'admin', origin: 'cli' }
    let storage: Storage
    let queue: CommitQueue
    const { clock, newId } = storeForEach(opener, (made) => {
      storage = made.storage
      queue = made.queue
    })

    const parts = () => ({ storage, queue, clock, newId })
    const begin = (number: number, shape: TurnShape) =>
      queue.commit(openUnit(createTurnStatements(storage.db), turnOf(number, shape).opened, 'one'))
    const end = (number: number, shape: TurnShape) =>
      queue.commit(closeUnit(createTurnStatements(storage.db), turnOf(number, shape).closed))
    async function play(...shapes: readonly TurnShape[]): Promise<void> {
      for (const [number, shape] of shapes.entries()) {
        await begin(number + 1, shape)
        await end(number + 1, shape)
      }
    }
    const messagesOf = (turnId: string) => ({
      turn_id: turnId,
      created_us: 1,
      request_text: turnId === 'turn-1' ? 'I am Ada' : 'I am Bob',
      answer_text: '[]',
    })
    async function seed(): Promise<void> {
      await createIdentityStore(parts()).createUser(
        { id: 'ada', displayName: 'Ada Lovelace', dailyCapNanoUsd: 5_000_000_000 },
        by,
      )
      const hash = (text: string) => createHash('sha256').update(text).digest('hex')
      const keys = createKeyStore({ ...parts(), hash, randomBytes })
      const { keyId } = await keys.issue(
        { name: 'ada-laptop', workspace: '/home/ada', userId: 'ada', tags: { desk: 'ada-7' } },
        by,
      )
      await keys.change(keyId, { name: 'ada-desktop' }, by)
      const subject = `session:${keyId}/ada-session`
      await storage.db.insertInto('brakes').values({ subject, reason: 'spend', since_us: 1 }).execute()
      const quota = { period_us: 0, spent_nano_usd: 5, reserved_nano_usd: 0, alerted_percent: 80, last_turn_id: '' }
      await storage.db
        .insertInto('quotas')
        .values({ kind: 'user', id: 'ada', scope: 'daily', ...quota })
        .execute()
      await storage.db.insertInto('turn_messages').values(['turn-1', 'turn-2'].map(messagesOf)).execute()
      await play(
        { userId: 'ada' },
        { userId: 'bob' },
        { userId: 'ada', hour: 3, costNanoUsd: 7 },
        { userId: 'ada', end: 'failed' },
      )
    }
    const tables = [
      'events',
      'calls',
      'usage_hourly',
      'users',
      'gateway_keys',
      'quotas',
      'brakes',
      'inflight',
      'turn_messages',
    ] as const
    const everything = async () => {
      const rows = await Promise.all(tables.map((table) => storage.db.selectFrom(table).selectAll().execute()))
      return rows.flatMap((table) => table.map((row) => JSON.stringify(row)).toSorted()).join('\n')
    }
    const sumsOf = (table: 'calls' | 'usage_hourly') =>
      storage.db
        .selectFrom(table)
        .select([
          'model',
          'project',
          'branch',
          ({ fn }) => fn.sum('cost_nano_usd').as('cost'),
          ({ fn }) => fn.sum('input_tokens').as('input'),
        ])
        .groupBy(['model', 'project', 'branch'])
        .execute()
    const sums = async () => [await sumsOf('calls'), await sumsOf('usage_hourly')]
    async function recordsOf(id: string): Promise<readonly UserRecord[]> {
      const records: UserRecord[] = []
      for await (const record of (await readUserData(storage.db, id)) ?? []) records.push(record)
      return records
    }

    it('is all of theirs and nobody else’s', async () => {
      await seed()
      const records = await recordsOf('ada')
      const count = (kind: UserRecord['kind']) => records.filter((record) => record.kind === kind).length
      expect((['user', 'key', 'call', 'turn_messages'] as const).map(count)).toEqual([1, 1, 3, 1])
      expect(JSON.stringify(records)).not.toMatch(/token_hash|"bob"/)
      expect(await readUserData(storage.db, 'eve')).toBeNull()
    })

    it('leads back to nobody once it is forgotten, with the same sums, which a rebuild makes again', async () => {
      await seed()
      const before = await sums()
      const forgotten = await forgetUser(parts(), 'ada', by)
      expect(forgotten).toMatchObject({ pseudonym: expect.stringMatching(/^forgotten-/), calls: 3, keys: 1, runningTurns: 0 })
      // One hash of a token in seventy has the letters `ada` in it.
      expect((await everything()).replaceAll(/[0-9a-f]{64}/g, '')).not.toMatch(/ada|Ada|"session-[134]"/)
      expect(await sums()).toEqual(before)
      expect(await everything()).toContain('I am Bob')
      const after = await everything()
      await rebuild({ storage, queue })
      expect(await everything()).toBe(after)
      expect(await forgetUser(parts(), 'ada', by)).toMatchObject({ pseudonym: null, calls: 0, events: 0 })
    })

    it('takes what the pattern slot learned of their turns, and of nobody else’s', async () => {
      await play({ userId: 'ada' }, { userId: 'bob' })
      const patterns = createPatternStore(parts())
      const [first, second] = await storage.db.selectFrom('calls').select(['turn_id', 'user_id']).orderBy('user_id').execute()
      const print = { sizeClass: 0, hasTools: false, hasImages: false, hasHistory: false, isQuestion: true, shingles: [1] }
      for (const call of [first, second])
        await patterns.add({ turnId: call?.turn_id ?? '', fingerprint: print, model: 'a:b', outcome: 1, costNanoUsd: null })
      await forgetUser(parts(), 'ada', by)
      expect((await patterns.read(0, 10)).map(({ turnId }) => turnId)).toEqual([second?.turn_id])
    })

    it('of somebody whom only an issuer of tokens knows is exported and forgotten too', async () => {
      await play({ userId: 'ada', keyId: null })
      expect((await recordsOf('ada')).map(({ kind }) => kind)).toEqual(['user', 'call', 'event', 'event', 'event'])
      expect(await forgetUser(parts(), 'ada', by)).toMatchObject({ calls: 1, events: 3, keys: 0 })
      expect(await everything()).not.toMatch(/"ada"/)
    })

    it('that a running call adds after it was forgotten is told of, and gone with a second run', async () => {
      await seed()
      await begin(9, { userId: 'ada' })
      expect(await forgetUser(parts(), 'ada', by)).toMatchObject({ runningTurns: 1 })
      await end(9, { userId: 'ada' })
      expect(await everything()).toContain('"ada"')
      const before = await sums()
      expect(await forgetUser(parts(), 'ada', by)).toMatchObject({ calls: 1, events: 2, runningTurns: 0 })
      expect(await everything()).not.toContain('"ada"')
      expect(await sums()).toEqual(before)
    })
  })
}
