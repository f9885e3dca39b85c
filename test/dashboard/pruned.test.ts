// What a prune took is said on the tabs that would count it: nobody takes what is missing for nothing.
import { afterAll, beforeAll, expect, describe, it } from 'vitest'
import { auditEvent } from '../../src/store/audit.ts'
import { eventRowOf } from '../../src/store/turn-statements.ts'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { openDashboard, type OpenDashboard } from './support/open-dashboard.ts'

const since = 'since Nov 22, 2026, 00:00:00; what was before is pruned'

describe.skipIf(noBrowser)(`a pruned past${withoutBrowser}`, () => {
  let dashboard: OpenDashboard
  beforeAll(async () => {
    dashboard = await openDashboard()
    const { storage, clock } = dashboard.serve
    await insertCalls(storage, [callRow('1', { timestamp_us: clock.nowUs() - 3_600_000_000 })])
    const stamp = { id: '01KAPRUNED0000000000000000', timestampUs: clock.nowUs() }
    const pruned = auditEvent(
      'trace.pruned',
      { before_us: Date.parse('2026-11-22T00:00:00Z') * 1000, turns: 1, events: 3 },
      stamp,
    )
    await storage.db.insertInto('events').values(eventRowOf(pruned)).execute()
  })
  afterAll(async () => {
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  it.each([
    ['reliability', '#ends', '#refusals'],
    ['routing', '#decisions', '#rejections'],
  ])('is told on %s, unless the window begins after it', async (tab, figures, table) => {
    const page = await dashboard.open(`?tab=${tab}`)
    await page.locator(figures, { hasText: since }).waitFor()
    await page.locator(table, { hasText: since }).waitFor()
    await page.getByRole('button', { name: '24 h' }).click()
    await page.getByText(since).first().waitFor({ state: 'detached' })
    expect(await page.getByText('is pruned').count()).toBe(0)
    await page.context().close()
  })
})
