import { afterAll, beforeAll, expect, it } from 'vitest'
import { createLedgerMetrics } from '../../src/serve/ledger-metrics.ts'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { defer, openStore, silent, temporaryFolder, type OpenStore } from '../store/open-store.ts'

const folder = temporaryFolder()
let store: OpenStore
beforeAll(async () => {
  store = await openStore(`${folder.path}/metis.db`)
})
afterAll(async () => {
  await store.close()
  folder.remove()
})

/** As an isolate sees the ledger whose clock is so far from the others'. */
async function scrape(aheadMs = 0): Promise<readonly string[]> {
  const clock = { ...store.clock, nowUs: () => store.clock.nowUs() + aheadMs * 1000 }
  const answer = await createLedgerMetrics({ storage: store.storage, clock, defer, logger: silent }, '1.2.3')()
  return (await answer.text()).split('\n')
}

it('never lets a counter fall, whichever isolate is asked, and shows no model that only failed', async () => {
  const nowUs = store.clock.nowUs()
  const nothing = { input_tokens: 0, output_tokens: 0, cached_input_tokens: 0, cache_creation_input_tokens: 0, cost_nano_usd: 0 }
  await insertCalls(store.storage, [
    callRow('now', { timestamp_us: nowUs }),
    callRow('in an isolate ahead', { timestamp_us: nowUs + 90_000_000 }),
    callRow('quoted', { timestamp_us: nowUs, model: 'anthropic:a"b\\c\nd', cost_nano_usd: null }),
    callRow('made up', { timestamp_us: nowUs, model: 'anthropic:made-up', status: 'failed', ...nothing }),
  ])
  const lines = await scrape()
  expect(lines).toContain('metis_calls_total 4')
  const haiku = 'gen_ai_provider_name="anthropic",gen_ai_request_model="claude-haiku-4-5"'
  expect(lines).toContain(`metis_cost_nano_usd_total{${haiku}} 2000000`)
  expect(lines).toContain('metis_unpriced_calls_total{gen_ai_provider_name="anthropic",gen_ai_request_model="a\\"b\\\\c\\nd"} 1')
  expect(lines.filter((line) => line.includes('made-up'))).toEqual([])
  expect(await scrape(-60_000)).toEqual(lines)
})
