// Names are anybody's text. In every tab, chip and turn they are shown as text, on any screen, and break nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { violationsOf } from './support/axe.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { rowsIn, savedBy } from './support/csv-of.ts'
import { openDashboard, settled, type OpenDashboard } from './support/open-dashboard.ts'

const markup = '<script>document.title="owned"</script><img src=x onerror="document.title=1">'
const rightToLeft = '\u202Eevil\u202C \u05E9\u05DC\u05D5\u05DD'
const formula = '=HYPERLINK("https://evil.example","x")'
/** The only one of them that a query can name. */
const long = 'x'.repeat(200)
const names = [markup, rightToLeft, formula, long, '\u200B', ' '.repeat(20)]

const places: readonly (readonly [place: string, query: string])[] = [
  ['cost', '?spend=table&by=user'],
  ['the chart', '?by=project'],
  ['activity', '?tab=activity'],
  ['identity', '?tab=identity&open_per-team-table=t3'],
  ['reliability', '?tab=reliability'],
  ['routing', '?tab=routing'],
  ['keys', '?tab=keys'],
  ['a turn', '?tab=activity&turn=turn-0'],
  ['a turn of long names', '?tab=activity&turn=turn-3'],
  ['chips', `?project=${long}&client=${long}&model=${long}&session=${long}&user=${long}`],
]

describe.skipIf(noBrowser)(`hostile names${withoutBrowser}`, () => {
  let dashboard: OpenDashboard
  beforeAll(async () => {
    dashboard = await openDashboard()
    const { serve } = dashboard
    const by = { actor: 'test', origin: 'test' }
    const rows = []
    for (const [at, name] of names.entries()) {
      const issued = await serve.fetch('/admin/keys', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: name.trim() === '' ? `k${at}` : name, workspace: name }),
      })
      const keyId = Reflect.get(Object(await issued.json()), 'key_id')
      await serve.identities.createTeam({ id: `t${at}`, displayName: name }, by)
      await serve.identities.createUser({ id: `u${at}`, displayName: name }, by)
      const owner = { team_id: `t${at}`, user_id: `u${at}`, gateway_key_id: typeof keyId === 'string' ? keyId : name }
      const words = { project: name, branch: name, client: name, model: name, requested_model: name, session_id: name }
      const when = { timestamp_us: serve.clock.nowUs() - 3_600_000_000, cost_nano_usd: 1e9 }
      rows.push(callRow(`turn-${at}`, { ...when, ...owner, ...words, error_class: 'other', status: 'failed', stop_reason: name }))
      rows.push(
        callRow(`untold-${at}`, { ...when, ...words, team_id: name, user_id: name, gateway_key_id: name, provider: name }),
      )
    }
    await insertCalls(serve.storage, rows)
  })
  afterAll(async () => {
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  it.each(places)('are text in %s, and it stays in its frame, on a telephone too', async (_, query) => {
    const page = await dashboard.open(query, { bypassCSP: true })
    expect(await page.locator('#app :is(script, img, iframe, object, form)').count()).toBe(0)
    expect(await page.title()).toMatch(/ · Metis$/)
    expect(await violationsOf(page)).toEqual([])
    for (const width of [1280, 380]) {
      await page.setViewportSize({ width, height: 900 })
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width)
    }
    await page.context().close()
  })

  it('are whole where they are shown', async () => {
    const page = await dashboard.open('?tab=identity')
    for (const tile of ['per-team', 'per-user', 'per-key']) {
      const shown = await page.locator(`#${tile} bdi`).allTextContents()
      for (const name of names.slice(0, 4)) expect(shown).toContain(name)
    }
    await page.context().close()
  })

  it.each(places.slice(0, -1))('do not run in a spreadsheet when they are saved from %s', async (_, query) => {
    const page = await dashboard.open(query)
    for (const button of await page.getByRole('button', { name: /as CSV$/ }).all()) {
      const fields = rowsIn((await savedBy(page, button)).text).flat()
      expect(fields.filter((field) => /^[=+@\t\r]/.test(field) || /^-(?![\d.]+$)/.test(field))).toEqual([])
    }
    await page.context().close()
  })

  it('can be chosen where a query can name them: the longest too', async () => {
    const page = await dashboard.open('')
    await page.locator('#projects').getByRole('link', { name: long }).click()
    await settled(page)
    await page.getByRole('group', { name: 'Filters' }).getByText(long, { exact: true }).waitFor()
    expect(await page.locator('#projects tbody tr').count()).toBe(1)
    await page.context().close()
  })
})
