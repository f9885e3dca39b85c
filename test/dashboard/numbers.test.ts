// What a tile shows is what its endpoint answers, over the demo's thirty days.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Page } from 'playwright-core'
import { byKey } from '../../src/analytics/by-key.ts'
import { reliability } from '../../src/analytics/reliability.ts'
import { routing } from '../../src/analytics/routing.ts'
import { savings } from '../../src/analytics/savings.ts'
import { totals as totalsSchema } from '../../src/analytics/totals.ts'
import { exactUsd, formatShare } from '../../src/dashboard/format.ts'
import { noBrowser, withoutBrowser } from './support/browser.ts'
import * as z from 'zod'
import { openSampleDashboard, type Dashboard } from './support/open-dashboard.ts'

describe.skipIf(noBrowser)(`the numbers${withoutBrowser}`, () => {
  let dashboard: Dashboard
  beforeAll(async () => {
    dashboard = await openSampleDashboard()
  })
  afterAll(async () => {
    await dashboard.close()
    expect(dashboard.misdeeds).toEqual([])
  })

  async function ask<Data extends z.ZodType>(data: Data, path: string): Promise<z.output<Data>> {
    const answer = await fetch(`${dashboard.url}/analytics/${path}`)
    return data.parse(z.object({ data: z.unknown() }).parse(await answer.json()).data)
  }
  const figure = async (page: Page, term: string): Promise<string> => {
    const one = page.locator('.figure').filter({ has: page.locator('dt', { hasText: new RegExp(`^${term}$`) }) })
    return (await one.locator('.value').innerText()).trim()
  }
  const numbersOf = async (page: Page, tile: string, column: number): Promise<readonly number[]> =>
    (await page.locator(`#${tile} tbody tr > :nth-child(${column})`).allInnerTexts()).map((text) =>
      Number(text.replaceAll(',', '').replace(/^.* /, '')),
    )

  it('of Cost are the totals, the share that was measured, and the savings against the dearest model', async () => {
    const totals = await ask(totalsSchema, 'cost?group_by=none&window=30d')
    const page = await dashboard.open('?window=30d')
    const baseline = await page.getByLabel('Baseline').inputValue()
    const saved = await ask(savings.data, `savings?window=30d&baseline=${encodeURIComponent(baseline)}`)
    const spent = totals.cost_usd ?? 0
    expect(await page.locator('#summary .value').first().locator('span').getAttribute('title')).toBe(exactUsd(spent))
    expect(await figure(page, 'Calls')).toBe(String(totals.call_count))
    expect(await figure(page, 'Measured')).toBe(formatShare(totals.measured_cost_usd / spent))
    expect(await page.locator('#savings .figure').nth(2).locator('.value span').getAttribute('title')).toBe(
      exactUsd(saved.savings_usd),
    )
    expect(saved.savings_usd).toBeGreaterThan(0)
    await page.context().close()
  })

  it('of Cost under one key are that key’s, and keys add up to the whole', async () => {
    const rows = await ask(byKey.data, 'by_key?window=30d')
    const whole = await ask(totalsSchema, 'cost?group_by=none&window=30d')
    expect(rows.reduce((sum, row) => sum + Math.round((row.cost_usd ?? 0) * 1e9), 0)).toBe(
      Math.round((whole.cost_usd ?? 0) * 1e9),
    )
    const [dearest] = rows
    const page = await dashboard.open(`?window=30d&gateway_key=${dearest?.gateway_key_id}`)
    const total = page.locator('#summary .value').first().locator('span')
    expect(await total.getAttribute('title')).toBe(exactUsd(dearest?.cost_usd ?? 0))
    await page.getByRole('img', { name: new RegExp(`, \\${exactUsd(dearest?.cost_usd ?? 0)} in all`) }).waitFor()
    await page.context().close()
  })

  it('of what is nobody’s are called in the chart as in the tables', async () => {
    for (const [by, nobodys] of [
      ['gateway_key', 'agent-loop'],
      ['user', 'untagged'],
      ['team', 'untagged'],
    ] as const) {
      const page = await dashboard.open(`?window=30d&by=${by}`)
      expect((await page.locator('.legend li').allInnerTexts()).filter((name) => name === nobodys)).toEqual([nobodys])
      await page.context().close()
    }
  })

  it('of Reliability and Routing are every turn, counted once', async () => {
    const { totals, by_model: models } = await ask(reliability.data, 'reliability?window=30d')
    const page = await dashboard.open('?tab=reliability&window=30d')
    for (const [term, count] of [
      ['Complete', totals.ok],
      ['Failed', totals.failed],
      ['Cancelled by the client', totals.cancelled],
      ['Interrupted by a crash', totals.interrupted],
      ['Refused', totals.refused],
      ['Retried', totals.retried_calls],
    ] as const)
      expect([term, await figure(page, term)]).toEqual([term, String(count)])
    expect(await numbersOf(page, 'latency', 2)).toEqual(models.map(({ calls }) => calls))
    expect((await numbersOf(page, 'errors', 2)).reduce((sum, calls) => sum + calls, 0)).toBe(totals.failed)

    const routed = await ask(routing.data, 'routing?window=30d')
    await page.getByRole('link', { name: 'Routing' }).click()
    await page.locator('#policies tbody tr').first().waitFor()
    expect(await numbersOf(page, 'policies', 3)).toEqual(routed.wins_by_policy.map(({ wins }) => wins))
    expect(routed.wins_by_policy).toHaveLength(7)
    expect(await figure(page, 'Decisions')).toBe(String(routed.decisions))
    expect(await figure(page, 'Refused after the choice')).toBe(String(totals.refused))
    expect(await figure(page, 'Hard failures')).toBe('0')
    await page.context().close()
  })
})
