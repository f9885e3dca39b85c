// What /openapi.json says of keys, hub tokens, pushes, signing in, and of what gateway and serve say of themselves is true: real
// answers are what it says they are, with nothing beside it.
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { startServe, type ServeProcess } from '../../runtimes/node/serve-process.ts'
import type { Key } from '../../src/dashboard/key.ts'
import { createHealth } from '../../src/gateway/health.ts'
import { webRespond } from '../../src/gateway/web-ports.ts'
import type { KeyAnswer } from '../../src/store/key-json.ts'
import { readUnpushed } from '../../src/store/unpushed.ts'
import { openServe, type OpenServe } from '../analytics/support/open-serve.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { objectOf, parseObject, textOf } from '../support/json.ts'
import { openTestHub, work } from '../support/laptops.ts'
import { readOpenApi, type OpenApi } from '../support/openapi.ts'

const adminToken = ['the', 'admin', 'token', 'of', 'this', 'test'].join('-')

let gateway: TestGateway
let serve: ServeProcess
/** Behind the admin token. */
let locked: OpenServe
let document: OpenApi
/** What stands in the paths' braces and in the bearer's place, as earlier answers told it. */
const known = { key: '', spent: 'gk_nobody', hubToken: '', hubTokenId: '', push: '' }

beforeAll(async () => {
  gateway = await startTestGateway()
  serve = await startServe(gateway.context, { port: 0 })
  locked = await openServe({
    serve: { loopback: false, admin: { token: adminToken, sessionSecret: new Uint8Array(32).fill(7) } },
  })
  const question = { model: 'claude-haiku-4-5', max_tokens: 9, messages: [{ role: 'user', content: 'Say hello.' }] }
  await (await gateway.post('/v1/messages', question)).text()
  const { context } = gateway
  const unpushed = await readUnpushed(context.storage.db, 'here', { sinceUs: 0, nowUs: context.clock.nowUs() + 60_000_000 })
  known.push = JSON.stringify(unpushed?.push)
  document = readOpenApi(await (await fetch(`${serve.url}/openapi.json`)).json())
})
afterAll(async () => {
  await locked.close()
  await serve.close()
  await gateway.stop()
})

interface Asked {
  readonly id: string
  readonly status: number
  readonly body?: () => unknown
  /** What stands in the path's braces. */
  readonly of?: keyof typeof known
  readonly bearer?: () => string
  readonly headers?: Readonly<Record<string, string>>
  /** What later questions need of the answer. */
  readonly keep?: Partial<Record<keyof typeof known, string>>
  readonly locked?: true
}

const nothing = () => ({})
const elsewhere = { 'sec-fetch-site': 'cross-site' }
const newKey = () => ({ name: 'one', workspace: '/srv/shop', daily_cap_usd: 5, tags: { lane: 'test' }, expires_in: '90d' })
const wholeKey = () => ({ ...newKey(), user_id: 'ada', team_id: 'eng', create: true, requests_per_minute: 9, log_messages: true })

