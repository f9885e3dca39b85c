// What holds for every tab: it has what it is for, in both themes nothing that axe finds, no error, no other origin.
import { violationsOf } from './support/axe.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { openSampleDashboard, type Dashboard } from './support/open-dashboard.ts'

const tabs: readonly (readonly [name: string, query: string, tiles: readonly string[]])[] = [
  ['Cost', '?window=30d', ['Spend over time', 'Cost by model', 'Cache effectiveness', 'Savings', 'Projects', 'Branches', 'Clients', 'Cache misses']], // prettier-ignore
  ['Activity', '?tab=activity&window=30d', ['In flight: 1', 'Recent turns', 'Recent sessions']],
  [
    'Spend by identity',
    '?tab=identity&window=30d&open_per-team-table=eng',
    ['Per-team spend', 'Per-user spend', 'Per-key spend'],
  ],
  [
    'Reliability',
    '?tab=reliability&window=30d',
    ['How turns ended', 'Errors by class', 'Refused before a call', 'Latency by model'],
  ],
  ['Routing', '?tab=routing&window=30d', ['Decisions', 'Wins by policy', 'Wins by model', 'Rejections']],
  ['Keys', '?tab=keys', ['Gateway keys']],
]

describe.skipIf(noBrowser)(`every tab${withoutBrowser}`, () => {
  let dashboard: Dashboard
  beforeAll(async () => {
    dashboard = await openSampleDashboard()
  })
  afterAll(() => dashboard.close())

  describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
    it.each(tabs)('%s shows its tiles and passes axe', async (name, query, tiles) => {
      const page = await dashboard.open(query, { colorScheme, bypassCSP: true })
      expect(await page.locator('.tile h2').allInnerTexts()).toEqual(tiles)
      expect(await page.getByRole('navigation').locator('[aria-current=page]').innerText()).toBe(name)
      expect(await page.title()).toBe(`${name} · Metis`)
      expect(await violationsOf(page)).toEqual([])
      await page.context().close()
    })
  })

  it('did nothing that a page must not do', () => expect(dashboard.misdeeds).toEqual([]))
})
