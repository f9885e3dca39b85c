// Spend by identity, as the quickstart draws it.
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { callRow, insertCalls } from '../analytics/support/call-rows.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import { rowsIn, savedBy } from './support/csv-of.ts'
import { openDashboard, type OpenDashboard } from './support/open-dashboard.ts'

const hourUs = 3_600_000_000
/** Dollars and calls of each: eng 72 %, its alice 51 % of everything. */
const spend = [
  { team_id: 'eng', user_id: 'alice', gateway_key_id: 'gk_alice', usd: 51, calls: 2 },
  { team_id: 'eng', user_id: 'bob', gateway_key_id: 'gk_bob', usd: 21, calls: 5 },
  { team_id: 'sales', user_id: 'carol', gateway_key_id: 'gk_carol', usd: 20, calls: 1 },
  { team_id: null, user_id: null, gateway_key_id: null, usd: 8, calls: 1 },
]

describe.skipIf(noBrowser)(`spend by identity${withoutBrowser}`, () => {
  let dashboard: OpenDashboard
  let page: Page
  beforeAll(async () => {
    dashboard = await openDashboard()
    const { serve } = dashboard
    const rows = spend.flatMap(({ usd, calls, ...owner }) =>
      Array.from({ length: calls }, (_, number) =>
        callRow(`${owner.user_id} ${number}`, {
          ...owner,
          timestamp_us: serve.clock.nowUs() - hourUs,
          inbound_shape: owner.gateway_key_id === null ? null : number % 2 === 0 ? 'anthropic' : 'openai',
          client: null,
          cost_nano_usd: number === 0 ? usd * 1e9 : 0,
        }),
      ),
    )
    await insertCalls(serve.storage, rows)
    const by = { actor: 'test', origin: 'test' }
    await serve.identities.createTeam({ id: 'eng', displayName: 'Engineering' }, by)
    await serve.identities.createTeam({ id: 'sales', displayName: 'Sales' }, by)
    await serve.identities.setCaps('team', 'eng', { dailyNanoUsd: 100e9, monthlyNanoUsd: 90e9 }, by)
    await serve.identities.setCaps('team', 'sales', { monthlyNanoUsd: 20e9 }, by)
    page = await dashboard.open('?tab=identity')
  })
  afterAll(async () => {
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  const rowsOf = async (tile: string): Promise<readonly string[]> => {
    const rows = page.locator(`#${tile} tbody tr`)
    await rows.first().waitFor()
    return (await rows.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ').trim())
  }
  const tiles = () => page.locator('#identity > section:visible h2').allInnerTexts()

  it('shows teams, users and keys at first, and one of them when asked', async () => {
    await page.locator('#per-key tbody tr').first().waitFor()
    expect(await tiles()).toEqual(['Per-team spend', 'Per-user spend', 'Per-key spend'])
    for (const [pill, title] of [
      ['Per-team', 'Per-team spend'],
      ['Per-user', 'Per-user spend'],
      ['Per-key', 'Per-key spend'],
    ] as const) {
      // prettier-ignore
      await page.getByRole('button', { name: pill, exact: true }).click()
      expect(await tiles()).toEqual([title])
    }
    await page.waitForURL(/scope=key/)
    await page.goBack()
    expect(await tiles()).toEqual(['Per-user spend'])
    await page.getByRole('group', { name: 'Scope' }).getByRole('button', { name: 'All' }).click()
    await page.waitForURL((url) => !url.searchParams.has('scope'))
  })

  it('saves teams with the id to join by and the name to read', async () => {
    const { text } = await savedBy(page, page.getByRole('button', { name: 'Per-team spend as CSV' }))
    expect(rowsIn(text).map((row) => row.slice(0, 3))).toEqual([
      ['team', 'team_name', 'cost'],
      ['eng', 'Engineering', '72'],
      ['sales', 'Sales', '20'],
      ['', '', '8'],
    ])
  })

  it('has a row for each, dearest first, what is nobody’s last and with no filter', async () => {
    expect((await rowsOf('per-user')).map((row) => row.split(' ').slice(0, 3))).toEqual([
      ['alice', '$51.00', '2'],
      ['bob', '$21.00', '5'],
      ['carol', '$20.00', '1'],
      ['untagged', '$8.00', '1'],
    ])
    expect((await rowsOf('per-team')).at(-1)).toMatch(/^untagged \$8\.00 1 0 — —$/)
    expect((await rowsOf('per-key')).at(-1)).toMatch(/^agent-loop — \$8\.00 1 1h ago in-process 1 — —$/)
    expect((await rowsOf('per-key'))[1]).toContain('anthropic 3 openai 2')
  })

  it('calls out a team and a developer above half of the window', async () => {
    const callouts = await page.getByRole('note').allInnerTexts()
    expect(callouts.map((text) => text.replaceAll(/\s+/g, ' '))).toEqual([
      'TOP TEAM Engineering 72% of team spend in this window',
      'TOP DEVELOPER alice 51% of user spend in this window',
      'TOP KEY gk_alice 51% of key spend in this window',
    ])
  })

  it('shows how far caps are used up: a bar, the percentage, when it starts anew', async () => {
    const bars = page.locator('#per-team tbody tr').first().getByRole('meter')
    const told = await bars.evaluateAll((all) =>
      all.map((bar) => [bar.getAttribute('aria-label'), bar.getAttribute('aria-valuetext')]),
    )
    expect(told).toEqual([
      ['daily cap', '72% of $100.00'],
      ['monthly cap', '80% of $90.00'],
    ])
    expect(await bars.evaluateAll((all) => all.map(({ className }) => className.trim()))).toEqual(['meter', 'meter warn'])
    const text = (await rowsOf('per-team'))[0]
    expect(text).toContain('$72.00 of $100.00 a day, resets in 12h')
    const full = page.locator('#per-team tbody tr').nth(1).locator('.meter')
    expect(await full.getAttribute('class')).toBe('meter bad')
    expect(await full.locator('i').evaluate((bar) => Reflect.get(Reflect.get(bar, 'style'), 'width'))).toBe('100%')
  })

  it('opens a team to its users in place, and keeps it open in the URL', async () => {
    const team = page.getByRole('button', { name: 'Engineering, 2 users' })
    expect(await team.getAttribute('aria-expanded')).toBe('false')
    await team.click()
    expect(await team.getAttribute('aria-expanded')).toBe('true')
    expect((await rowsOf('per-team')).slice(1, 3)).toEqual(['alice $51.00 2', 'bob $21.00 5'])
    await page.reload()
    expect((await rowsOf('per-team')).slice(1, 3)).toEqual(['alice $51.00 2', 'bob $21.00 5'])
    await team.click()
    expect((await rowsOf('per-team'))[1]).toMatch(/^Sales/)
  })

  it('sorts all tables by cost or by calls', async () => {
    await page.getByRole('group', { name: 'Sort by' }).getByRole('button', { name: 'Calls' }).click()
    expect((await rowsOf('per-user'))[0]).toMatch(/^bob/)
    expect((await rowsOf('per-key'))[0]).toMatch(/^gk_bob/)
    expect(await page.locator('#per-user th[aria-sort]').getAttribute('aria-sort')).toBe('descending')
    await page.waitForURL(/sort=calls/)
    await page.getByRole('group', { name: 'Sort by' }).getByRole('button', { name: 'Cost' }).click()
    expect((await rowsOf('per-user'))[0]).toMatch(/^alice/)
  })

  it('narrows Cost to a team, a user or a key through a chip and the URL, and back', async () => {
    await page.locator('#per-user').getByRole('link', { name: 'Filter by bob' }).click()
    const chips = page.getByRole('group', { name: 'Filters' })
    expect(await chips.innerText()).toContain('User bob')
    await page.waitForURL(/user=bob/)
    await page.getByText('$21.00').first().waitFor()
    await page.goBack()
    await page.locator('#per-team').getByRole('link', { name: 'Filter by sales' }).click()
    await page.locator('#summary').getByText('$20.00').first().waitFor()
    expect(new URL(page.url()).searchParams.get('team')).toBe('sales')
    await page.getByRole('link', { name: 'Spend by identity' }).click()
    expect(await page.locator('#per-team tr[aria-current]').innerText()).toContain('Sales')
    expect(await rowsOf('per-user')).toHaveLength(4)
    await page.getByRole('button', { name: 'Remove the filter Team Sales' }).click()
    await page.waitForURL((url) => !url.searchParams.has('team'))
    expect(await chips.count()).toBe(0)
  })
})

describe.skipIf(noBrowser)(`a callout${withoutBrowser}`, () => {
  // A day each: so many dollars of a hundred are Ada's.
  const shares = [
    [49, false],
    [50, false],
    [51, true],
  ] as const
  const startOf = (day: number): string => `2026-11-${10 + day}T00:00:00Z`
  let dashboard: OpenDashboard
  beforeAll(async () => {
    dashboard = await openDashboard()
    const rows = shares.flatMap(([usd], day) => {
      const of = (name: string | null) => ({
        timestamp_us: Date.parse(startOf(day)) * 1000 + hourUs,
        team_id: name,
        user_id: name,
        gateway_key_id: name,
      })
      return [
        callRow(`a ${day}`, { ...of('ada'), cost_nano_usd: usd * 1e9 }),
        callRow(`b ${day}`, { ...of('bob'), cost_nano_usd: 1e9 }),
        callRow(`c ${day}`, { ...of(null), cost_nano_usd: (99 - usd) * 1e9 }),
      ]
    })
    await insertCalls(dashboard.serve.storage, rows)
  })
  afterAll(() => dashboard.close())

  it.each(shares.map(([usd, isThere], day) => [usd, isThere, day] as const))(
    'of a team, a developer and a key for %i of 100 dollars: %s',
    async (_, isThere, day) => {
      const page = await dashboard.open(`?tab=identity&from=${startOf(day)}&to=${startOf(day + 1)}`)
      await page.locator('#per-key tbody tr').first().waitFor()
      expect(await page.getByRole('note').locator('.kind').allTextContents()).toEqual(
        isThere ? ['Top team', 'Top developer', 'Top key'] : [],
      )
    },
  )
})
