// Activity: from what runs to one turn, why it went to that model, and what it cost.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violationsOf } from './support/axe.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { openSampleDashboard, type Dashboard } from './support/open-dashboard.ts'

describe.skipIf(noBrowser)(`activity${withoutBrowser}`, () => {
  let dashboard: Dashboard
  beforeAll(async () => {
    dashboard = await openSampleDashboard()
  })
  afterAll(async () => {
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  it('leads from the list to a turn and back: its events, why this model, its price line by line', async () => {
    const page = await dashboard.open('?tab=activity&window=30d&status=ok', { bypassCSP: true })
    const list = page.locator('#recent-turns tbody tr')
    await list.first().waitFor()
    expect(await list.count()).toBe(20)
    await page
      .locator('#recent-turns')
      .getByRole('link', { name: /^Turn of/ })
      .first()
      .click()
    await page.getByRole('heading', { name: 'Why this model' }).waitFor()
    expect(new URL(page.url()).searchParams.get('turn')).toMatch(/^\w{26}$/)
    expect(await page.locator('.chain .chosen').count()).toBe(1)
    expect(await page.locator('#price-lines tbody tr').count()).toBeGreaterThan(1)
    expect(await page.locator('.events strong').allInnerTexts()).toEqual([
      'route.decided',
      'llm.call_completed',
      'turn.completed',
    ])
    await page.locator('.events summary').nth(1).click()
    expect(await page.getByLabel('Payload of llm.call_completed').innerText()).toContain('"cost_usd"')
    expect(await violationsOf(page)).toEqual([])
    await page.getByRole('link', { name: 'All turns' }).click()
    await list.first().waitFor()
    await page.context().close()
  })

  it('shows more when asked, and only what ended so', async () => {
    const page = await dashboard.open('?tab=activity&window=30d')
    await page.locator('#recent-turns').getByRole('button', { name: 'Show up to 100' }).click()
    await page.locator('#recent-turns tbody tr').nth(99).waitFor()
    await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'Failed' }).click()
    await page.locator('#recent-turns .tag').filter({ hasNotText: 'failed' }).first().waitFor({ state: 'hidden' })
    expect(page.url()).toContain('status=failed')
    await page.context().close()
  })

  it('asks for what runs every few seconds while it is looked at, and not while it is paused', async () => {
    const page = await dashboard.open('?tab=activity&window=30d')
    await page.getByRole('heading', { name: 'In flight: 1' }).waitFor()
    await page.waitForRequest(/\/analytics\/inflight/)
    await page.getByRole('button', { name: 'Pause refreshing' }).click()
    expect(page.url()).toContain('refresh=off')
    await page.context().close()
  })
})
