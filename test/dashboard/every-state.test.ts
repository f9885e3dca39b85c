// What axe finds in the states that a tab opened afresh does not show: rows, events and dialogs that are open, nothing there,
// nothing right, a turn's page, no serve; in each theme on each screen, and no page is wider than its screen.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { faultsInEveryLook, looking } from './support/looks.ts'
import { openDashboard, openSampleDashboard, settled, type Dashboard, type SampleDashboard } from './support/open-dashboard.ts'

type Bring = (page: Page) => Promise<unknown>
type State = readonly [state: string, query: string, bring: Bring]

const asIs: Bring = async () => {}

const button = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first()

const states: readonly State[] = [
  ['cost, as a table', '?window=30d&spend=table&by=gateway_key', asIs],
  ['cost, a bar read', '?window=30d', (page) => page.getByRole('img', { name: /^Spend over/ }).press('End')],
  ['cost, narrowed, a window of one’s own', '?window=30d&team=eng&user=alice', (page) => button(page, 'Custom').click()],
  ['cost, a window that ends before it begins', '?window=30d', turnAround],
  ['cost, a filter that narrows nothing', '?window=30d&team=%3Cb%3E', asIs],
  ['cost, a baseline that has no price', '?window=30d&baseline=nobody:nothing', (page) => page.getByRole('alert').waitFor()],
  [
    'activity, turns in flight',
    '?tab=activity&window=30d',
    (page) => page.getByRole('heading', { name: /^In flight: \d/ }).waitFor(),
  ],
  [
    'activity, no turn like that',
    '?tab=activity&window=30d&status=interrupted',
    (page) => page.locator('#recent-turns .empty').waitFor(),
  ],
  ['a turn, its events open', '?tab=activity&window=30d&status=ok', openTurn],
  ['a turn that failed', '?tab=activity&window=30d&status=failed', openTurn],
  ['a turn that was cancelled', '?tab=activity&window=30d&status=cancelled', openTurn],
  ['a turn that runs', '?tab=activity&window=30d', (page) => openTurn(page, '#in-flight')],
  ['identity, all teams open', '?tab=identity&window=30d&open_per-team-table=eng,data,sales&user=carol', asIs],
  ['identity, one scope, sorted by calls', '?tab=identity&window=30d&scope=key&sort=-calls', asIs],
  ['reliability', '?tab=reliability&window=30d', asIs],
  ['routing', '?tab=routing&window=30d', asIs],
  ['keys', '?tab=keys', asIs],
  ['the form of a key', '?tab=keys', (page) => button(page, 'Issue a key').click()],
  ['the form of a key, refused', '?tab=keys', refuseKey],
  ['a key’s rotation', '?tab=keys', (page) => button(page, /^Rotate/).click()],
  ['a key that was rotated', '?tab=keys', (page) => changeKey(page, 'Rotate')],
  ['a key’s end', '?tab=keys', (page) => button(page, /^Revoke/).click()],
  ['a key that was revoked', '?tab=keys', (page) => changeKey(page, 'Revoke')],
  ['a new token', '?tab=keys', (page) => issueKey(page, 'for the picture')],
  ['refreshing paused', '?refresh=off', asIs],
  ['no call like that', '?project=nothing', asIs],
  ['no such turn', '?tab=activity&turn=nothing', (page) => page.getByRole('alert').waitFor()],
]

const tabs = ['cost', 'activity', 'identity', 'reliability', 'routing', 'keys'] as const

async function turnAround(page: Page): Promise<void> {
  await button(page, 'Custom').click()
  await page.getByLabel('from', { exact: true }).fill('2199-12-01')
  await page.getByText('It ends before it begins.').waitFor()
}

async function openTurn(page: Page, list = '#recent-turns'): Promise<void> {
  await page.locator(list).getByRole('link', { name: /^Turn / }).first().click() // prettier-ignore
  await page.getByRole('heading', { name: 'Events' }).waitFor()
  for (const summary of await page.locator('.events summary').all()) await summary.click()
}

async function fillKey(page: Page, name: string, user = ''): Promise<void> {
  await button(page, 'Issue a key').click()
  await page.getByLabel('Name').fill(name)
  await page.getByLabel('User', { exact: true }).fill(user)
  await page.keyboard.press('Enter')
}

async function issueKey(page: Page, name: string): Promise<void> {
  await fillKey(page, name)
  await page.getByLabel('token', { exact: true }).waitFor()
}

async function refuseKey(page: Page): Promise<void> {
  await fillKey(page, 'for nobody', 'nobody')
  await page.getByText('There is no such user').waitFor()
}

/** Of a key that no other state needs. */
async function changeKey(page: Page, verb: 'Rotate' | 'Revoke'): Promise<void> {
  await issueKey(page, `to ${verb.toLowerCase()}`)
  await button(page, 'Done').click()
  await button(page, `${verb} to ${verb.toLowerCase()}`).click()
  await page.getByRole('dialog').getByRole('button', { name: verb }).click()
  if (verb === 'Rotate') await page.getByLabel('token', { exact: true }).waitFor()
  else await page.locator('#keys-table .tag', { hasText: 'revoked' }).first().waitFor()
}

describe.skipIf(noBrowser)(`every state${withoutBrowser}`, () => {
  let dashboard: SampleDashboard
  let empty: Dashboard
  let worker: Dashboard
  let locked: Dashboard
  beforeAll(async () => {
    dashboard = await openSampleDashboard()
    empty = await openDashboard()
    worker = await openDashboard({ serve: { serverless: true } })
    const admin = { token: 'the-admin-token', sessionSecret: new Uint8Array(32).fill(7) }
    locked = await openDashboard({ serve: { admin, loopback: false } })
  })
  afterAll(async () => {
    for (const each of [dashboard, empty, worker, locked]) await each.close()
    expect([...empty.misdeeds, ...worker.misdeeds]).toEqual([])
    // What was asked for wrongly, above.
    expect([...dashboard.misdeeds, ...locked.misdeeds].filter((one) => !one.includes('status of 40'))).toEqual([])
  })

  async function check(of: Dashboard, query: string, bring: Bring = asIs): Promise<void> {
    const page = await of.open(query, looking)
    await bring(page)
    await settled(page)
    expect(await faultsInEveryLook(page)).toEqual([])
    await page.context().close()
  }

  it.each(states)('%s', (_, query, bring) => check(dashboard, query, bring))

  it.each(tabs)('%s before the first call', (tab) => check(empty, `?tab=${tab}`))

  it('the first steps on a Worker', () => check(worker, ''))

  it('the sign-in, and its refusal', async () => {
    await check(locked, '')
    await check(locked, '', async (page) => {
      await page.getByLabel('Admin token').fill('wrong')
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.getByText('This is not the admin token.').waitFor()
    })
  })
})
