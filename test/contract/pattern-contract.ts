// What the pattern slot's memory promises, on every database: the latest turns, and what was learned of them since.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommitQueue } from '../../src/store/commit-queue.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createPatternStore, giveFeedback, type PatternStore, type Sample } from '../../src/store/patterns.ts'
import type { Storage } from '../../src/store/storage.ts'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { defer, silent, temporaryFolder } from '../store/open-store.ts'
import { fakeClock, type FakeClock } from '../support/fake-clock.ts'
import type { OpenStorage } from './storage-contract.ts'

const fingerprint = {
  sizeClass: 1,
  hasTools: false,
  hasImages: false,
  hasHistory: true,
  isQuestion: true,
  shingles: Array.from({ length: 64 }, (_, index) => index * 1000),
}
const sample = (turnId: string, more: Partial<Sample> = {}): Sample => ({
  turnId,
  fingerprint,
  model: 'anthropic:claude-haiku-4-5',
  outcome: 1,
  costNanoUsd: 1_234_567_890_123,
  ...more,
})

export function patternContract(name: string, { open }: OpenStorage): void {
  describe(`what the pattern slot remembers on ${name}`, () => {
    let folder = temporaryFolder()
    let storage: Storage
    let clock: FakeClock
    let parts: Parameters<typeof createPatternStore>[0]
    let store: PatternStore

    beforeEach(async () => {
      folder = temporaryFolder()
      storage = await open(folder.path)
      await migrate(storage)
      clock = fakeClock()
      const queue = createCommitQueue({ storage, clock, defer, logger: silent, random: () => 0.5 })
      parts = { storage, queue, clock }
      store = createPatternStore(parts)
    })
    afterEach(async () => {
      await storage.close()
      folder.remove()
    })

    it('is what it was told, and only once', async () => {
      const unpriced = sample('turn-2', { costNanoUsd: null, outcome: 0.3 })
      await store.add(sample('turn-1'))
      await clock.advance(1)
      await store.add(unpriced)
      await store.add(sample('turn-1', { outcome: 0 }))
      expect(await store.read(0, 10)).toEqual([sample('turn-1'), unpriced])
    })

    it('are the latest when there are more, and those of which something was learned since', async () => {
      for (const turnId of ['turn-1', 'turn-2', 'turn-3']) {
        await store.add(sample(turnId))
        await clock.advance(1000)
      }
      expect((await store.read(0, 2)).map(({ turnId }) => turnId)).toEqual(['turn-2', 'turn-3'])
      const sinceUs = clock.nowUs()
      expect(await store.read(sinceUs, 10)).toEqual([])
      await store.judge('turn-1', 0.2)
      expect(await store.read(sinceUs, 10)).toEqual([sample('turn-1', { outcome: 0.2 })])
    })

    it('is what people say before anything else, their last word, and of turns on record only', async () => {
      await insertCalls(storage, [callRow('turn-1')])
      await store.add(sample('turn-1'))
      await clock.advance(1000)
      const sinceUs = clock.nowUs()
      expect(await giveFeedback(parts, 'turn-1', 0)).toBe(true)
      expect(await giveFeedback(parts, 'turn-1', 0.5)).toBe(true)
      await store.judge('turn-1', 0.2)
      expect(await store.read(sinceUs, 10)).toEqual([sample('turn-1', { outcome: 0.5 })])
      expect(await giveFeedback(parts, 'turn-of-nobody', 1)).toBe(false)
    })

    it('is forgotten after 90 days', async () => {
      await store.add(sample('turn-1'))
      await clock.advance(91 * 86_400_000)
      await createPatternStore(parts).add(sample('turn-2'))
      expect((await store.read(0, 10)).map(({ turnId }) => turnId)).toEqual(['turn-2'])
    })
  })
}
