// The address holds what one looks at: every filter and every window survives a reload, the way back and forward, and being sent
// to somebody; an address that holds nonsense says so.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { openDashboard, settled, type OpenDashboard } from './support/open-dashboard.ts'

const hourUs = 3_600_000_000
const dayUs = 24 * hourUs

/** What narrows to the one call of 7 dollars, by each filter, and what its chip says. */
const narrowing: readonly (readonly [filter: string, value: string, chip: string])[] = [
  ['team', 'sales', 'Team Sales & Co'],
  ['user', 'bob', 'User Bob B.'],
  ['gateway_key', 'key', 'Key bob-laptop'],
  ['model', 'openai:gpt-5-mini', 'Model openai:gpt-5-mini'],
  ['provider', 'openai', 'Provider openai'],
  ['project', 'bakery/web@2', 'Project bakery/web@2'],
  ['client', 'cursor', 'Client cursor'],
  ['session', 'of-bob', 'Session of-bob'],
]

const windows: readonly (readonly [button: string, inUrl: string | null, calls: string])[] = [
  ['24 h', '24h', '1'],
  ['7 d', null, '2'],
  ['30 d', '30d', '4'],
  ['Month', 'mtd', '3'],
  ['All', 'all', '5'],
]

describe.skipIf(noBrowser)(`the address${withoutBrowser}`, () => {
  let dashboard: OpenDashboard
  let keyId = ''
  beforeAll(async () => {
    dashboard = await openDashboard()
    const { serve } = dashboard
    const by = { actor: 'test', origin: 'test' }
    await serve.identities.createTeam({ id: 'sales', displayName: 'Sales & Co' }, by)
    await serve.identities.createUser({ id: 'bob', displayName: 'Bob B.' }, by)
    const issued = await serve.fetch('/admin/keys', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'bob-laptop' }),
    })
    keyId = String(Reflect.get(Object(await issued.json()), 'key_id'))
    const nowUs = serve.clock.nowUs()
    const call = (id: string, daysAgo: number, row: Parameters<typeof callRow>[1] = {}) =>
      callRow(id, { timestamp_us: nowUs - hourUs - daysAgo * dayUs, cost_nano_usd: 1e9, ...row })
    await insertCalls(serve.storage, [
      call('1', 0),
      call('2', 3, {
        team_id: 'sales',
        user_id: 'bob',
        gateway_key_id: keyId,
        model: 'openai:gpt-5-mini',
        provider: 'openai',
        project: 'bakery/web@2',
        client: 'cursor',
        session_id: 'of-bob',
        cost_nano_usd: 7e9,
      }),
      call('3', 20),
      call('4', 26),
      call('5', 90),
    ])
  })
  afterAll(async () => {
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  it.each(narrowing)('narrows by %s, told by name: pasted, loaded anew, left, back and forward', async (filter, value, chip) => {
    const asked = encodeURIComponent(filter === 'gateway_key' ? keyId : value)
    const page = await dashboard.open(`?${filter}=${asked}`)
    const chips = page.getByRole('group', { name: 'Filters' })
    const total = page.locator('#summary .value').first()
    await chips.getByText(chip, { exact: true }).waitFor()
    expect(await total.innerText()).toBe('$7.00')
    await page.reload()
    await chips.getByText(chip, { exact: true }).waitFor()
    await settled(page)
    expect(await total.innerText()).toBe('$7.00')
    await page.getByRole('link', { name: 'Activity' }).click()
    await page.locator('#recent-turns tbody tr').first().waitFor()
    expect(await page.locator('#recent-turns tbody tr').count()).toBe(1)
    await chips.getByRole('button', { name: `Remove the filter ${chip}` }).click()
    await page.locator('#recent-turns tbody tr').nth(1).waitFor()
    expect(new URL(page.url()).searchParams.has(filter)).toBe(false)
    await page.goBack()
    await chips.getByText(chip, { exact: true }).waitFor()
    await page.locator('#recent-turns tbody tr').nth(1).waitFor({ state: 'detached' })
    await page.goForward()
    await chips.waitFor({ state: 'detached' })
    await page.context().close()
  })

  it.each(windows)('keeps the window %s', async (button, inUrl, calls) => {
    const page = await dashboard.open(button === '7 d' ? '?window=all' : '')
    await page.getByRole('group', { name: 'Window' }).getByRole('button', { name: button, exact: true }).click()
    const figure = page.locator('#summary .figure', { hasText: 'Calls' }).locator('.value')
    await figure.getByText(calls, { exact: true }).waitFor()
    expect(new URL(page.url()).searchParams.get('window')).toBe(inUrl)
    await page.reload()
    await figure.getByText(calls, { exact: true }).waitFor()
    expect(await page.getByRole('button', { name: button, exact: true }).getAttribute('aria-pressed')).toBe('true')
    await page.context().close()
  })

  it('stacks spend by all six, by the names people know, and keeps which', async () => {
    const page = await dashboard.open('')
    const stacked = page.getByRole('group', { name: 'Stacked by' })
    for (const [button, by, legend] of [
      ['Provider', 'provider', ['openai', 'anthropic']],
      ['Team', 'team', ['Sales & Co', 'eng']],
      ['User', 'user', ['Bob B.', 'ada']],
      ['Key', 'gateway_key', ['bob-laptop', 'gk_1']],
      ['Project', 'project', ['bakery/web@2', 'gateway']],
      ['Model', null, ['openai:gpt-5-mini', 'anthropic:claude-haiku-4-5']],
    ] as const) {
      await stacked.getByRole('button', { name: button }).click()
      for (const name of legend) await page.locator('.legend').getByText(name, { exact: true }).waitFor()
      expect(await page.locator('.legend li').allInnerTexts()).toEqual(legend)
      expect(new URL(page.url()).searchParams.get('by')).toBe(by)
      await page.getByRole('img', { name: /\$8\.00 in all/ }).waitFor()
    }
    await page.context().close()
  })

  it('says when a filter is none that anything can be narrowed by, and takes it away', async () => {
    const page = await dashboard.open(`?project=${encodeURIComponent('<img src=x onerror=alert(1)>')}`)
    const chip = page.getByText('is not a name that can be filtered by: all is shown')
    expect(await chip.innerText()).toBe(
      'Project <img src=x onerror=alert(1)> is not a name that can be filtered by: all is shown',
    )
    expect(await page.locator('#summary .value').first().innerText()).toBe('$8.00')
    await page.getByRole('button', { name: /^Remove the filter Project/ }).click()
    await chip.waitFor({ state: 'detached' })
    await page.context().close()
  })
})

it.skipIf(noBrowser)(`a window that is none is told, and led out of${withoutBrowser}`, async () => {
  const dashboard = await openDashboard()
  const { storage, clock } = dashboard.serve
  await insertCalls(storage, [callRow('1', { timestamp_us: clock.nowUs() - hourUs, cost_nano_usd: 8e9 })])
  const page = await dashboard.open('?from=yesterday&to=%3Cb%3E')
  await page.getByRole('alert').first().waitFor()
  expect(await page.locator('#app').innerText()).not.toMatch(/NaN|Invalid Date|undefined/)
  await page.getByRole('button', { name: '7 d' }).click()
  await page.locator('#summary').getByText('$8.00', { exact: true }).waitFor()
  await dashboard.close()
  // What was asked for wrongly, and nothing else.
  expect(dashboard.misdeeds.filter((one) => !one.includes('status of 400'))).toEqual([])
})
