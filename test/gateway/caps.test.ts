// Caps that are real (reliability.md §10), through the front door: how many get through, what the others are told, and what
// remains when everything is over.
import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import { once } from 'node:events'
import { afterEach, describe, expect, it } from 'vitest'
import type { NewKey } from '../../src/store/keys.ts'
import { byTest } from '../support/author.ts'
import { deferred, eventually } from '../support/deadline.ts'
import { startTestGateway, type TestGateway, type TestGatewayOptions } from '../support/gateway.ts'
import { numberOf, objectOf, parseObject, type JsonObject } from '../support/json.ts'
import { times } from '../support/scripts.ts'

let gateway: TestGateway | null = null
afterEach(async () => {
  await gateway?.stop()
  gateway = null
})

async function start(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const started = await startTestGateway({ ...options, config: { limits: { max_retries: 0 }, ...options.config } })
  gateway = started
  return started
}

const model = 'claude-haiku-4-5'
const bodyOf = (changes: JsonObject = {}) => ({
  model,
  max_tokens: 64,
  messages: [{ role: 'user', content: 'Say hello in one word.' }],
  ...changes,
})

/** What such a call reserves: its input as it is estimated and 64 tokens of output, at list price. */
async function estimateNanoUsd(on: TestGateway): Promise<number> {
  const { token } = await on.issue({ dailyCapNanoUsd: 0 })
  const refused = await on.post('/v1/messages', bodyOf(), { token })
  return Math.round((numberOf(errorOf(await refused.text())['needed_usd']) ?? 0) * 1e9)
}

/** A provider's count that makes a call cost so much: 1,000 nano-USD a token of input, 5,000 of output. */
const usageOf = (nanoUsd: number) => ({
  inputUncached: (nanoUsd - 64 * 5000) / 1000,
  cacheRead: 0,
  cacheWrite5m: 0,
  output: 64,
  reasoning: 0,
})

const errorOf = (text: string): JsonObject => objectOf(parseObject(text)['error'])

const repeated = (text: string, count: number): readonly string[] => Array.from({ length: count }, () => text)

async function quotasOf(on: TestGateway) {
  const rows = await on.context.storage.db.selectFrom('quotas').selectAll().orderBy('kind').orderBy('scope').execute()
  return rows.map((row) => [row.kind, row.scope, row.spent_nano_usd, row.reserved_nano_usd])
}

async function spentOf(on: TestGateway, keyId: string): Promise<number> {
  const rows = await on.context.storage.db
    .selectFrom('calls')
    .select('cost_nano_usd')
    .where('gateway_key_id', '=', keyId)
    .execute()
  return rows.reduce((sum, row) => sum + (row.cost_nano_usd ?? 0), 0)
}

describe('a cap worth ten calls', () => {
  const identities = { key: {}, user: { userId: 'ada' }, team: { userId: 'ada', teamId: 'eng' } } as const

  it.each(['key', 'user', 'team'] as const)('of a %s lets exactly ten of a hundred parallel calls through', async (kind) => {
    const on = await start()
    const needed = await estimateNanoUsd(on)
    const cap = 10 * needed
    const limits = kind === 'key' ? { dailyCapNanoUsd: cap } : {}
    const { token, keyId } = await on.issue({ ...identities[kind], ...limits })
    if (kind !== 'key') {
      const id = kind === 'user' ? 'ada' : 'eng'
      await on.context.identities.setCaps(kind, id, { monthlyNanoUsd: cap }, byTest)
    }
    // Each costs what it reserved: whoever ends early gives nothing back that another could take.
    on.provider.script(...times(10, { delayFirstMs: 200, plan: { usage: usageOf(needed) } }))
    const answers = await Promise.all(Array.from({ length: 100 }, () => on.post('/v1/messages', bodyOf(), { token })))
    const statuses = answers.map((answer) => answer.status)
    expect([statuses.filter((status) => status === 200).length, statuses.filter((status) => status === 429).length]).toEqual([
      10, 90,
    ])
    expect(on.provider.requests).toHaveLength(10)
    await Promise.all(answers.map((answer) => answer.text()))
    const scope = kind === 'key' ? 'daily' : 'monthly'
    expect(await quotasOf(on)).toContainEqual([kind, scope, await spentOf(on, keyId), 0])
    const turns = (await on.events()).filter(
      (event) => event.type === 'turn.completed' && event.payload['gateway_key_id'] === keyId,
    )
    expect(turns.map((turn) => turn.payload['status']).toSorted()).toEqual([...repeated('ok', 10), ...repeated('refused', 90)])
  })
})

