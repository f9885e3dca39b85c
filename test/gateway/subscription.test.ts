// A client's own subscription through the gateway: its login goes to the vendor that gave it and to nobody else, the call is on
// record at list price, and no cap, no key of ours and no other client is touched by it.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PriceCatalog } from '../../src/catalog/prices.ts'
import { cost } from '../../src/analytics/cost.ts'
import { proveLedger } from '../../src/analytics/ledger/prove.ts'
import { rebuild } from '../../src/store/rebuild.ts'
import { reprice } from '../../src/store/reprice.ts'
import { byTest } from '../support/author.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { objectOf, parseObject } from '../support/json.ts'
import { times } from '../support/scripts.ts'

let gateway: TestGateway
beforeEach(async () => {
  gateway = await startTestGateway({
    config: {
      limits: { max_retries: 0 },
      fallbacks: { 'anthropic:claude-haiku-4-5': ['openai:gpt-5-mini'] },
      prices: { 'anthropic:claude-haiku-4-5': { input: 1, output: 5 } },
    },
  })
})
afterEach(() => gateway.stop())

const login = 'sk-ant-oat01-abcdefghijklmnopqrstuvwxyz_-0123456789'
const body = { model: 'claude-haiku-4-5', max_tokens: 64, messages: [{ role: 'user', content: 'Say hello in one word.' }] }
const ask = (headers: Record<string, string> = {}, path = '/v1/messages', sent: object = body) =>
  gateway.post(path, sent, {
    token: null,
    headers: { 'x-metis-key': gateway.token, authorization: `Bearer ${login}`, 'anthropic-beta': 'oauth-2025-04-20', ...headers },
  })
const calls = () => gateway.context.storage.db.selectFrom('calls').selectAll().orderBy('turn_id').execute()
const everything = async () => JSON.stringify(await gateway.events())
const errorOf = async (response: Response) => objectOf(parseObject(await response.text())['error'])

