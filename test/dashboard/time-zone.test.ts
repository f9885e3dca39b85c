// The reader's time zone: days of the chart and of a window of one's own, and every clock.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { openDashboard, type OpenDashboard } from './support/open-dashboard.ts'

/** One call, at 2026-11-20 20:05 UTC: on the 20th in New York, on the 21st in Kolkata and in Auckland. */
const calledUs = Date.parse('2026-11-20T20:05:00Z') * 1000

const zones = [
  ['America/New_York', 'Friday 20 Nov 2026', '15:05:00', '2026-11-20T05:00:00.000Z', null],
  ['Asia/Kolkata', 'Saturday 21 Nov 2026', '01:35:00', '2026-11-19T18:30:00.000Z', 'the one that holds midnight'],
  ['Pacific/Auckland', 'Saturday 21 Nov 2026', '09:05:00', '2026-11-19T11:00:00.000Z', null],
] as const

describe.skipIf(noBrowser)(`time zones${withoutBrowser}`, () => {
  let dashboard: OpenDashboard
  beforeAll(async () => {
    dashboard = await openDashboard()
    await insertCalls(dashboard.serve.storage, [callRow('1', { timestamp_us: calledUs })])
  })
  afterAll(async () => {
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  it.each(zones)('%s has days and clocks of its own', async (timezoneId, day, clock, startOfThe20th, caption) => {
    const page = await dashboard.open('', { timezoneId })
    await page.getByRole('button', { name: 'Show as table' }).click()
    const bar = page.locator('#spend-table tbody tr', { hasText: '$0.00100' })
    expect(await bar.locator('th').innerText()).toBe(day)
    await page.getByRole('button', { name: 'Show as table' }).click()
    await page.locator('#spend svg').waitFor()
    expect(await page.locator('#spend figcaption').allInnerTexts()).toEqual(
      caption === null ? [] : [expect.stringContaining(caption)],
    )
    await page.getByRole('link', { name: 'Activity' }).click()
    expect(await page.locator('#recent-turns tbody th').innerText()).toContain(clock)
    await page.getByRole('button', { name: 'Custom' }).click()
    await page.getByLabel('from').fill('2026-11-20')
    await page.waitForURL((url) => url.searchParams.get('from') === startOfThe20th)
    await page.context().close()
  })

  it('says that days are UTC where a window is too long for days of one’s own', async () => {
    const page = await dashboard.open('?from=2026-09-01T00:00:00Z', { timezoneId: 'America/New_York' })
    expect(await page.locator('#spend figcaption').innerText()).toBe('Days are UTC.')
    await page.context().close()
  })

  it('counts hours to 23: five past midnight is 00:05', async () => {
    const page = await dashboard.open('?tab=activity', { timezoneId: 'Etc/GMT-4' })
    const time = page.locator('#recent-turns tbody th time')
    expect([await time.innerText(), await time.getAttribute('title')]).toEqual(['Nov 21, 00:05:00', 'Nov 21, 2026, 00:05:00'])
    await page.context().close()
  })
})