describe('a call beyond a cap', () => {
  it.each([
    ['daily', { dailyCapNanoUsd: 1 }, /^\d{4}-\d\d-\d\dT00:00:00.000Z$/],
    ['monthly', { monthlyCapNanoUsd: 1 }, /^\d{4}-\d\d-01T00:00:00.000Z$/],
  ] as const)('is told all there is to know of a %s cap, in both shapes, and not to try again', async (scope, cap, resets) => {
    const on = await start()
    const { token, keyId } = await on.issue({ name: 'capped', ...cap })
    for (const [path, type] of [
      ['/v1/messages', 'rate_limit_error'],
      ['/v1/chat/completions', 'insufficient_quota'],
    ] as const) {
      const response = await on.post(path, bodyOf(), { token })
      const error = errorOf(await response.text())
      expect([response.status, response.headers.get('x-should-retry'), response.headers.get('x-metis-error')]).toEqual([
        429,
        'false',
        'quota_exceeded',
      ])
      const identity = `key:${keyId}`
      expect(error).toMatchObject({
        type,
        code: 'quota_exceeded',
        identity,
        scope,
        limit_usd: 1e-9,
        current_usd: 0,
        reserved_usd: 0,
      })
      expect(error['resets_at']).toMatch(resets)
      const seconds = (Date.parse(String(error['resets_at'])) - Date.now()) / 1000
      expect(Math.abs(Number(response.headers.get('retry-after')) - seconds)).toBeLessThan(10)
      const turnId = response.headers.get('x-metis-turn-id')
      const events = (await on.events()).filter((event) => event.turnId === turnId)
      expect(events.map((event) => event.type)).toEqual(['route.decided', 'turn.completed'])
      expect(events.map(({ payload }) => payload['winner_index'] ?? [payload['status'], payload['error_code']])).toEqual([
        -1,
        ['refused', 'quota_exceeded'],
      ])
      const audit = (await on.events()).find((event) => event.payload['turn_id'] === turnId)
      expect(audit).toMatchObject({ type: 'gateway.quota_exceeded', payload: { identity, scope, gateway_key_id: keyId } })
    }
    expect(on.provider.requests).toEqual([])
  })

  it('of a budget has nothing to wait for', async () => {
    const on = await start()
    const { token } = await on.issue({ budgetNanoUsd: 1 })
    const response = await on.post('/v1/messages', bodyOf(), { token })
    expect(errorOf(await response.text())).toMatchObject({ scope: 'budget', resets_at: null })
    expect(response.headers.get('retry-after')).toBeNull()
  })

  it('may still ask a model that costs nothing', async () => {
    const on = await start({ config: { prices: { 'anthropic:free': { input: 0, output: 0 } } } })
    const { token } = await on.issue({ dailyCapNanoUsd: 0 })
    expect((await on.post('/v1/messages', bodyOf({ model: 'anthropic:free' }), { token })).status).toBe(200)
    expect(await quotasOf(on)).toEqual([])
  })
})

describe('what a turn held is settled by what it cost', () => {
  it.each([
    ['a call that fails costs nothing', { status: 500 }, 500],
    ['a call that breaks after it began costs what was delivered', { fault: 'reset-mid' }, 200],
    ['a whole call costs what it did', {}, 200],
  ] as const)('%s', async (_, script, status) => {
    const on = await start()
    const { token, keyId } = await on.issue({ dailyCapNanoUsd: 1e9, monthlyCapNanoUsd: 1e9, userId: 'ada' })
    on.provider.script(script)
    const response = await on.post('/v1/messages', bodyOf({ stream: true }), { token })
    expect(response.status).toBe(status)
    await response.text().catch(() => '')
    const spent = await spentOf(on, keyId)
    expect(spent > 0).toBe(status === 200)
    expect(await quotasOf(on)).toEqual([
      ['key', 'daily', spent, 0],
      ['key', 'monthly', spent, 0],
    ])
  })

  it('reserves for the dearest fallback, and settles the one that answered', async () => {
    const [cheap, dear] = ['anthropic:claude-haiku-4-5', 'anthropic:claude-opus-4-1']
    const on = await start({ config: { fallbacks: { [cheap]: [dear] } } })
    const { token, keyId } = await on.issue({ dailyCapNanoUsd: 1e9 })
    const seen = deferred()
    on.provider.script({ status: 500 }, { holdFirst: seen.promise })
    const answering = on.post('/v1/messages', bodyOf(), { token })
    await on.provider.received(2)
    const [[, , , reserved = 0] = []] = await quotasOf(on)
    expect(reserved).toBeGreaterThan(64 * 75_000 - 1)
    seen.resolve()
    const answer = await answering
    await answer.text()
    expect(answer.headers.get('x-metis-model')).toBe(dear)
    expect(await quotasOf(on)).toEqual([['key', 'daily', await spentOf(on, keyId), 0]])
  })

  it('lets nothing of a rotated key be spent twice: its successor has the same cap', async () => {
    const on = await start()
    const cap = await estimateNanoUsd(on)
    const old = await on.issue({ budgetNanoUsd: cap })
    const next = await on.context.keys.rotate(old.keyId, 60_000, byTest)
    expect((await on.post('/v1/messages', bodyOf(), { token: old.token })).status).toBe(200)
    const refused = await on.post('/v1/messages', bodyOf(), { token: next?.token ?? null })
    expect(errorOf(await refused.text())).toMatchObject({ code: 'quota_exceeded', identity: `key:${old.keyId}` })
  })
})