describe('a client’s own login beside the key in x-metis-key', () => {
  it.each([false, true])('goes to the vendor that gave it, in place of our key; stream: %s', async (stream) => {
    const response = await ask({}, '/v1/messages', { ...body, stream })
    expect(response.status).toBe(200)
    await response.text()
    const { headers } = gateway.provider.at(0)
    expect([headers['authorization'], headers['x-api-key'], headers['x-metis-key'], headers['anthropic-beta']]).toEqual([
      `Bearer ${login}`,
      undefined,
      undefined,
      'oauth-2025-04-20',
    ])
    expect(await everything()).not.toContain(login.slice(0, 16))
  })

  it('is recorded at list price, which is no cost anywhere', async () => {
    const response = await ask()
    expect(response.headers.get('x-metis-cost-usd')).toBe('0')
    const [call] = await calls()
    if (call === undefined) throw new Error('no call')
    const listNanoUsd = call.input_tokens * 1000 + call.output_tokens * 5000
    expect(call).toMatchObject({
      gateway_key_id: gateway.keyId,
      cost_basis: 'subscription',
      cost_nano_usd: 0,
      list_nano_usd: listNanoUsd,
    })
    expect(listNanoUsd).toBeGreaterThan(0)
    const completed = (await gateway.events()).find(({ type }) => type === 'llm.call_completed')
    expect(completed?.payload).toMatchObject({ cost_usd: 0, cost_basis: 'subscription', list_price_usd: listNanoUsd / 1e9 })

    await (await gateway.post('/v1/messages', body)).text()
    const { storage, clock } = gateway.context
    const context = { db: storage.db, prices: gateway.context.prices, nowUs: clock.nowUs() }
    const search = new URLSearchParams('window=all&group_by=none')
    expect(await cost.answer(context, { search, parameters: {} })).toMatchObject({
      data: {
        call_count: 2,
        cost_usd: listNanoUsd / 1e9,
        measured_cost_usd: listNanoUsd / 1e9,
        unpriced_calls: 0,
        subscription_calls: 1,
        subscription_list_usd: listNanoUsd / 1e9,
      },
    })
  })

  it('stays so through a rebuild, the proof of the ledger and new prices', async () => {
    await (await ask()).text()
    const before = await calls()
    const { storage, queue, clock, nextId, prices: old } = gateway.context
    await rebuild({ storage, queue })
    const dearer: PriceCatalog['priceOf'] = (...asked) => {
      const price = old.priceOf(...asked)
      return price === null ? null : { ...price, input: price.input * 2 }
    }
    const prices = { version: 'later', ready: () => old.ready(), priceOf: dearer }
    await reprice({ storage, queue, clock, newId: nextId, prices }, { sinceUs: 0, dryRun: false, by: byTest })
    expect(await calls()).toEqual(before)
    expect(await proveLedger({ storage, prices, nowUs: clock.nowUs() })).toMatchObject({ faults: [] })
  })

  it('takes nothing of a cap, and passes where nothing is left of one', async () => {
    const { token } = await gateway.issue({ dailyCapNanoUsd: 1 })
    expect((await gateway.post('/v1/messages', body, { token })).status).toBe(429)
    expect((await ask({ 'x-metis-key': token })).status).toBe(200)
    const quotas = await gateway.context.storage.db.selectFrom('quotas').selectAll().execute()
    expect(quotas.filter((row) => row.spent_nano_usd + row.reserved_nano_usd > 0)).toEqual([])
  })

  it('goes to no other vendor: there the gateway’s own key pays, and the cap counts', async () => {
    const response = await ask({}, '/v1/messages', { ...body, model: 'gpt-5-mini' })
    expect(response.status).toBe(200)
    expect(gateway.provider.at(0).headers['authorization']).toBe('Bearer sk-mock-provider-key')
    expect(await calls()).toMatchObject([{ provider: 'openai', cost_basis: 'metered', list_nano_usd: null }])
    await (await ask({}, '/v1/chat/completions', { ...body, max_tokens: undefined })).text()
    expect(gateway.provider.at(1).headers).toMatchObject({ 'x-api-key': 'sk-ant-mock-provider-key' })
    expect(gateway.provider.at(1).headers['authorization']).toBeUndefined()
  })

  it('that is refused is the client’s affair: the vendor’s own words, no fallback, nobody else kept away', async () => {
    for (let i = 0; i < 3; i += 1) {
      gateway.provider.script({ status: 401 })
      const response = await ask()
      expect([response.status, response.headers.get('x-should-retry')]).toEqual([401, null])
      expect(await errorOf(response)).toMatchObject({ type: 'authentication_error' })
    }
    gateway.provider.script({ status: 429 })
    expect((await ask()).status).toBe(429)
    expect(gateway.provider.requests).toHaveLength(4)
    expect((await gateway.post('/v1/messages', body)).status).toBe(200)
    expect(gateway.provider.at(4).headers['x-api-key']).toBe('sk-ant-mock-provider-key')
    expect((await gateway.events()).filter(({ type }) => type === 'provider.degraded')).toEqual([])
  })

  it('is counted for by the vendor with the same login', async () => {
    await (await ask({}, '/v1/messages/count_tokens')).text()
    expect(gateway.provider.at(0).headers['authorization']).toBe(`Bearer ${login}`)
  })
})

/** The mock provider as `anthropic`, with what `row` says of it. */
async function startWith(row: object): Promise<TestGateway> {
  const anthropic = { base_url: gateway.provider.url, ...row }
  return startTestGateway({
    config: {
      limits: { max_retries: 0 },
      fallbacks: { 'openai:gpt-5-mini': ['anthropic:claude-haiku-4-5'] },
      providers: { anthropic, openai: { base_url: gateway.provider.openaiUrl, api_key: 'sk-mock-provider-key' } },
    },
  })
}

