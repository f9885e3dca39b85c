// Requests and tokens a minute, turns at once, and failed keys from one address, through the front door.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deferred, eventually } from '../support/deadline.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { objectOf, parseObject } from '../support/json.ts'

let gateway: TestGateway
beforeAll(async () => {
  const limits = { auth_failures_per_minute: 5, max_retries: 0 }
  gateway = await startTestGateway({ config: { limits, trusted_proxies: ['127.0.0.1', '::1'] } })
})
afterAll(() => gateway.stop())

const body = { model: 'claude-haiku-4-5', max_tokens: 16, messages: [{ role: 'user', content: 'hi' }] }

async function ask(token: string, headers: Record<string, string> = {}) {
  const response = await gateway.post('/v1/messages', body, { token, headers })
  const { status } = response
  const error = objectOf(parseObject(await response.text())['error'] ?? {})
  return { status, error, retryAfter: Number(response.headers.get('retry-after')), again: response.headers.get('x-should-retry') }
}

const turnsOf = async (keyId: string) =>
  (await gateway.events()).filter(({ type, payload }) => type === 'turn.completed' && payload['gateway_key_id'] === keyId)

describe('a key with a limit', () => {
  it('of 3 requests a minute is told how long to wait with the fourth, which is counted and no turn', async () => {
    const { token, keyId } = await gateway.issue({ requestsPerMinute: 3 })
    const statuses = (await Promise.all([1, 2, 3].map(() => ask(token)))).map(({ status }) => status)
    expect(statuses).toEqual([200, 200, 200])
    const refused = await ask(token)
    expect(refused).toMatchObject({
      status: 429,
      again: 'true',
      error: { code: 'rate_limit_exceeded', scope: 'requests_per_minute', limit: 3 },
    })
    // One a third of a minute, less what the asking took.
    expect(refused.retryAfter).toBeGreaterThan(10)
    expect(refused.retryAfter).toBeLessThanOrEqual(20)
    expect(await turnsOf(keyId)).toHaveLength(3)
    const sample = await eventually(10_000, 'the sampled event', async () =>
      (await gateway.events()).find(
        ({ type, payload }) => type === 'gateway.rate_limited' && payload['gateway_key_id'] === keyId,
      ),
    )
    expect(sample.payload).toMatchObject({ scope: 'requests_per_minute' })
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text()
    expect(metrics).toMatch(/^metis_rate_limited_total [1-9]/m)
  })

  it('of tokens a minute pays for what was used, not for what was expected', async () => {
    gateway.provider.script({ plan: { usage: { inputUncached: 700, cacheRead: 0, cacheWrite5m: 0, output: 500, reasoning: 0 } } })
    const { token } = await gateway.issue({ tokensPerMinute: 1000 })
    expect((await ask(token)).status).toBe(200)
    const refused = await ask(token)
    expect(refused).toMatchObject({ status: 429, error: { scope: 'tokens_per_minute', limit: 1000 } })
    // 1,200 of 1,000 are used: 200 and the next request's own have to come back, 1,000 a minute.
    expect(refused.retryAfter).toBeGreaterThan(4)
    expect(refused.retryAfter).toBeLessThan(20)
  })

  it('of 2 turns at once lets the third in when one of them is over, however it ends', async () => {
    const { token } = await gateway.issue({ concurrentTurns: 2 })
    const before = gateway.provider.requests.length
    const third = deferred()
    gateway.provider.script({ holdFirst: third.promise, status: 500 }, { holdFirst: third.promise })
    const running = [ask(token), ask(token)]
    await gateway.provider.received(before + 2)
    expect(await ask(token)).toMatchObject({ status: 429, again: 'true', error: { scope: 'concurrent_turns', limit: 2 } })
    third.resolve()
    expect((await Promise.all(running)).map(({ status }) => status).toSorted()).toEqual([200, 500])
    expect((await ask(token)).status).toBe(200)
  })

  it('gives its place back when it is refused for another reason', async () => {
    const { token } = await gateway.issue({ concurrentTurns: 1, allowedModels: ['none'] })
    for (let asked = 0; asked < 3; asked++) expect((await ask(token)).status).toBe(403)
  })
})

describe('bad keys from one address', () => {
  it('are told to slow down after five a minute, while a good key from there is served', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.7, 127.0.0.1' }
    const statuses: number[] = []
    for (let asked = 0; asked < 7; asked++) statuses.push((await ask('gw_nonsense', headers)).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429])
    const refused = await ask('gw_nonsense', headers)
    expect(refused).toMatchObject({ again: 'false', error: { code: 'rate_limit_exceeded', scope: 'address' } })
    expect(refused.retryAfter).toBeGreaterThan(0)
    expect((await ask(gateway.token, headers)).status).toBe(200)
  })

  it.each([
    ['another address', { 'x-forwarded-for': '203.0.113.7, 203.0.113.8' }],
    ['this machine', {}],
  ])('do not count against %s', async (_, headers) => {
    for (let asked = 0; asked < 4; asked++) expect((await ask('gw_nonsense', headers)).status).toBe(401)
  })

  it('never count against this machine itself, which has one address for all', async () => {
    for (let asked = 0; asked < 9; asked++) expect((await ask('gw_nonsense')).status).toBe(401)
  })
})
