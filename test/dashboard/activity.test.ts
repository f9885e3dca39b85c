// Activity: from what runs to one turn, why it went to that model, and what it cost.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violationsOf } from './support/axe.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { openSampleDashboard, settled, type SampleDashboard } from './support/open-dashboard.ts'

/** How often the page asks for a path in a minute of its own clock; when told, whatever it asked for in it is on its way. */
function countIn(page: Page, path: string): () => Promise<number> {
  let asked = 0
  page.on('request', (request) => {
    if (request.url().includes(path)) asked += 1
  })
  return async () => {
    const before = asked
    await page.clock.runFor(60_000)
    await page.evaluate(`fetch('/dashboard/').then(() => undefined)`)
    return asked - before
  }
}

/** As text: the tests' own types know no document. */
const hide = (page: Page, hidden: boolean) =>
  page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${hidden}, configurable: true })
    document.dispatchEvent(new Event('visibilitychange'))`)

describe.skipIf(noBrowser)(`activity${withoutBrowser}`, () => {
  let dashboard: SampleDashboard
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

  it('says on the page of a turn that failed what its provider said', async () => {
    const page = await dashboard.open('?tab=activity&window=30d&status=failed')
    await page.locator('#recent-turns').getByRole('link', { name: /^Turn of/ }).first().click() // prettier-ignore
    await page.getByRole('heading', { name: 'Events' }).waitFor()
    const facts = (await page.locator('dl').first().innerText()).replaceAll(/\s+/g, ' ')
    // Which of the sample's failures is the last depends on the day.
    expect(facts).toMatch(/ Error \w+ Message .+ \(sample\)\. /)
    await page.context().close()
  })

  it('shows more when asked, and only what ended so', async () => {
    const page = await dashboard.open('?tab=activity&window=30d')
    await page.locator('#recent-turns').getByRole('button', { name: 'Show up to 100' }).click()
    await page.locator('#recent-turns tbody tr').nth(99).waitFor()
    await page.getByRole('group', { name: 'Status' }).getByRole('button', { name: 'Failed' }).click()
    await page.locator('#recent-turns .tag').filter({ hasNotText: 'failed' }).first().waitFor({ state: 'hidden' })
    await page.waitForURL(/status=failed/)
    await page.context().close()
  })

  it('shows a turn while it runs, and among those that ended when it has, with nobody touching the page', async () => {
    const page = await dashboard.open('?tab=activity&window=24h')
    await page.getByRole('heading', { name: 'In flight: 1' }).waitFor()
    const end = await dashboard.beginTurn()
    await page.getByRole('heading', { name: 'In flight: 2' }).waitFor()
    await page.locator('#in-flight').getByRole('link', { name: /^Turn running for/ }).last().click() // prettier-ignore
    await page.getByText('still running').waitFor()
    await end()
    await page.getByText('still running').waitFor({ state: 'detached' })
    await page.locator('#price-lines').waitFor()
    await page.getByRole('link', { name: 'All turns' }).click()
    await page.getByRole('heading', { name: 'In flight: 1' }).waitFor()
    const newest = page.locator('#recent-turns tbody tr').first()
    expect((await newest.innerText()).replaceAll(/\s+/g, ' ')).toMatch(/ ok \S+:\S+ .* \$0\.00100$/)
    await page.context().close()
  })

  it('asks for what runs every few seconds while it is looked at, and not while it is paused or hidden', async () => {
    const page = await dashboard.open('?tab=activity&window=30d')
    await page.clock.install()
    await page.reload()
    await page.getByRole('heading', { name: 'In flight: 1' }).waitFor()
    const askedInAMinute = countIn(page, '/analytics/inflight')
    expect(await askedInAMinute()).toBeGreaterThan(0)
    await hide(page, true)
    expect(await askedInAMinute()).toBe(0)
    const again = page.waitForRequest(/\/analytics\/inflight/)
    await hide(page, false)
    await again
    await page.getByRole('button', { name: 'Pause refreshing' }).click()
    await page.waitForURL(/refresh=off/)
    expect(await askedInAMinute()).toBe(0)
    await page.context().close()
  })

  it('asks for a turn while it runs and is looked at, and for one that has ended never again but by hand', async () => {
    const page = await dashboard.open('?tab=activity&window=24h')
    const end = await dashboard.beginTurn()
    await page.clock.install()
    await page.reload()
    await page.locator('#in-flight').getByRole('link', { name: /^Turn running for/ }).last().click() // prettier-ignore
    await page.getByText('still running').waitFor()
    const askedInAMinute = countIn(page, '/analytics/turns/')

    expect(await askedInAMinute()).toBeGreaterThan(0)
    await hide(page, true)
    expect(await askedInAMinute()).toBe(0)
    await end()
    await hide(page, false)
    await page.getByText('still running').waitFor({ state: 'detached' })
    await settled(page)
    expect(await askedInAMinute()).toBe(0)
    await hide(page, false)
    expect(await askedInAMinute()).toBe(0)
    const byHand = page.waitForRequest(/\/analytics\/turns\//)
    await page.getByRole('button', { name: 'Refresh now' }).click()
    await byHand
    await page.context().close()
  })

  it('is narrowed with Cost to one key, told by its name, through the chip and the URL', async () => {
    const page = await dashboard.open('?tab=identity&scope=key&window=30d')
    const row = page.locator('#per-key tbody tr', { hasText: 'bob-laptop' })
    const spent = await row.locator('td.number').first().innerText()
    await row.getByRole('link', { name: /^Filter by gk_/ }).click()
    const chips = page.getByRole('group', { name: 'Filters' })
    await chips.getByText('bob-laptop').waitFor()
    expect(new URL(page.url()).searchParams.get('gateway_key')).toMatch(/^gk_/)
    await page.locator('#summary').getByText(spent, { exact: true }).first().waitFor()
    expect(await page.locator('#projects tbody tr').allInnerTexts()).toHaveLength(1)
    await page.getByRole('link', { name: 'Activity' }).click()
    await page.locator('#recent-turns tbody tr').first().waitFor()
    const turns = await page.locator('#recent-turns tbody tr').allInnerTexts()
    expect(turns.filter((turn) => !turn.includes('bob'))).toEqual([])
    await page.getByRole('button', { name: 'Remove the filter Key bob-laptop' }).click()
    await page.locator('#recent-turns tbody tr', { hasText: 'dan' }).first().waitFor()
    expect(page.url()).not.toContain('gateway_key')
    await page.context().close()
  })
})
