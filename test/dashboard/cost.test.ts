// Cost and Activity as people use them: windows, filters, charts, CSV, hostile names, nothing there, serve gone.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { openDashboard, settled, type OpenDashboard } from './support/open-dashboard.ts'

const hourUs = 3_600_000_000
const dayUs = 24 * hourUs

const hostile = {
  markup: '<script>document.title="owned"</script><img src=x onerror="document.title=1">',
  rightToLeft: '\u202Eevil\u202C \u05E9\u05DC\u05D5\u05DD',
  formula: '=HYPERLINK("https://evil.example","x")',
  long: 'x'.repeat(200),
}

describe.skipIf(noBrowser)(`cost${withoutBrowser}`, () => {
  let dashboard: OpenDashboard
  let page: Page
  beforeAll(async () => {
    dashboard = await openDashboard()
    const nowUs = dashboard.serve.clock.nowUs()
    const call = (id: string, row: Parameters<typeof callRow>[1]) => callRow(id, { timestamp_us: nowUs - hourUs, ...row })
    await insertCalls(dashboard.serve.storage, [
      call('1', { project: 'shop', model: 'anthropic:claude-opus-5-5', cost_nano_usd: 1_000_000_001 }),
      call('2', { project: 'shop', model: 'anthropic:claude-haiku-4-5', cost_nano_usd: 123_456 }),
      call('3', { project: null, model: 'local:qwen3:8b', provider: 'local', cost_nano_usd: null, cost_basis: 'unpriced' }),
      call('4', { project: 'old', timestamp_us: nowUs - 10 * dayUs, cost_nano_usd: 2e9 }),
      ...Object.values(hostile).map((project, at) => call(`hostile ${at}`, { project, client: project, cost_nano_usd: 0 })),
    ])
    page = await dashboard.open('')
  })
  afterAll(async () => {
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  const row = (tile: string, name: string) => page.locator(`#${tile} tbody tr`, { hasText: name })
  const textOf = async (tile: string, name: string) => (await row(tile, name).innerText()).replaceAll(/\s+/g, ' ')

  it('rounds to be read and says the whole in the title; a sub-cent call is no zero', async () => {
    expect(await textOf('cost-by-model', 'claude-opus')).toContain('$1.00')
    expect(await row('cost-by-model', 'claude-opus').getByTitle('$1.000000001').count()).toBe(1)
    expect(await textOf('cost-by-model', 'claude-haiku')).toContain('$0.000123')
    expect(await page.locator('#summary').getByTitle('$1.000123457').count()).toBe(1)
  })

  it('shows what has no price as such, never as free', async () => {
    expect(await textOf('cost-by-model', 'local:qwen3:8b')).toMatch(/unpriced 1 unpriced ?1/)
    expect(await page.locator('#summary').innerText()).toContain('1 unpriced, not in the total')
  })

  it('shows hostile names as the text they are', async () => {
    for (const name of Object.values(hostile)) {
      const cell = page.locator('#projects bdi', { hasText: name })
      expect(await cell.first().textContent()).toBe(name)
      // No query could name it: it is shown, and not offered.
      expect(await cell.locator('xpath=ancestor::a').count()).toBe(name === hostile.long ? 1 : 0)
    }
    expect(await page.title()).toBe('Cost · Metis')
    expect(await page.locator('#projects script, #projects img').count()).toBe(0)
  })

  it('changes to the window before are told, and windows are in the URL', async () => {
    await page.getByRole('button', { name: '30 d' }).click()
    await row('projects', 'old').waitFor()
    await page.waitForURL(/window=30d/)
    await page.goBack()
    await row('projects', 'old').waitFor({ state: 'detached' })
    await settled(page)
    expect(await page.locator('#summary').innerText()).toMatch(/−50\.0% to the window before/)
  })

  it('takes a window of one’s own, in local days', async () => {
    await page.getByRole('button', { name: 'Custom' }).click()
    await page.getByLabel('from').fill('2026-11-13')
    await page.getByLabel('to', { exact: true }).fill('2026-11-13')
    await page.waitForURL(/to=2026-11-14/)
    await row('projects', 'old').waitFor()
    const asked = new URL(page.url()).searchParams
    expect([asked.get('from'), asked.get('to')]).toEqual(['2026-11-13T00:00:00.000Z', '2026-11-14T00:00:00.000Z'])
    await page.goto(`${dashboard.url}/dashboard/`)
  })

  it('takes days as they are typed: no day on the way there is asked for or kept, and what is none is said', async () => {
    await page.getByRole('button', { name: 'Custom' }).click()
    const asked: string[] = []
    const listen = (request: { url(): string }) => void asked.push(request.url())
    page.on('request', listen)
    const steps = () => page.evaluate<number>('history.length')
    const before = await steps()
    await page.getByLabel('from', { exact: true }).focus()
    await page.keyboard.type('11132026')
    await page.getByLabel('to', { exact: true }).focus()
    await page.keyboard.type('11132026')
    await page.waitForURL((url) => url.searchParams.get('to') === '2026-11-14T00:00:00.000Z')
    page.off('request', listen)
    expect(await steps()).toBe(before)
    expect(asked.filter((url) => /from=0/.test(url))).toEqual([])
    await page.getByLabel('to', { exact: true }).fill('2026-11-01')
    await page.getByText('It ends before it begins.').waitFor()
    expect(new URL(page.url()).searchParams.get('to')).toBe('2026-11-14T00:00:00.000Z')
    await page.getByLabel('to', { exact: true }).fill('2300-01-01')
    await page.getByText('From 1970 to 2199.').waitFor()
    await page.goto(`${dashboard.url}/dashboard/?from=1975-01-01T00:00:00.000Z&to=2026-11-24T00:00:00.000Z`)
    await settled(page)
    expect(await page.locator('#summary').innerText()).not.toContain('window before')
    await page.goto(`${dashboard.url}/dashboard/`)
  })

  it('draws spend over time, readable with the arrow keys and as a table', async () => {
    const chart = page.getByRole('img', { name: /Spend over \d days, \$1\.000123457 in all/ })
    await chart.focus()
    await page.keyboard.press('End')
    expect((await page.locator('.reading').innerText()).replaceAll(/\s+/g, ' ')).toMatch(
      /^Monday 23 Nov 2026 \$1\.00 anthropic:claude-opus-5-5 \$1\.00 anthropic:claude-haiku-4-5 \$0\.000123$/,
    )
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'Show as table' }).click()
    expect((await page.locator('#spend-table tbody tr').last().innerText()).replaceAll(/\s+/g, ' ')).toContain('$1.00')
    await page.getByRole('group', { name: 'Stacked by' }).getByRole('button', { name: 'Project' }).click()
    await page.locator('#spend-table thead', { hasText: 'shop' }).waitFor()
    expect(page.url()).toMatch(/spend=table.*by=project|by=project.*spend=table/)
  })

  it('saves a table as CSV: numbers whole, formulas disarmed', async () => {
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Projects as CSV' }).click(),
    ])
    const stream = await download.createReadStream()
    const text = (await stream.toArray()).join('')
    expect(download.suggestedFilename()).toBe('metis-projects-table.csv')
    expect(text).toMatch(/^project,cost_usd,call_count,tokens,avg_latency_ms\r\nshop,1\.000123457,2,200,100\r\n/)
    expect(text).toContain(`"'=HYPERLINK(""https://evil.example"",""x"")",0,`)
  })

  it('is worked with the keyboard alone: sort, filter, take the filter away', async () => {
    await page.goto(`${dashboard.url}/dashboard/`)
    const sort = page.locator('#cost-by-model').getByRole('button', { name: 'Calls' })
    await sort.focus()
    await page.keyboard.press('Enter')
    expect(await page.locator('#cost-by-model th[aria-sort]').getAttribute('aria-sort')).toBe('descending')
    await page.keyboard.press('Enter')
    expect(await page.locator('#cost-by-model th[aria-sort]').getAttribute('aria-sort')).toBe('ascending')
    await page.locator('#projects').getByRole('link', { name: 'shop' }).focus()
    await page.keyboard.press('Enter')
    const remove = page.getByRole('button', { name: 'Remove the filter Project shop' })
    await remove.focus()
    await page.keyboard.press('Enter')
    expect(await remove.count()).toBe(0)
  })

  it('keeps light or dark for this screen', async () => {
    const theme = page.getByRole('button', { name: /^Theme/ })
    await theme.click()
    await theme.click()
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
    await page.reload()
    await theme.waitFor()
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe('dark')
    await theme.click()
    expect(await page.evaluate('document.documentElement.dataset.theme')).toBe(undefined)
  })

  it('says when no call is like that, and how to see more', async () => {
    await page.goto(`${dashboard.url}/dashboard/?project=nothing`)
    await page.getByText('No calls like these in this window.').waitFor()
    await page.getByRole('button', { name: 'Remove the filters' }).click()
    await row('projects', 'shop').waitFor()
  })
})

