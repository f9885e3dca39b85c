// How full caps are, in /metrics: it says what the quota column says, of every cap that holds, however many there are.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { startServe } from '../../runtimes/node/serve-process.ts'
import { createCapGauges } from '../../src/gateway/cap-gauges.ts'
import { printFamilies } from '../../src/gateway/prometheus.ts'
import { nanoUsdOf } from '../../src/lib/money.ts'
import { byTest } from '../support/author.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

/** `kind scope id` → value. */
function capsIn(text: string, name: string): ReadonlyMap<string, number> {
  const lines = text.matchAll(
    new RegExp(`^metis_cap_${name}_nano_usd\\{kind="(\\w+)",id="([^"]+)",scope="(\\w+)"\\} (\\d+)$`, 'gm'),
  )
  return new Map([...lines].map(([, kind, id, scope, value]) => [`${kind} ${scope} ${id}`, Number(value)]))
}

const scrape = async (): Promise<string> => (await fetch(`${gateway.url}/metrics`)).text()

const quota = z.array(z.object({ scope: z.string(), limit_usd: z.number(), current_usd: z.number() }))
const spend = z.object({
  data: z.array(
    z.object({
      gateway_key_id: z.string().nullish(),
      user_id: z.string().nullish(),
      team_id: z.string().nullish(),
      quota,
    }),
  ),
})

describe('the gauges of caps', () => {
  it('hold to the nano-dollar what the API says of the same caps', async () => {
    const alice = await gateway.issue({ userId: 'ada', teamId: 'eng', dailyCapNanoUsd: 5e9, budgetNanoUsd: 20e9 })
    const bob = await gateway.issue({ userId: 'bob', teamId: 'eng', monthlyCapNanoUsd: 7e9 })
    await gateway.context.identities.setCaps('user', 'ada', { monthlyNanoUsd: 9e9 }, byTest)
    await gateway.context.identities.setCaps('team', 'eng', { dailyNanoUsd: 11e9, monthlyNanoUsd: 13e9 }, byTest)
    const revoked = await gateway.issue({ dailyCapNanoUsd: 1e9 })
    const body = { model: 'claude-haiku-4-5', max_tokens: 16, messages: [{ role: 'user', content: 'hi' }] }
    for (const token of [alice.token, alice.token, bob.token]) {
      expect((await gateway.post('/v1/messages', body, { token })).status).toBe(200)
    }
    await gateway.revoke(revoked.keyId)
    const { successor } = await rotate(bob.keyId)

    const text = await scrape()
    const serve = await startServe(gateway.context, { port: 0 })
    const told = { limit: new Map<string, number>(), spent: new Map<string, number>() }
    try {
      for (const [path, kind, field] of [
        ['by_key', 'key', 'gateway_key_id'],
        ['by_user', 'user', 'user_id'],
        ['by_team', 'team', 'team_id'],
      ] as const) {
        const { data } = spend.parse(await (await fetch(`${serve.url}/analytics/${path}?window=all`)).json())
        for (const row of data) {
          for (const { scope, limit_usd, current_usd } of row.quota) {
            told.limit.set(`${kind} ${scope} ${row[field]}`, nanoUsdOf(limit_usd))
            told.spent.set(`${kind} ${scope} ${row[field]}`, nanoUsdOf(current_usd))
          }
        }
      }
    } finally {
      await serve.close()
    }
    expect(told.spent.size).toBe(6)
    expect([...told.spent.values()].every((spent) => spent > 0)).toBe(true)
    expect(new Map([...capsIn(text, 'limit')].toSorted())).toEqual(new Map([...told.limit].toSorted()))
    expect(new Map([...capsIn(text, 'spent')].toSorted())).toEqual(new Map([...told.spent].toSorted()))
    expect([...capsIn(text, 'reserved').values()]).toEqual(Array.from({ length: 6 }, () => 0))
    // One cap, under the id that refusals name, however often its key was rotated; a key that is revoked has none.
    expect(text).not.toContain(successor)
    expect(text).not.toContain(revoked.keyId)
    expect(text).toContain('\nmetis_caps_omitted 0\n')
  })

  it('show the fullest of many, say how many more there are, and do not ask again at once', async () => {
    const { storage } = gateway.context
    const users = Array.from({ length: 620 }, (_, n) => `many-${String(n).padStart(3, '0')}`)
    const limits = { daily_cap_nano_usd: 1000, monthly_cap_nano_usd: null, budget_nano_usd: null }
    const row = { team_id: null, created_us: 0, disabled_us: null, ...limits }
    await storage.db.insertInto('users').values(users.map((id) => ({ id, display_name: id, ...row }))).execute() // prettier-ignore
    const clock = fakeClock({ startUs: Date.UTC(2031, 0, 1) * 1000 })
    const period_us = clock.nowUs()
    const full = { kind: 'user', id: 'many-619', scope: 'daily', period_us, spent_nano_usd: 900, reserved_nano_usd: 99 }
    await storage.db
      .insertInto('quotas')
      .values({ ...full, alerted_percent: 0, last_turn_id: '' })
      .execute()

    const gauges = createCapGauges({ storage, clock, defer: setImmediate, logger: { log: () => undefined } })
    await gauges.refresh()
    const text = printFamilies(gauges.families)
    const spent = capsIn(text, 'spent')
    expect(spent.size).toBe(500)
    expect([...spent][0]).toEqual(['user daily many-619', 900])
    expect(capsIn(text, 'reserved').get('user daily many-619')).toBe(99)
    const omitted = Number(/^metis_caps_omitted (\d+)$/m.exec(text)?.[1])
    expect(omitted).toBeGreaterThanOrEqual(120)
    await storage.db.deleteFrom('users').where('id', 'in', users.slice(0, 100)).execute()
    await gauges.refresh()
    expect(printFamilies(gauges.families)).toBe(text)
    await clock.advance(5000)
    await gauges.refresh()
    expect(printFamilies(gauges.families)).toContain(`\nmetis_caps_omitted ${omitted - 100}\n`)
  })

  it('are left out when the database fails, or is silent for two minutes, and come back with it', async () => {
    const { storage } = gateway.context
    let [fails, hangs] = [false, false]
    const clock = fakeClock()
    // Asked before each page: here the store stops answering.
    const defer = (task: () => void) => void (hangs || setImmediate(task))
    const db = storage.db
    const flaky = { ...storage, get db() { if (fails) throw new Error('away'); return db } } // prettier-ignore
    const warned: string[] = []
    const gauges = createCapGauges({ storage: flaky, clock, defer, logger: { log: (_, message) => void warned.push(message) } })
    const count = () => capsIn(printFamilies(gauges.families), 'limit').size
    const scrape = async () => {
      const refreshed = gauges.refresh()
      if (hangs) await clock.advance(1000)
      await refreshed
      return count()
    }
    const all = await scrape()
    expect(all).toBeGreaterThan(0)

    hangs = true
    await clock.advance(60_000)
    expect(await scrape()).toBe(all)
    await clock.advance(60_000)
    expect(await scrape()).toBe(0)
    hangs = false
    expect(await scrape()).toBe(all)

    fails = true
    await clock.advance(5000)
    expect([await scrape(), warned]).toEqual([0, ['caps could not be read for /metrics']])
    fails = false
    expect(await scrape()).toBe(all)
  })
})

async function rotate(keyId: string): Promise<{ readonly successor: string }> {
  const rotated = await gateway.context.keys.rotate(keyId, 60_000, byTest)
  return { successor: rotated?.keyId ?? '' }
}
