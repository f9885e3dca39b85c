// The gateway's small paths (contract.md §4): probes tell nothing and need no key, lists need one, health speaks its version.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { listOf, objectOf, parseObject, textOf, type JsonObject } from '../support/json.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') => fetch(gateway.url + path, { method, headers })
const authorized = (headers: Record<string, string> = {}) => ({ authorization: `Bearer ${gateway.token}`, ...headers })

it.each([
  ['HEAD', '/'],
  ['GET', '/'],
  ['HEAD', '/api/hello'],
  ['GET', '/api/hello'],
])("answers Claude Code's probe %s %s without a key, a turn or a failed login", async (method, path) => {
  const before = (await gateway.events()).length
  const response = await get(path, {}, method)
  expect(response.status).toBe(200)
  const text = await response.text()
  expect(text.length).toBeLessThan(40)
  if (method === 'HEAD') expect(text).toBe('')
  expect((await gateway.events()).length).toBe(before)
})

it.each(['/v1/messages', '/v1/messages?beta=true', '/v1/messages?x=%00&y=%ff'])(
  'reads the path and ignores the query: %s',
  async (path) => {
    const response = await gateway.post(path, {
      model: 'claude-haiku-4-5',
      max_tokens: 10,
      messages: [{ role: 'user', content: 'hi' }],
    })
    expect(response.status, await response.text()).toBe(200)
  },
)

describe('/v1/models', () => {
  it.each(['/v1/models', '/v1/models/anthropic:claude-haiku-4-5'])('needs a key: %s', async (path) => {
    const response = await get(path)
    expect(response.status).toBe(401)
    expect(objectOf(parseObject(await response.text())['error'])['code']).toBe('invalid_api_key')
  })

  it('answers in the shape of who asks', async () => {
    const openai = parseObject(await (await get('/v1/models', authorized())).text())
    expect(openai['object']).toBe('list')
    expect(objectOf(listOf(openai['data'])[0])).toMatchObject({ object: 'model' })
    const anthropic = parseObject(
      await (await get('/v1/models?limit=3', authorized({ 'anthropic-version': '2023-06-01' }))).text(),
    )
    expect(listOf(anthropic['data']).length).toBe(3)
    expect(anthropic).toMatchObject({ has_more: true })
    expect(objectOf(listOf(anthropic['data'])[0])).toMatchObject({ type: 'model' })
  })

  it('leafs through all of them by cursor, each once', async () => {
    const seen: string[] = []
    let after = ''
    for (let page = 0; page < 50; page++) {
      const answer = parseObject(
        await (await get(`/v1/models?limit=7${after}`, authorized({ 'anthropic-version': '2023-06-01' }))).text(),
      )
      seen.push(...listOf(answer['data']).map((model) => textOf(objectOf(model)['id'])))
      if (answer['has_more'] !== true) break
      after = `&after_id=${encodeURIComponent(textOf(answer['last_id']))}`
    }
    const all = parseObject(await (await get('/v1/models', authorized())).text())
    expect(seen).toEqual(listOf(all['data']).map((model) => textOf(objectOf(model)['id'])))
    expect(new Set(seen).size).toBe(seen.length)
  })

  it('leafs back by cursor, and takes the shape from the query where no version says it', async () => {
    const pageOf = async (query: string) =>
      parseObject(await (await get(`/v1/models?shape=anthropic&limit=3${query}`, authorized())).text())
    const idsOf = (page: JsonObject) => listOf(page['data']).map((model) => textOf(objectOf(model)['id']))
    const first = await pageOf('')
    const second = await pageOf(`&after_id=${encodeURIComponent(textOf(first['last_id']))}`)
    const back = await pageOf(`&before_id=${encodeURIComponent(textOf(second['first_id']))}`)
    expect(back).toEqual({ ...first, has_more: false })
    expect(idsOf(await pageOf(`&before_id=${encodeURIComponent(textOf(second['last_id']))}`))).toEqual([
      ...idsOf(first).slice(2),
      ...idsOf(second).slice(0, 2),
    ])
  })

  it.each(['anthropic:claude-haiku-4-5', 'anthropic%3Aclaude-haiku-4-5', 'haiku'])('finds %s', async (id) => {
    const response = await get(`/v1/models/${id}`, authorized())
    expect(response.status).toBe(200)
    expect(parseObject(await response.text())['id']).toBe(decodeURIComponent(id))
  })

  it.each(['limit=0', 'limit=x', 'limit=1001', 'after_id=nobody', 'before_id=nobody'])('refuses ?%s', async (query) => {
    const response = await get(`/v1/models?${query}`, authorized({ 'anthropic-version': '2023-06-01' }))
    expect(response.status, await response.text()).toBe(400)
  })

  it('shows a key only what it may use', async () => {
    const { token } = await gateway.issue({ name: 'narrow', allowedModels: ['openai:*'] })
    const answer = parseObject(await (await get('/v1/models', { authorization: `Bearer ${token}` })).text())
    const owners = new Set(listOf(answer['data']).map((model) => textOf(objectOf(model)['owned_by'])))
    expect([...owners]).toEqual(['openai'])
    expect((await get('/v1/models/anthropic:claude-haiku-4-5', { authorization: `Bearer ${token}` })).status).toBe(404)
  })
})

