// What goes into the ledger late and out of it early, on every database: imports, new prices, prunes, rebuilds and the proof.
import { describe, expect, it } from 'vitest'
import { proveLedger } from '../../src/analytics/ledger/prove.ts'
import { createPriceCatalog } from '../../src/catalog/price-catalog.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import type { CommitQueue } from '../../src/store/commit-queue.ts'
import type { ImportedCall } from '../../src/store/imports/imported-call.ts'
import { writeImported } from '../../src/store/imports/write.ts'
import { createIdentityStore } from '../../src/store/identities.ts'
import { hourStartOf, remakeHour } from '../../src/store/projections.ts'
import { prune } from '../../src/store/prune.ts'
import { rebuild } from '../../src/store/rebuild.ts'
import { reprice } from '../../src/store/reprice.ts'
import type { Storage } from '../../src/store/storage.ts'
import { createTurnStatements } from '../../src/store/turn-statements.ts'
import { closeUnit, openUnit } from '../../src/store/turn-units.ts'
import { byTest } from '../support/author.ts'
import { turnOf, type TurnShape } from '../support/turns.ts'
import type { OpenStorage } from './storage-contract.ts'
import { storeForEach } from './store-for-each.ts'

export function archiveContract(name: string, opener: OpenStorage): void {
  describe(`the past on ${name}`, () => {
    let storage: Storage
    let queue: CommitQueue
    const { clock, newId } = storeForEach(opener, (made) => {
      storage = made.storage
      queue = made.queue
    })

    const pricesOf = (usd: number) => {
      const price = { input: usd, output: usd, cache_read: usd, cache_write: usd }
      return createPriceCatalog(resolveConfig({ file: { prices: { 'anthropic:*': price } }, env: {}, presets: [] }))
    }
    const parts = (usd = 1) => ({ storage, queue, clock, newId, prices: pricesOf(usd) })
    const proof = async () => (await proveLedger({ storage, prices: pricesOf(1), nowUs: clock.nowUs() })).faults
    const calls = () => storage.db.selectFrom('calls').selectAll().orderBy('turn_id').execute()
    const countOf = async (type: string) =>
      (await storage.db.selectFrom('events').select('id').where('type', '=', type).execute()).length

    async function play(number: number, shape: TurnShape): Promise<void> {
      const statements = createTurnStatements(storage.db)
      const { opened, closed } = turnOf(number, shape)
      await queue.commit(openUnit(statements, opened, 'instance'))
      await queue.commit(closeUnit(statements, closed))
    }

    const logged = (number: number, output: number): ImportedCall => ({
      client: 'claude-code',
      callId: `call ${number}`,
      sessionId: `log ${number % 3}`,
      requestId: `request ${number}`,
      provider: 'anthropic',
      model: 'claude-of-a-log',
      timestampUs: Date.UTC(2026, 0, 2, number % 5, number) * 1000,
      latencyMs: 10.5,
      usage: { inputUncached: 10, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, output },
      stopReason: null,
      toolCalls: 0,
      costUsd: null,
      cwd: '/srv/x',
      branch: null,
    })
    /** Of rows as they are: a rebuild would make them again from events first. */
    const rebuildHours = () =>
      queue.commit(remakeHour(hourStartOf(clock.nowUs() - 1000)).map((statement) => statement.compile(storage.db)))
    const nobody = { userId: null, teamId: null, dryRun: false }

    it('imports once, however often, and at one time', async () => {
      const log = Array.from({ length: 60 }, (_, number) => logged(number, number))
      const once = writeImported(parts(), log, nobody)
      const again = writeImported(parts(), log, nobody)
      await Promise.all([once, again])
      expect(await writeImported(parts(), log, nobody)).toMatchObject({ written: 0, known: 60 })
      expect(await calls()).toHaveLength(60)
      expect(await proof()).toEqual([])
    })

    it('reprices once when two do it at one time, and moves each cap once, and none for what was imported', async () => {
      for (const number of [1, 2, 3]) await play(number, { model: 'anthropic:of-the-wire', costNanoUsd: null })
      await writeImported(parts(), [logged(1, 5)], { ...nobody, userId: 'ada' })
      const dayUs = Date.UTC(2026, 0, 1) * 1000
      const quota = { kind: 'user', id: 'ada', reserved_nano_usd: 0, spent_nano_usd: 0, alerted_percent: 0, last_turn_id: '' }
      await storage.db
        .insertInto('quotas')
        .values([
          { ...quota, scope: 'daily', period_us: dayUs },
          { ...quota, scope: 'daily', period_us: dayUs + 86_400_000_000 },
        ])
        .execute()
      const options = { sinceUs: 0, dryRun: false, by: byTest }
      await Promise.all([reprice(parts(2), options), reprice(parts(2), options)])
      expect(await countOf('cost.adjusted')).toBe(4)
      const spent = await storage.db.selectFrom('quotas').select('spent_nano_usd').orderBy('period_us').execute()
      expect(spent.map((row) => row.spent_nano_usd)).toEqual([3 * 127 * 2000, 0])
      expect(await proof()).toEqual([])
    })

    it('begins a cap with what was called, and with nothing that was imported', async () => {
      const identities = createIdentityStore({ storage, queue, clock, newId })
      await identities.createUser({ id: 'ada', displayName: 'Ada', teamId: null }, byTest)
      const lately = { timestampUs: clock.nowUs() - 1000 }
      await writeImported(parts(), [{ ...logged(1, 5), ...lately }], { ...nobody, userId: 'ada' })
      await play(1, { costNanoUsd: 7 })
      await storage.db.updateTable('calls').set({ timestamp_us: lately.timestampUs }).where('turn_id', '=', 'turn-1').execute()
      await rebuildHours()
      await identities.setCaps('user', 'ada', { dailyNanoUsd: 1000, monthlyNanoUsd: 1000 }, byTest)
      const rows = await storage.db.selectFrom('quotas').select(['scope', 'spent_nano_usd']).orderBy('scope').execute()
      expect(rows).toEqual([
        { scope: 'daily', spent_nano_usd: 7 },
        { scope: 'monthly', spent_nano_usd: 7 },
      ])
    })

    it('prunes and imports again without a change to any call', async () => {
      for (const number of [1, 2]) await play(number, {})
      await writeImported(parts(), [logged(1, 5)], nobody)
      const before = await calls()
      await Promise.all([prune(parts(), clock.nowUs(), byTest), prune(parts(), clock.nowUs(), byTest)])
      expect(await countOf('llm.call_completed')).toBe(0)
      await writeImported(parts(9), [logged(1, 5)], nobody)
      expect(await calls()).toEqual(before)
      expect(await proof()).toEqual([])
    })

    it('keeps the new price when a rebuild runs while calls are repriced', async () => {
      for (const number of [1, 2, 3]) await play(number, { costNanoUsd: null, model: 'anthropic:of-the-wire' })
      // Between what the rebuild has read and what it writes.
      let repriced: Promise<unknown> | null = null
      const late: Pick<CommitQueue, 'commit'> = {
        commit: async (...asked) => {
          repriced ??= reprice(parts(2), { sinceUs: 0, dryRun: false, by: byTest })
          await repriced
          return queue.commit(...asked)
        },
      }
      await rebuild({ storage, queue: { ...queue, ...late } })
      expect(await proof()).toEqual([])
    })

    it('proves a call whose model is called by what no column of text holds', async () => {
      await play(1, { model: 'anthropic:a\0b' })
      await play(2, { model: 'anthropic:x\uD800y' })
      await play(3, { model: 'anthropic:\u{1F600}' })
      expect(await proof()).toEqual([])
    })
  })
}