describe.skipIf(noBrowser)(`where something is missing${withoutBrowser}`, () => {
  it('leads to the first call, line by line, and shows it when it came', async () => {
    const dashboard = await openDashboard()
    const page = await dashboard.open('', { permissions: ['clipboard-read', 'clipboard-write'] })
    await page.getByRole('heading', { name: 'No calls yet' }).waitFor()
    await page.getByRole('button', { name: /^Copy Claude Code/ }).click()
    expect(await page.evaluate('navigator.clipboard.readText()')).toContain('export ANTHROPIC_BASE_URL="http://127.0.0.1:8422"')
    const steps = page.locator('.step')
    expect(await steps.count()).toBe(5)
    for (const step of await steps.all()) {
      await step.getByRole('button', { name: /^Copy/ }).click()
      await step.getByText('Copied').first().waitFor()
      expect(await page.evaluate('navigator.clipboard.readText()')).toBe(await step.locator('pre').textContent())
    }
    await insertCalls(dashboard.serve.storage, [callRow('1', { timestamp_us: dashboard.serve.clock.nowUs() - hourUs })])
    await page.getByRole('button', { name: 'Refresh now' }).click()
    await page.locator('#cost-by-model tbody tr').first().waitFor()
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  it('leads to the first call without commands where there are none: on a Worker', async () => {
    const dashboard = await openDashboard({ serve: { serverless: true } })
    const page = await dashboard.open('')
    const steps = page.locator('.step')
    await steps.first().waitFor()
    const lines = await steps.locator('pre').allTextContents()
    expect(lines).toHaveLength(4)
    expect(lines.filter((text) => text.includes('metis-gateway'))).toEqual([])
    expect(lines.filter((text) => !text.includes(dashboard.url))).toEqual([])
    expect(lines[0]).toContain(`curl -s ${dashboard.url}/admin/keys -H "authorization: Bearer $METIS_ADMIN_TOKEN"`)
    await steps.first().getByRole('link', { name: 'Keys' }).click()
    await page.getByRole('button', { name: 'Issue a key' }).click()
    await page.getByLabel('Name').fill('laptop')
    await page.keyboard.press('Enter')
    const forClaude = page.getByLabel('lines for Claude Code', { exact: true })
    expect(await forClaude.textContent()).toContain(`ANTHROPIC_BASE_URL="${dashboard.url}"`)
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  it('says so where the browser lets nobody copy', async () => {
    const dashboard = await openDashboard()
    const page = await dashboard.open('')
    await page.evaluate(`navigator.clipboard.writeText = () => Promise.reject(new Error('no'))`)
    await page.getByRole('button', { name: /^Copy Claude Code/ }).click()
    await page.getByRole('status').filter({ hasText: 'Select the text to copy it' }).waitFor()
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  it('keeps what it has when serve goes away, and says so', async () => {
    const dashboard = await openDashboard()
    await insertCalls(dashboard.serve.storage, [callRow('1', { timestamp_us: dashboard.serve.clock.nowUs() - hourUs })])
    const page = await dashboard.open('')
    await page.locator('#cost-by-model tbody tr').first().waitFor()
    await page.route('**/analytics/**', (route) => route.abort())
    await page.getByRole('button', { name: 'Refresh now' }).click()
    await page.getByText('Serve does not answer.').waitFor()
    expect(await page.locator('#cost-by-model tbody tr').count()).toBe(1)
    await page.unroute('**/analytics/**')
    await page.getByRole('button', { name: 'Refresh now' }).click()
    await page.getByText('Serve does not answer.').waitFor({ state: 'detached' })
    await dashboard.close()
  })

  it('shows no number of another question when one fails, in the summary too', async () => {
    const dashboard = await openDashboard()
    const call = (id: string, project: string) =>
      callRow(id, { timestamp_us: dashboard.serve.clock.nowUs() - hourUs, project, cost_nano_usd: 7_000_000_000 })
    await insertCalls(dashboard.serve.storage, [call('1', 'shop'), call('2', 'bakery')])
    const page = await dashboard.open('?open_per-team-table=%25')
    await page.locator('#summary').getByText('$14.00').waitFor()
    const answer = { status: 500, contentType: 'application/json', body: '{"error":{"message":"The store is away."}}' }
    await page.route('**/analytics/*project=shop*', (route) => route.fulfill(answer))
    await page.locator('#projects').getByRole('link', { name: 'shop' }).click()
    await page.locator('#cost-by-model').getByText('The store is away.').waitFor()
    await page.locator('#app').getByText('$').first().waitFor({ state: 'detached' })
    expect(await page.getByText('The store is away.').count()).toBeGreaterThan(4)
    await page.unroute('**/analytics/*project=shop*')
    await page.locator('#cost-by-model').getByRole('button', { name: 'Try again' }).click()
    await page.locator('#cost-by-model').getByText('$7.00').waitFor()
    await dashboard.close()
  })

  it('compares with a model that has a list price, though one without cost more', async () => {
    const dashboard = await openDashboard()
    const timestamp_us = dashboard.serve.clock.nowUs() - hourUs
    const told = { model: 'openrouter:someone/new', provider: 'openrouter', cost_basis: 'provider_reported' } as const
    await insertCalls(dashboard.serve.storage, [
      callRow('1', { timestamp_us, ...told, cost_nano_usd: 9_000_000_000 }),
      callRow('2', { timestamp_us, cost_nano_usd: 1_000_000_000 }),
    ])
    const page = await dashboard.open('')
    expect(await page.getByLabel('Baseline').inputValue()).toBe('anthropic:claude-haiku-4-5')
    expect(await page.getByRole('alert').count()).toBe(0)
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  it('says what a table leaves out, and what that adds up to', async () => {
    const dashboard = await openDashboard()
    const timestamp_us = dashboard.serve.clock.nowUs() - hourUs
    const rows = Array.from({ length: 1003 }, (_, at) =>
      callRow(`call ${at}`, { timestamp_us, project: `project-${at}`, cost_nano_usd: (at + 1) * 1_000_000 }),
    )
    await insertCalls(dashboard.serve.storage, rows)
    const page = await dashboard.open('')
    await page.locator('#projects').getByText('The dearest ones. 3 others: $0.006 in 3 calls.').waitFor()
    await dashboard.close()
  })
})