describe('health', () => {
  it('is alive and ready, without a key', async () => {
    const live = await get('/healthz')
    expect(live.status).toBe(200)
    expect(live.headers.get('metis-api-version')).toBe('1.0')
    expect(parseObject(await live.text())).toMatchObject({ status: 'ok' })
    expect((await get('/readyz')).status).toBe(200)
  })

  it('says whom it keeps away from, and is ready all the same', async () => {
    const ready = async () => {
      const response = await get('/readyz')
      expect(response.status).toBe(200)
      return parseObject(await response.text())
    }
    const ask = () =>
      gateway.post('/v1/messages', { model: 'claude-haiku-4-5', max_tokens: 10, messages: [{ role: 'user', content: 'hi' }] })
    expect(await ready()).toEqual({ status: 'ready', unavailable: [] })
    gateway.provider.script({ status: 401 })
    expect((await ask()).status).toBe(502)
    expect(await ready()).toEqual({
      status: 'ready',
      unavailable: [{ provider: 'anthropic', model: null, reason: "anthropic refuses the gateway's credential" }],
    })
    expect((await ask()).status).toBe(200)
    expect(await ready()).toEqual({ status: 'ready', unavailable: [] })
  })

  it('tells Prometheus how it is, without a key', async () => {
    const response = await get('/metrics')
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toContain('text/plain')
    const text = await response.text()
    for (const name of [
      'metis_uptime_seconds',
      'metis_turns_running',
      'metis_auth_failures_total',
      'metis_untraced_turns_total',
    ]) {
      expect(text).toMatch(new RegExp(`^# TYPE ${name} (counter|gauge)\n${name} \\d+$`, 'm'))
    }
  })

  it('keeps the API version away from /v1', async () => {
    const response = await get('/v1/models', authorized({ 'metis-api-version': '0.0' }))
    expect(response.status).toBe(200)
    expect(response.headers.has('metis-api-version')).toBe(false)
  })
})

describe('count_tokens', () => {
  const question = { model: 'claude-haiku-4-5', messages: [{ role: 'user', content: 'How many?' }] }

  it("passes an Anthropic provider's own count on", async () => {
    const response = await gateway.post('/v1/messages/count_tokens', question)
    expect(response.status).toBe(200)
    expect(response.headers.has('x-metis-token-count')).toBe(false)
    expect(gateway.provider.at(-1).path).toBe('/v1/messages/count_tokens')
    expect(parseObject(await response.text())['input_tokens']).toBeGreaterThan(0)
  })

  it('estimates for others, without a call', async () => {
    const before = gateway.provider.requests.length
    const response = await gateway.post('/v1/messages/count_tokens', { ...question, model: 'openai:gpt-4o-mini' })
    expect(response.headers.get('x-metis-token-count')).toBe('estimated')
    expect(parseObject(await response.text())['input_tokens']).toBeGreaterThan(0)
    expect(gateway.provider.requests.length).toBe(before)
  })

  it.each([
    { what: 'a bad key', status: 401, token: 'gw_nonsense', body: question },
    { what: 'a broken body', status: 400, body: '{"model":' },
    { what: 'an unknown provider', status: 404, body: { ...question, model: 'nobody:x' } },
  ])('refuses $what', async ({ status, body, ...rest }) => {
    const response = await gateway.post('/v1/messages/count_tokens', body, rest)
    expect(response.status).toBe(status)
    expect(parseObject(await response.text())['type']).toBe('error')
    expect(response.headers.get('x-should-retry')).toBe('false')
  })

  it("passes the provider's refusal on", async () => {
    gateway.provider.script({ status: 429, headers: { 'retry-after': '7' } })
    const response = await gateway.post('/v1/messages/count_tokens', question)
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('7')
  })
})
