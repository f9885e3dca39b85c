// What axe finds in the states that a tab opened afresh does not show: rows, events and dialogs that are open, nothing there,
// a turn's page; light on a desk and dark on a telephone, and no page is wider than its screen.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { violationsOf } from './support/axe.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { openDashboard, openSampleDashboard, settled, type Dashboard } from './support/open-dashboard.ts'

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first()

const states: readonly (readonly [state: string, query: string, bring: (page: Page) => Promise<unknown>])[] = [
  ['cost, as a table', '?window=30d&spend=table&by=gateway_key', async () => {}],
  ['cost, a bar read', '?window=30d', (page) => page.getByRole('img', { name: /^Spend over/ }).press('End')],
  ['cost, narrowed, a window of one’s own', '?window=30d&team=eng&user=alice', (page) => button(page, 'Custom').click()],
  ['activity', '?tab=activity&window=30d', async () => {}],
  ['a turn, its events open', '?tab=activity&window=30d&status=ok', openTurn],
  ['identity, all teams open', '?tab=identity&window=30d&open_per-team-table=eng,data,sales&user=carol', async () => {}],
  ['reliability', '?tab=reliability&window=30d', async () => {}],
  ['routing', '?tab=routing&window=30d', async () => {}],
  ['keys', '?tab=keys', async () => {}],
  ['the form of a key', '?tab=keys', (page) => button(page, 'Issue a key').click()],
  ['a key’s rotation', '?tab=keys', (page) => button(page, /^Rotate/).click()],
  ['a key’s end', '?tab=keys', (page) => button(page, /^Revoke/).click()],
  ['a new token', '?tab=keys', issueKey],
  ['no call like that', '?project=nothing', async () => {}],
  ['no such turn', '?tab=activity&turn=nothing', (page) => page.getByRole('alert').waitFor()],
]

async function openTurn(page: Page): Promise<void> {
  await page.locator('#recent-turns').getByRole('link', { name: /^Turn of/ }).first().click() // prettier-ignore
  await page.getByRole('heading', { name: 'Events' }).waitFor()
  for (const summary of await page.locator('.events summary').all()) await summary.click()
}

async function issueKey(page: Page): Promise<void> {
  await button(page, 'Issue a key').click()
  await page.getByLabel('Name').fill('for the picture')
  await page.keyboard.press('Enter')
  await page.getByLabel('token', { exact: true }).waitFor()
}

describe.skipIf(noBrowser)(`every state${withoutBrowser}`, () => {
  let dashboard: Dashboard
  let empty: Dashboard
  beforeAll(async () => {
    dashboard = await openSampleDashboard()
    empty = await openDashboard()
  })
  afterAll(async () => {
    await dashboard.close()
    await empty.close()
    expect(empty.misdeeds).toEqual([])
    // The turn that is none.
    expect(dashboard.misdeeds.filter((one) => !one.includes('status of 40'))).toEqual([])
  })

  async function check(page: Page): Promise<void> {
    await settled(page)
    for (const [colorScheme, width] of [
      ['light', 1280],
      ['dark', 380],
    ] as const) {
      await page.emulateMedia({ colorScheme })
      await page.setViewportSize({ width, height: 900 })
      expect([colorScheme, width, await violationsOf(page)]).toEqual([colorScheme, width, []])
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    }
    await page.context().close()
  }

  it.each(states)('%s', async (_, query, bring) => {
    const page = await dashboard.open(query, { bypassCSP: true, reducedMotion: 'reduce' })
    await bring(page)
    await check(page)
  })

  it.each(['cost', 'activity', 'identity', 'reliability', 'routing', 'keys'])('%s before the first call', async (tab) => {
    await check(await empty.open(`?tab=${tab}`, { bypassCSP: true, reducedMotion: 'reduce' }))
  })
})