describe('a model without a price', () => {
  const unpriced = 'anthropic:nobody-knows-me'

  it('is refused under a cap with 403 and what mends it, unless the key allows it; without a cap nobody minds', async () => {
    const on = await start()
    const capped = { dailyCapNanoUsd: 1e9 } satisfies Partial<NewKey>
    const keys = {
      capped: await on.issue(capped),
      allowed: await on.issue({ ...capped, allowUnpriced: true }),
      free: await on.issue(),
    }
    const refused = await on.post('/v1/messages', bodyOf({ model: unpriced }), { token: keys.capped.token })
    expect([refused.status, refused.headers.get('x-should-retry')]).toEqual([403, 'false'])
    expect(errorOf(await refused.text())).toMatchObject({ code: 'model_not_allowed', reason: 'unpriced', model: unpriced })
    for (const { token } of [keys.allowed, keys.free])
      expect((await on.post('/v1/messages', bodyOf({ model: unpriced }), { token })).status).toBe(200)
  })

  it('is passed over as a fallback', async () => {
    const on = await start({ config: { fallbacks: { [`anthropic:${model}`]: [unpriced] } } })
    const { token } = await on.issue({ dailyCapNanoUsd: 1e9 })
    on.provider.script({ status: 500 })
    expect((await on.post('/v1/messages', bodyOf(), { token })).status).toBe(500)
    expect(on.provider.requests).toHaveLength(1)
  })
})

describe('a cap that is set in the middle', () => {
  it('counts what its day has cost before, works with the next request, and goes with the next as well', async () => {
    const on = await start()
    const { token, keyId } = await on.issue({ userId: 'ada', teamId: 'eng' })
    expect((await on.post('/v1/messages', bodyOf(), { token })).status).toBe(200)
    expect(await quotasOf(on)).toEqual([])
    const spent = await spentOf(on, keyId)
    await on.context.identities.setCaps('team', 'eng', { dailyNanoUsd: spent }, byTest)
    const refused = await on.post('/v1/messages', bodyOf(), { token })
    expect(errorOf(await refused.text())).toMatchObject({ identity: 'team:eng', scope: 'daily', current_usd: spent / 1e9 })
    await on.context.identities.setCaps('team', 'eng', { dailyNanoUsd: null }, byTest)
    expect((await on.post('/v1/messages', bodyOf(), { token })).status).toBe(200)
    await on.context.identities.setCaps('team', 'eng', { dailyNanoUsd: 1e12, budgetNanoUsd: 1e12 }, byTest)
    expect(await quotasOf(on)).toEqual([
      ['team', 'budget', 0, 0],
      ['team', 'daily', await spentOf(on, keyId), 0],
    ])
  })
})

describe('spending alerts', () => {
  it('are given at 80 and at 95 %, once each, and their webhook is signed and holds no answer back', async () => {
    const received: { readonly body: string; readonly signature: string }[] = []
    const server = createServer(async (request, response) => {
      let body = ''
      for await (const chunk of request) body += String(chunk)
      received.push({ body, signature: String(request.headers['x-metis-signature']) })
      // The first is not taken at once: it comes again.
      response.writeHead(received.length === 1 ? 503 : 204).end()
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const secret = 'a secret of the webhook'
    const on = await start({ config: { alerts: { webhook_url: `http://127.0.0.1:${port}/alerts`, secret } } })
    const { token, keyId } = await on.issue({ budgetNanoUsd: 1e9 })
    const callWithSpent = async (nanoUsd: number) => {
      await on.context.queue.commit([on.context.storage.db.updateTable('quotas').set({ spent_nano_usd: nanoUsd }).compile()])
      expect((await on.post('/v1/messages', bodyOf(), { token })).status).toBe(200)
    }
    for (const nanoUsd of [0, 0.7e9, 0.81e9, 0.9e9, 0.951e9, 0.97e9]) await callWithSpent(nanoUsd)
    const alerts = await eventually(10_000, 'both webhooks', async () => received.length >= 3 && received)
    const identity = `key:${keyId}`
    expect((await on.events()).filter((event) => event.type === 'quota.alert').map(({ payload }) => payload)).toMatchObject([
      { identity, scope: 'budget', threshold_percent: 80, resets_at: null },
      { identity, scope: 'budget', threshold_percent: 95, limit_usd: 1 },
    ])
    for (const { body, signature } of alerts) {
      const [, at = '', hex = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? []
      expect(createHmac('sha256', secret).update(`${at}.${body}`).digest('hex')).toBe(hex)
      expect(Math.abs(Number(at) - Date.now() / 1000)).toBeLessThan(20)
      expect(parseObject(body)).toMatchObject({ type: 'quota.alert', identity })
    }
    server.close()
  })
})