it('goes to no server in between that nobody named for it: there our key pays, and the cap counts', async () => {
  const other = await startWith({ api_key: 'sk-ant-ours' })
  try {
    const headers = { authorization: `Bearer ${login}` }
    const asked = async (token: string) =>
      other.post('/v1/messages', body, { token: null, headers: { ...headers, 'x-metis-key': token } })
    expect((await asked(other.token)).status).toBe(200)
    expect(gateway.provider.at(0).headers).toMatchObject({ 'x-api-key': 'sk-ant-ours' })
    expect(gateway.provider.at(0).headers['authorization']).toBeUndefined()
    expect((await asked((await other.issue({ dailyCapNanoUsd: 1 })).token)).status).toBe(429)
  } finally {
    await other.stop()
  }
})

it('goes without a key that stands in the provider’s headers, and with all else that stands there', async () => {
  const other = await startWith({
    headers: { 'X-Api-Key': 'sk-ant-ours', Authorization: 'Bearer sk-ours', 'x-corp': 'a' },
    client_logins: true,
  })
  try {
    const headers = { 'x-metis-key': other.token, authorization: `Bearer ${login}` }
    expect((await other.post('/v1/messages', body, { token: null, headers })).status).toBe(200)
    const sent = gateway.provider.at(0).headers
    expect([sent['x-api-key'], sent['authorization'], sent['x-corp']]).toEqual([undefined, `Bearer ${login}`, 'a'])
  } finally {
    await other.stop()
  }
})

it('is no fallback of a turn that a key of ours began', async () => {
  const other = await startWith({ api_key: 'sk-ant-ours', client_logins: true })
  try {
    gateway.provider.script({ status: 500 })
    const headers = { 'x-metis-key': other.token, authorization: `Bearer ${login}` }
    const response = await other.post('/v1/messages', { ...body, model: 'gpt-5-mini' }, { token: null, headers })
    expect(response.status).toBeGreaterThanOrEqual(500)
    expect(gateway.provider.requests.map((request) => request.headers['authorization'])).toEqual(['Bearer sk-mock-provider-key'])
  } finally {
    await other.stop()
  }
})

it('of a gateway without a key of its own pass, however many ask without a login', async () => {
  const keyless = await startWith({ auth: 'none', client_logins: true })
  try {
    gateway.provider.script(...times(6, { status: 401 }))
    for (let i = 0; i < 6; i += 1) {
      const refused = await keyless.post('/v1/messages', body)
      expect([refused.status, (await errorOf(refused))['code']]).toEqual([401, 'own_credential_refused'])
    }
    const headers = { 'x-metis-key': keyless.token, authorization: `Bearer ${login}` }
    expect((await keyless.post('/v1/messages', body, { token: null, headers })).status).toBe(200)
    expect(gateway.provider.at(-1).headers['authorization']).toBe(`Bearer ${login}`)
    expect((await keyless.events()).filter(({ type }) => type === 'provider.degraded')).toEqual([])
  } finally {
    await keyless.stop()
  }
})

describe('x-metis-key', () => {
  it('alone, or beside the same key again, is a key as in any other header', async () => {
    for (const authorization of ['', `Bearer ${gateway.token}`]) {
      expect((await ask({ authorization })).status).toBe(200)
    }
    expect(gateway.provider.at(1).headers['x-api-key']).toBe('sk-ant-mock-provider-key')
    expect((await calls()).map((call) => call.cost_basis)).toEqual(['metered', 'metered'])
  })

  it.each([
    ['a bad key', { 'x-metis-key': 'gw_no' }],
    ['a key that was sent twice', { 'x-metis-key': 'gw_a, gw_b' }],
    ['another key beside it', { 'x-api-key': 'sk-ant-api03-mine' }],
    ['a bearer token that is no such login', { authorization: 'Bearer eyJhbGciOi.eyJzdWIi.c2ln' }],
    ['another scheme', { authorization: 'Basic YTpi' }],
  ])('with %s is refused, and nothing goes up', async (_, headers) => {
    const response = await ask(headers)
    expect(response.status).toBe(401)
    expect(await errorOf(response)).toMatchObject({ code: 'invalid_api_key' })
    expect(gateway.provider.requests).toEqual([])
  })
})
