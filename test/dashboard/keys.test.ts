// Keys issued, rotated and revoked in the browser; beyond loopback only after signing in.
import { afterEach, describe, expect, it } from 'vitest'
import { violationsOf } from './support/axe.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { openDashboard, type OpenDashboard } from './support/open-dashboard.ts'

describe.skipIf(noBrowser)(`the keys tab${withoutBrowser}`, () => {
  let dashboard: OpenDashboard
  afterEach(() => dashboard.close())

  it('issues a key and shows its token once, rotates it, revokes it', async () => {
    dashboard = await openDashboard()
    const page = await dashboard.open('?tab=keys', { bypassCSP: true })
    await page.getByRole('button', { name: 'Issue a key' }).click()
    await page.getByLabel('Name').fill('<b>ada</b> laptop')
    await page.getByLabel('User', { exact: true }).fill('ada')
    await page.getByLabel('Daily cap, USD').fill('2.5')
    expect(await violationsOf(page)).toEqual([])
    await page.getByRole('button', { name: 'Issue', exact: true }).click()
    await page.getByText('There is no such user').waitFor()
    await page.getByLabel('Make the user and the team if they are new').check()
    await page.getByRole('button', { name: 'Issue', exact: true }).click()
    const token = (await page.getByLabel('token', { exact: true }).innerText()).trim()
    expect(token).toMatch(/^gw_\w{58}$/)
    await page.getByRole('button', { name: 'Done' }).click()
    const rows = page.locator('#keys-table tbody tr')
    expect((await rows.innerText()).replaceAll(/\s+/g, ' ')).toMatch(
      /^<b>ada<\/b> laptop gk_\S+ active ada — — \$2\.50 a day never — Rotate Revoke$/,
    )
    expect(await page.content()).not.toContain(token)

    await page.getByRole('button', { name: 'Rotate <b>ada</b> laptop' }).click()
    await page.getByLabel('A new token takes its place; the old one ends').selectOption('1h')
    await page.getByRole('button', { name: 'Rotate', exact: true }).last().click()
    expect(await page.getByLabel('token', { exact: true }).innerText()).not.toBe(token)
    await page.getByRole('button', { name: 'Done' }).click()
    await rows.nth(1).waitFor()

    await page
      .getByRole('button', { name: /^Revoke/ })
      .first()
      .click()
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page
      .getByRole('button', { name: /^Revoke/ })
      .first()
      .click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.locator('#keys-table .tag', { hasText: 'revoked' }).waitFor()
    // The refusal of the unknown user: the one answer that was asked for wrongly.
    expect(dashboard.misdeeds).toEqual([expect.stringContaining('status of 400')])
  })

  it('issues one key, however often the button is pressed', async () => {
    dashboard = await openDashboard()
    const page = await dashboard.open('?tab=keys')
    const answers: (() => Promise<void>)[] = []
    await page.route('**/admin/keys', (route) =>
      route.request().method() === 'POST' ? void answers.push(() => route.continue()) : route.continue(),
    )
    await page.getByRole('button', { name: 'Issue a key' }).click()
    await page.getByLabel('Name').fill('laptop')
    const press = `document.querySelector('dialog form').requestSubmit()`
    await page.evaluate(`${press}; ${press}`)
    await page.locator('dialog button[type=submit]:disabled').waitFor()
    await page.evaluate(press)
    expect(answers).toHaveLength(1)
    await answers[0]?.()
    await page.getByLabel('token', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
    expect(await page.locator('#keys-table tbody tr').count()).toBe(1)
  })

  it('asks for the admin token first where serve is not only for this machine', async () => {
    const admin = { token: 'the-admin-token', sessionSecret: new Uint8Array(32).fill(7) }
    dashboard = await openDashboard({ serve: { admin, loopback: false } })
    const page = await dashboard.open('?tab=keys', { bypassCSP: true })
    expect(await violationsOf(page)).toEqual([])
    await page.getByLabel('Admin token').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByText('This is not the admin token.').waitFor()
    await page.getByLabel('Admin token').fill('the-admin-token')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('button', { name: 'Issue a key' }).click()
    await page.getByLabel('Name').fill('laptop')
    await page.getByRole('button', { name: 'Issue', exact: true }).click()
    await page.getByLabel('token', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByRole('button', { name: 'Rotate laptop' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.locator('#keys-table tbody tr').nth(1).waitFor()
    await page.getByRole('button', { name: 'Revoke laptop' }).first().click()
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
    await page.locator('#keys-table .tag', { hasText: 'revoked' }).waitFor()
    await page.context().clearCookies()
    await page.getByRole('button', { name: 'Refresh now' }).click()
    await page.getByLabel('Admin token').waitFor()
  })
})
