// The keyboard: everything in reading order and seen where the focus is; it stays where it was while numbers change, and comes
// back when a dialog closes.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { openDashboard, settled, type OpenDashboard } from './support/open-dashboard.ts'

const hourUs = 3_600_000_000

describe.skipIf(noBrowser)(`the keyboard${withoutBrowser}`, () => {
  let dashboard: OpenDashboard
  const call = (id: string, row: Parameters<typeof callRow>[1]) =>
    callRow(id, { timestamp_us: dashboard.serve.clock.nowUs() - hourUs, ...row })
  beforeAll(async () => {
    dashboard = await openDashboard()
    await insertCalls(dashboard.serve.storage, [
      call('1', { model: 'anthropic:claude-opus-5-5', cost_nano_usd: 5e9, user_id: 'ada' }),
      call('2', { model: 'anthropic:claude-haiku-4-5', cost_nano_usd: 1e9, user_id: 'bob' }),
    ])
  })
  afterAll(async () => {
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  /** As text: the tests' own types know no document. */
  const focused = async (page: Page): Promise<string> =>
    String(await page.evaluate(`document.activeElement?.getAttribute('aria-label') || document.activeElement?.textContent || document.activeElement?.tagName`)) // prettier-ignore

  /** As the clock would, with the focus left where it is. */
  const refresh = async (page: Page): Promise<void> => {
    const answered = page.waitForResponse(/group_by=none/)
    await page.evaluate(`document.querySelector('[aria-label="Refresh now"]').click()`)
    await answered
    await settled(page)
  }

  it('goes through the bar in reading order, and shows where it is', async () => {
    const page = await dashboard.open('')
    const order = ['Metis, to the first tab', 'Cost', 'Activity', 'Spend by identity', 'Reliability', 'Routing', 'Keys', '24 h', '7 d', '30 d', 'Month', 'All', 'Custom', 'Refresh now', 'Pause refreshing', 'Theme: as the system. Change to light'] // prettier-ignore
    const seen: string[] = []
    for (const _ of order) {
      await page.keyboard.press('Tab')
      seen.push(await focused(page))
      expect(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`)).toBe('solid')
    }
    expect(seen).toEqual(order)
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Space')
    await page.waitForURL(/refresh=off/)
    expect(await focused(page)).toBe('Pause refreshing')
    await page.context().close()
  })

  it('keeps its place in a table whose rows change their order beneath it', async () => {
    const page = await dashboard.open('')
    await page.locator('#cost-by-model').getByRole('link', { name: 'claude-opus' }).focus()
    await insertCalls(dashboard.serve.storage, [call('3', { model: 'anthropic:claude-haiku-4-5', cost_nano_usd: 9e9 })])
    await refresh(page)
    await page.locator('#cost-by-model tbody tr').first().getByText('$10.00').waitFor()
    expect(await focused(page)).toBe('anthropic:claude-opus-5-5')
    await page.context().close()
  })

  it('keeps its place in the list of turns when newer ones come above it', async () => {
    const page = await dashboard.open('?tab=activity')
    const place = page.locator('#recent-turns').getByRole('link', { name: /^Turn of/ }).last() // prettier-ignore
    await place.focus()
    const href = await place.getAttribute('href')
    await insertCalls(dashboard.serve.storage, [call('4', { timestamp_us: dashboard.serve.clock.nowUs() - 1e6, user_id: 'eve' })])
    await refresh(page)
    await page.locator('#recent-turns tbody tr', { hasText: 'eve' }).waitFor()
    expect(await page.evaluate(`document.activeElement?.getAttribute('href')`)).toBe(href)
    await page.context().close()
  })

  it('is in a dialog while there is one, and back where it was when that closes, however it does', async () => {
    const page = await dashboard.open('?tab=keys')
    const dialog = page.getByRole('dialog')
    const open = async () => {
      await page.getByRole('button', { name: 'Issue a key' }).focus()
      await page.keyboard.press('Enter')
      await dialog.waitFor()
    }
    await open()
    for (let press = 0; press < 20; press += 1) {
      await page.keyboard.press('Tab')
      expect(await page.evaluate(`document.querySelector('dialog').contains(document.activeElement) || document.activeElement === document.body`)).toBe(true) // prettier-ignore
    }
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('Issue a key')

    await open()
    await dialog.getByRole('button', { name: 'Cancel' }).press('Enter')
    await dialog.waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('Issue a key')

    await open()
    await page.getByLabel('Name').fill('laptop')
    await page.keyboard.press('Enter')
    await page.getByLabel('token', { exact: true }).waitFor()
    expect(await page.evaluate(`document.activeElement === document.querySelector('dialog')`)).toBe(true)
    await dialog.getByRole('button', { name: 'Done' }).press('Enter')
    await dialog.waitFor({ state: 'detached' })
    expect(await focused(page)).toBe('Issue a key')
    await page.context().close()
  })

  it('is on the key’s row still when the button that it was on is gone with the key', async () => {
    const page = await dashboard.open('?tab=keys')
    await page.getByRole('button', { name: 'Revoke laptop' }).press('Enter')
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).press('Enter')
    await page.locator('#keys-table .tag', { hasText: 'revoked' }).waitFor()
    expect(await page.evaluate(`document.activeElement?.closest('#keys') !== null`)).toBe(true)
    await page.context().close()
  })
})
