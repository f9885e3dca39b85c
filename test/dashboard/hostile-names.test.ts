// Names are anybody's text. In every tab, chip and turn they are shown as text, on any screen, and break nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createIdFactory } from '../../src/lib/ids.ts'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { insertOpenTurn } from '../analytics/support/open-turns.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { rowsIn, savedBy } from './support/csv-of.ts'
import { faultsInEveryLook, looking } from './support/looks.ts'
import { openDashboard, settled, type OpenDashboard } from './support/open-dashboard.ts'

const markup = '<script>document.title="owned"</script><img src=x onerror="document.title=1">'
const rightToLeft = '\u202Eevil\u202C \u05E9\u05DC\u05D5\u05DD'
const formula = '=HYPERLINK("https://evil.example","x")'
/** The only one of them that a query can name. */
const long = 'x'.repeat(200)
const names = [markup, rightToLeft, formula, long, '\u200B', ' '.repeat(20)]

/** Of the day that serve's clock stands at. */
const runningIds = names.map(createIdFactory(() => Date.UTC(2026, 10, 23, 11, 59)))

const places: readonly (readonly [place: string, query: string])[] = [
  ['cost', '?spend=table&by=user'],
  ['the chart', '?by=project'],
  ['activity', '?tab=activity'],
  ['identity', '?tab=identity&open_per-team-table=t3'],
  ['reliability', '?tab=reliability'],
  ['routing', '?tab=routing'],
  ['keys', '?tab=keys'],
  ['a turn', '?tab=activity&turn=turn-0'],
  ['a turn that runs', `?tab=activity&turn=${runningIds[0]}`],
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
    for (const [at, turnId] of runningIds.entries()) {
      const name = names[at] ?? ''
      const words = { user_id: name, team_id: name, gateway_key_id: name, project: name, branch: name, client: name }
      const turn = { turnId, startedUs: serve.clock.nowUs() - 5e6, sessionId: name, model: name, requestedModel: name }
      await insertOpenTurn(serve.storage, { ...turn, route: words })
    }
  })
  afterAll(async () => {
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  it.each(places)('are text in %s, and it stays in its frame, in each theme on each screen', async (_, query) => {
    const page = await dashboard.open(query, looking)
    expect(await page.locator('#app :is(script, img, iframe, object, form)').count()).toBe(0)
    expect(await page.title()).toMatch(/ · Metis$/)
    expect(await faultsInEveryLook(page)).toEqual([])
    await page.context().close()
  })

  it.each([
    ['Rotate', markup],
    ['Revoke', rightToLeft],
    ['Revoke', long],
  ])('are text where it is asked to %s %s', async (verb, name) => {
    const page = await dashboard.open('?tab=keys', looking)
    await page.getByRole('button', { name: `${verb} ${name}`, exact: true }).click()
    expect(await page.getByRole('dialog').locator('bdi').textContent()).toBe(name)
    expect(await faultsInEveryLook(page)).toEqual([])
    await page.context().close()
  })

  it.each([
    ['identity', ['per-team', 'per-user', 'per-key']],
    ['activity', ['in-flight', 'recent-turns']],
  ])('are whole where %s shows them', async (tab, tiles) => {
    const page = await dashboard.open(`?tab=${tab}`)
    for (const tile of tiles) {
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