const asked: readonly Asked[] = [
  { id: 'health', status: 200 },
  { id: 'server_version', status: 200 },
  { id: 'server_version', status: 410, headers: { 'metis-api-version': '0.1' } },
  { id: 'server_version', status: 401, locked: true },
  { id: 'server_version', status: 200, locked: true, bearer: () => adminToken },
  { id: 'models', status: 200 },
  { id: 'models', status: 403, headers: elsewhere },
  { id: 'openapi', status: 200 },

  { id: 'sign_in', status: 401, body: () => ({ token: 'none' }) },
  { id: 'sign_in', status: 400, body: nothing },
  { id: 'sign_in', status: 415, body: nothing, headers: { 'content-type': 'text/plain' } },
  { id: 'sign_in', status: 204, body: () => ({ token: adminToken }), locked: true },
  { id: 'sign_out', status: 204, locked: true },

  { id: 'issue_key', status: 201, body: newKey, keep: { key: 'key_id', spent: 'key_id' } },
  { id: 'issue_key', status: 201, body: wholeKey, keep: { key: 'key_id' } },
  { id: 'issue_key', status: 400, body: () => ({ name: 'x', user_id: 'nobody' }) },
  { id: 'issue_key', status: 401, body: newKey, locked: true },
  { id: 'issue_key', status: 403, body: newKey, headers: elsewhere },
  { id: 'issue_key', status: 413, body: () => ({ name: 'x'.repeat(70_000) }) },
  { id: 'keys', status: 200 },
  { id: 'keys', status: 401, locked: true },
  { id: 'change_key', of: 'key', status: 200, body: () => ({ daily_cap_usd: null, concurrent_turns: 2 }) },
  { id: 'change_key', of: 'key', status: 400, body: nothing },
  { id: 'change_key', of: 'push', status: 404, body: () => ({ name: 'x' }) },
  { id: 'rotate_key', of: 'spent', status: 201, body: () => ({ grace_period: '1h' }) },
  { id: 'rotate_key', of: 'spent', status: 409, body: nothing },
  { id: 'rotate_key', of: 'push', status: 404, body: nothing },
  { id: 'revoke_key', of: 'key', status: 200, body: nothing },
  { id: 'revoke_key', of: 'key', status: 409, body: nothing },
  { id: 'revoke_key', of: 'push', status: 404, body: nothing },
  { id: 'change_key', of: 'key', status: 409, body: () => ({ name: 'x' }) },

  { id: 'issue_hub_token', status: 201, body: () => ({ name: 'ada' }), keep: { hubToken: 'token', hubTokenId: 'id' } },
  { id: 'issue_hub_token', status: 400, body: () => ({ name: 'a b' }) },
  { id: 'ingest', status: 401, body: nothing, bearer: () => 'hub_none' },
  { id: 'ingest', status: 400, body: nothing, bearer: () => known.hubToken },
  { id: 'ingest', status: 200, body: () => parseObject(known.push), bearer: () => known.hubToken },
  { id: 'hub_tokens', status: 200 },
  { id: 'revoke_hub_token', of: 'hubTokenId', status: 200, body: nothing },
  { id: 'revoke_hub_token', of: 'hubTokenId', status: 404, body: nothing },

  { id: 'gateway_health', status: 200 },
  { id: 'gateway_health', status: 410, headers: { 'metis-api-version': '0.1' } },
  { id: 'gateway_ready', status: 200 },
  { id: 'gateway_ready', status: 403, headers: elsewhere },
  { id: 'metrics', status: 200 },
  {
    id: 'status_line',
    status: 200,
    body: () => ({ session_id: 's', cost: { total_cost_usd: 0.4 }, more: 1 }),
    bearer: () => gateway.token,
  },
  { id: 'status_line', status: 401, body: nothing, bearer: () => 'gw_nobody' },
  { id: 'status_line', status: 413, body: () => 'x'.repeat(70_000), bearer: () => gateway.token },
  { id: 'status_line', status: 415, body: nothing, bearer: () => gateway.token, headers: { 'content-type': 'text/plain' } },
]

/** Whose answers are asked for in test/analytics/openapi.test.ts and test/serve/sessions-openapi.test.ts. */
const askedElsewhere = (path: string): boolean => /^\/(analytics|sessions|turns)(\/|$)/.test(path)

