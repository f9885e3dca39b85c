// What prune takes of caps: what was spent in days and months that are long over, and nothing that still counts.
import { expect, it } from 'vitest'
import { prune } from '../../src/store/prune.ts'
import { byTest } from '../support/author.ts'
import { openStore, temporaryFolder } from './open-store.ts'

const dayUs = 86_400_000_000

it('forgets what was spent of caps in periods that ended before, and leaves budgets and what running turns hold', async () => {
  const folder = temporaryFolder()
  const store = await openStore(`${folder.path}/metis.db`)
  const beforeUs = 100 * dayUs
  const quota = (scope: string, day: number, reserved = 0) => ({
    kind: 'user',
    id: 'ada',
    scope,
    period_us: day * dayUs,
    spent_nano_usd: 1,
    reserved_nano_usd: reserved,
    alerted_percent: 0,
    last_turn_id: '',
  })
  const kept = [quota('budget', 0), quota('daily', 20, 5), quota('daily', 100), quota('monthly', 70)]
  const gone = [quota('daily', 10), quota('daily', 68), quota('monthly', 40)]
  await store.storage.db
    .insertInto('quotas')
    .values([...kept, ...gone])
    .execute()
  await prune(store, beforeUs, byTest)
  const rows = await store.storage.db.selectFrom('quotas').selectAll().orderBy('scope').orderBy('period_us').execute()
  expect(rows).toEqual(kept)
  await store.close()
  folder.remove()
})
