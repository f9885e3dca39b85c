// Serve in trouble while somebody looks: gone, failing, too new, behind a proxy, wanting the token. The page says what it is,
// keeps what it has, and is well again by itself.
import type { Page } from 'playwright-core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { faultsInEveryLook, looking } from './support/looks.ts'
import { openDashboard, settled, type OpenDashboard } from './support/open-dashboard.ts'

const tabs = ['cost', 'activity', 'identity', 'reliability', 'routing', 'keys']
const everything = /\/(analytics|admin)\//

describe.skipIf(noBrowser)(`serve in trouble${withoutBrowser}`, () => {
  let dashboard: OpenDashboard
  beforeEach(async () => {
    dashboard = await openDashboard()
    const { storage, clock } = dashboard.serve
    await insertCalls(storage, [callRow('1', { timestamp_us: clock.nowUs() - 3_600_000_000, cost_nano_usd: 7e9 })])
  })
  afterEach(async () => {
    await dashboard.close()
    // What the browser itself says of an answer like that, and of no answer; nothing of ours.
    expect(dashboard.misdeeds.filter((one) => !/status of \d{3}|net::ERR_/.test(one))).toEqual([])
  })

  const answerWith = (page: Page, status: number, body: string, contentType = 'application/json') =>
    page.route(everything, (route) => route.fulfill({ status, contentType, body }))
  const refresh = (page: Page) => page.getByRole('button', { name: 'Refresh now' }).click()

  it.each(tabs)('says in every tile of %s what serve says, in both themes, on any screen, and is well again', async (tab) => {
    const page = await dashboard.open(`?tab=${tab}`, looking)
    await answerWith(page, 500, '{"error":{"code":"internal","message":"The disk is full."}}')
    await page.reload()
    await page.getByText('The disk is full.').first().waitFor()
    await page.locator('.skeleton').first().waitFor({ state: 'hidden' })
    expect(await page.getByText('The disk is full.').count()).toBe(await page.locator('section.tile').count())
    expect(await faultsInEveryLook(page)).toEqual([])
    await page.unroute(everything)
    await page.getByRole('button', { name: 'Try again' }).first().click()
    await refresh(page)
    await page.getByText('The disk is full.').first().waitFor({ state: 'detached' })
    await page.locator('section.tile').first().waitFor()
  })

  it('keeps the numbers when an answer fails later, with what a proxy said in its place', async () => {
    const page = await dashboard.open('')
    await answerWith(page, 502, '<html><h1>Bad gateway</h1></html>', 'text/html')
    await refresh(page)
    await page.getByText('Serve answered 502 and did not say why.').first().waitFor()
    expect(await page.locator('#summary').innerText()).toContain('$7.00')
    expect(await page.getByText('Serve does not answer.').count()).toBe(0)
  })

  it('says what a serve that has left this version behind says of it', async () => {
    const page = await dashboard.open('')
    await answerWith(page, 410, JSON.stringify({ error: { code: 'version_unsupported', message: 'Version 1.0 is no longer served.' } })) // prettier-ignore
    await refresh(page)
    await page.getByText('Version 1.0 is no longer served.').first().waitFor()
    expect(await page.locator('#summary').innerText()).toContain('$7.00')
  })

  it('loads anew once for the sign-in, and not for ever where something in between says 401', async () => {
    const page = await dashboard.open('')
    let loads = 0
    page.on('load', () => (loads += 1))
    await answerWith(page, 401, '{"error":{"code":"unauthorized","message":"Who are you?"}}')
    const loaded = page.waitForEvent('load')
    await refresh(page)
    await loaded
    await page.getByText('Who are you?').first().waitFor()
    await refresh(page)
    await page.getByText('Who are you?').first().waitFor()
    expect(loads).toBe(1)
  })

  it('outlives serve: says that it is gone, keeps the numbers, and goes on when it is back', async () => {
    const page = await dashboard.open('', looking)
    await dashboard.stopListening()
    await refresh(page)
    await page.getByText('Serve does not answer.').waitFor()
    expect(await faultsInEveryLook(page)).toEqual([])
    expect(await page.locator('#summary').innerText()).toContain('$7.00')
    await dashboard.listenAgain()
    await refresh(page)
    await page.getByText('Serve does not answer.').waitFor({ state: 'detached' })
    await settled(page)
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('goes on by itself, seconds after serve is back', async () => {
    const page = await dashboard.open('')
    await page.clock.install({ time: dashboard.serve.clock.nowUs() / 1000 })
    await page.reload()
    await settled(page)
    await dashboard.stopListening()
    await page.clock.runFor(31_000)
    await page.getByText('Serve does not answer.').waitFor()
    await dashboard.listenAgain()
    await page.clock.runFor(6000)
    await page.getByText('Serve does not answer.').waitFor({ state: 'detached' })
    await settled(page)
    expect(await page.getByRole('alert').count()).toBe(0)
  })

  it('tells nothing of what it cannot know: no call, and no answer whether there ever was one', async () => {
    const page = await dashboard.open('')
    await page.route(/window=all/, (route) => route.fulfill({ status: 503, contentType: 'application/json', body: '{}' }))
    await page.goto(`${dashboard.url}/dashboard/?project=nothing`)
    await page.getByText('Serve answered 503 and did not say why.').waitFor()
    await page.unroute(/window=all/)
    await page.getByRole('button', { name: 'Try again' }).click()
    await page.getByText('No calls like these in this window.').waitFor()
  })
})