describe('/openapi.json', () => {
  it.each(asked)(
    'says what $id answers with $status, all of it',
    async ({ id, status, body, of, bearer, headers, keep, ...at }) => {
      const { path, method, elsewhere: isGateways } = document.operation(id)
      const init = {
        method: method.toUpperCase(),
        headers: {
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer()}` }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body()) }),
      }
      const target = path.replace('{id}', of === undefined ? '' : encodeURIComponent(known[of].slice(0, 40)))
      const url = (isGateways ? gateway.url : serve.url) + target
      const response = await (at.locked === true ? locked.fetch(target, init) : fetch(url, init))
      const text = await response.text()
      expect(response.status, text).toBe(status)
      const [type = ''] = (response.headers.get('content-type') ?? '').split(';')
      const schema = document.answerOf(id, status, type)
      const answer: unknown = type === 'application/json' ? JSON.parse(text) : text
      if (schema === null) expect(text).toBe('')
      else expect(schema.safeParse(answer).error?.issues ?? []).toEqual([])
      if (keep?.key !== undefined) known.key = textOf(objectOf(answer)[keep.key])
      if (keep?.spent !== undefined) known.spent = textOf(objectOf(answer)[keep.spent])
      if (keep?.hubToken !== undefined) known.hubToken = textOf(objectOf(answer)[keep.hubToken])
      if (keep?.hubTokenId !== undefined) known.hubTokenId = textOf(objectOf(answer)[keep.hubTokenId])
      for (const name of Object.keys(document.operation(id).responses[String(status)]?.headers ?? {}))
        expect(response.headers.get(name)).toEqual(expect.any(String))
    },
  )

  it('is asked here for every operation of which no other file asks', () => {
    const own = document.operations.filter(({ path }) => !askedElsewhere(path)).map(({ operationId }) => operationId)
    expect([...new Set(asked.map(({ id }) => id))].toSorted()).toEqual(own.toSorted())
  })

  it('says what a gateway answers that is leaving', async () => {
    const { ready } = createHealth({
      services: { clock: gateway.context.clock, respond: webRespond },
      availability: { unavailable: () => [{ provider: 'anthropic', model: null, reason: 'network' }] },
      queue: gateway.context.queue,
      version: '1.2.3',
      isDraining: () => true,
    })
    const answer = await (await ready(new Request('http://localhost/readyz'))).json()
    expect(document.answerOf('gateway_ready', 503, 'application/json')?.parse(answer)).toEqual(answer)
  })

  it('says what a store that is gone makes of health', async () => {
    const broken = await openServe()
    await broken.storage.db.destroy()
    const { status, body } = await broken.get('/health')
    expect(document.answerOf('health', status, 'application/json')?.parse(body)).toEqual(body)
    await broken.close()
  })

  it('says what a laptop is answered whose clock is ahead', async () => {
    const hub = await openTestHub()
    const ada = await hub.laptop('ada', 'ada')
    await work(ada, [1])
    const { db } = ada.context.storage
    const future = { timestamp_us: Date.UTC(2100, 0) * 1000 }
    await db.updateTable('events').set(future).where('type', '=', 'route.decided').execute()
    const unpushed = await readUnpushed(db, 'here', { sinceUs: 0, nowUs: ada.context.clock.nowUs() })
    expect(document.bodyOf('ingest').safeParse(unpushed?.push).error?.issues ?? []).toEqual([])
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${ada.token}` }
    const response = await fetch(`${hub.url}/ingest`, { method: 'POST', headers, body: JSON.stringify(unpushed?.push) })
    const answer: unknown = await response.json()
    expect(response.status).toBe(409)
    expect(document.answerOf('ingest', 409, 'application/json')?.parse(answer)).toEqual(answer)
    await hub.close()
  })

  it.each([
    ['issue_key', wholeKey(), true],
    ['issue_key', { name: 'x', daily_cap_usd: -1 }, false],
    ['issue_key', { name: 'x', key: 'y' }, false],
    ['change_key', { monthly_cap_usd: null }, true],
    ['change_key', { user_id: 'ada' }, false],
    ['rotate_key', {}, true],
    ['rotate_key', { grace_period: 24 }, false],
    ['revoke_key', { now: true }, false],
    ['issue_hub_token', { name: 'a b' }, false],
    ['sign_in', { token: '' }, false],
  ])('says what %s takes: %o is valid = %s', (id, body, valid) => {
    expect(document.bodyOf(id).safeParse(body).success).toBe(valid)
  })

  it('holds no token, and asks for the admin token where it is asked for', async () => {
    const response = await locked.fetch('/openapi.json', { headers: { authorization: `Bearer ${adminToken}` } })
    const text = await response.text()
    expect(text).not.toMatch(/\b(gw|hub|sk)_?-?[0-9A-Z]{8}/)
    const behind = readOpenApi(JSON.parse(text))
    const whoMay = (from: OpenApi, id: string) =>
      from.operation(id).security.flatMap((one) => Object.keys(one).join('') || 'anybody')
    expect(whoMay(document, 'keys')).toEqual(['anybody', 'admin_token', 'admin_session'])
    expect(whoMay(behind, 'keys')).toEqual(['admin_token', 'admin_session'])
    for (const id of ['health', 'sign_in', 'gateway_ready', 'metrics']) expect(whoMay(behind, id)).toEqual([])
    expect(whoMay(document, 'ingest')).toEqual(['hub_token'])
    expect(whoMay(behind, 'status_line')).toEqual(['gateway_key', 'gateway_key_header'])
    for (const { operationId, path, security } of behind.operations.filter((one) => !one.elsewhere && !one.path.includes('{'))) {
      const asksAdmin = security.some((one) => 'admin_token' in one)
      const refused = (await locked.fetch(path, { method: behind.operation(operationId).method.toUpperCase() })).status === 401
      if (asksAdmin) expect(refused, operationId).toBe(true)
    }
  })
})

it('answers with keys as the dashboard reads them', () => {
  expectTypeOf<KeyAnswer>().toExtend<Key>()
})
