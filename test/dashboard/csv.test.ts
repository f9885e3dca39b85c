// CSV of any table: every one of every tab, and of a turn's page, holds the rows that are on the screen, in their order.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { rowsIn, savedBy } from './support/csv-of.ts'
import { openSampleDashboard, settled, type Dashboard } from './support/open-dashboard.ts'

const tabs: readonly (readonly [tab: string, query: string, tables: number])[] = [
  ['cost', '?window=30d&spend=table', 8],
  ['activity', '?tab=activity&window=30d', 3],
  ['identity', '?tab=identity&window=30d&sort=calls', 3],
  ['reliability', '?tab=reliability&window=30d', 3],
  ['routing', '?tab=routing&window=30d', 3],
  ['keys', '?tab=keys', 1],
]

describe.skipIf(noBrowser)(`csv${withoutBrowser}`, () => {
  let dashboard: Dashboard
  beforeAll(async () => {
    dashboard = await openSampleDashboard()
  })
  afterAll(async () => {
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  it.each(tabs)('of every table of %s is what the table says', async (_, query, tables) => {
    const page = await dashboard.open(query)
    const tiles = page.locator('section.tile').filter({ has: page.locator('table') })
    expect(await tiles.count()).toBe(tables)
    for (const tile of await tiles.all()) {
      const shown = await tile.locator('tbody tr:not(.child)').count()
      const { name, text } = await savedBy(page, tile.getByRole('button', { name: /as CSV$/ }))
      const [head, ...rows] = rowsIn(text)
      expect(name).toMatch(/^metis-[a-z-]+\.csv$/)
      expect([name, rows.length]).toEqual([name, shown])
      expect(rows.filter((row) => row.length !== head?.length)).toEqual([])
    }
    await page.context().close()
  })

  it('has the exact amounts that the titles of the cells have, in the order of the screen', async () => {
    const page = await dashboard.open('?window=30d&sort_projects-table=-cost_usd')
    const tile = page.locator('#projects')
    const { text } = await savedBy(page, tile.getByRole('button', { name: 'Projects as CSV' }))
    const titles = await tile.locator('td.number [title^="$"]').evaluateAll((all) => all.map((one) => one.getAttribute('title')))
    const [, ...rows] = rowsIn(text)
    expect(rows.map(([, usd]) => Number(usd))).toEqual(titles.map((title) => Number(title?.slice(1))))
    expect(rows.map(([name]) => name)).toEqual(await tile.locator('tbody th').allInnerTexts())
    expect(rows.map(([, usd]) => Number(usd)).toSorted((a, b) => a - b)).toEqual(rows.map(([, usd]) => Number(usd)))
    await page.context().close()
  })

  it('is there on a turn’s page too: its price lines add up to what was stamped', async () => {
    const page = await dashboard.open('?tab=activity&window=30d&status=ok')
    await page.locator('#recent-turns').getByRole('link', { name: /^Turn of/ }).first().click() // prettier-ignore
    await page.getByRole('heading', { name: 'Usage and price' }).waitFor()
    await settled(page)
    const { text } = await savedBy(page, page.getByRole('button', { name: 'Usage and price as CSV' }))
    const [head, ...lines] = rowsIn(text)
    expect(head).toEqual(['item', 'tokens', 'usd_per_million', 'cost_usd'])
    const nanos = lines.reduce((sum, line) => sum + Math.round(Number(line[3]) * 1e9), 0)
    const stamped = await page.getByText('stamped').locator('strong').innerText()
    expect(nanos).toBe(Math.round(Number(stamped.slice(1)) * 1e9))
    await page.context().close()
  })
})
