// What is the Worker's own beside the contract that all gateways keep: its variables and secrets, serve behind the admin token,
// keys over HTTP, and turns whose requests the platform has ended.
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openNode } from '../../runtimes/node/context.ts'
import { readEnvironment } from '../../runtimes/workers/environment.ts'
import type { D1Statement } from '../../runtimes/workers/d1.ts'
import { createPusher } from '../../runtimes/node/pusher.ts'
import { byTest } from '../support/author.ts'
import { root } from '../support/import-graph.ts'
import { listOf, objectOf, parseObject, type JsonObject } from '../support/json.ts'
import { range, work } from '../support/laptops.ts'
import { adminToken, ageHeartbeats, startWorkersGateway, type WorkersGateway } from '../support/workers-gateway.ts'

const question = (stream = false) => ({
  model: 'claude-haiku-4-5',
  stream,
  max_tokens: 64,
  messages: [{ role: 'user', content: 'Say hello in one word.' }],
})

let gateway: WorkersGateway
beforeAll(async () => {
  gateway = await startWorkersGateway()
})
afterAll(() => gateway.stop())

/** Of serve, as whoever has the token. */
async function administer(path: string, body?: JsonObject, token = adminToken): Promise<{ status: number; body: JsonObject }> {
  const response = await fetch(gateway.url + path, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  return { status: response.status, body: parseObject(await response.text()) }
}

describe('keys over HTTP', () => {
  it('are issued with what the command gives them, open the gateway at once, and close it once they are revoked', async () => {
    const wanted = { name: 'laptop', workspace: '/srv/shop', user_id: 'ada', create: true, daily_cap_usd: 5 }
    const issued = await administer('/admin/keys', wanted)
    expect(issued.status).toBe(201)
    expect(issued.body).toMatchObject({ name: 'laptop', user_id: 'ada', daily_cap_usd: 5 })
    const { token, key_id: keyId } = issued.body
    expect(token).toMatch(/^gw_/)
    const answer = await gateway.post('/v1/messages', question(), { token: String(token) })
    expect(answer.status).toBe(200)
    const listed = listOf((await administer('/admin/keys')).body['data'])
    expect(listed.map((key) => objectOf(key)['key_id'])).toContain(keyId)
    expect(JSON.stringify(listed)).not.toMatch(/gw_|token_hash/)
    const spent = await administer('/analytics/cost?group_by=user')
    expect(JSON.stringify(spent.body)).toContain('"ada"')

    expect((await administer(`/admin/keys/${String(keyId)}/revoke`, {})).status).toBe(200)
    const refused = await gateway.post('/v1/messages', question(), { token: String(token) })
    expect([refused.status, await refused.text()]).toEqual([401, expect.stringContaining('key_revoked')])
    expect((await administer(`/admin/keys/${String(keyId)}/revoke`, {})).status).toBe(409)
  })

  it('are nobody else’s business: without the admin token, with a wrong one, or with a gateway key, nothing is told', async () => {
    for (const token of ['', 'wrong', gateway.token]) {
      for (const path of ['/admin/keys', '/analytics/cost', '/models']) {
        const { status, body } = await administer(path, undefined, token)
        expect([path, status, objectOf(body['error'])['code']]).toEqual([path, 401, 'admin_token_required'])
      }
      expect((await administer('/admin/keys', { name: 'mine' }, token)).status).toBe(401)
    }
  })
})

describe('serve on the same Worker', () => {
  it('prints metrics of all isolates from the ledger, for whoever has the admin token', async () => {
    const scrape = (headers: Record<string, string>) => fetch(`${gateway.url}/metrics`, { headers })
    expect((await scrape({})).status).toBe(401)
    expect((await scrape({ authorization: `Bearer ${gateway.token}` })).status).toBe(401)
    const capped = await administer('/admin/keys', { name: 'capped', daily_cap_usd: 7 })
    const asked = await gateway.post('/v1/messages', question())
    await asked.text()
    const spent = objectOf((await administer('/analytics/cost?group_by=none&window=all')).body['data'])
    const answer = await scrape({ authorization: `Bearer ${adminToken}` })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')])
    const text = await answer.text()
    const sumOf = (family: string) =>
      [...text.matchAll(new RegExp(`^${family}(?:\\{.*\\})? (\\d+)$`, 'gm'))].reduce((sum, [, value]) => sum + Number(value), 0)
    expect(sumOf('metis_cost_nano_usd_total')).toBe(Math.round(Number(spent['cost_usd']) * 1e9))
    expect(sumOf('metis_calls_total')).toBe(spent['call_count'])
    expect(text).toContain('gen_ai_provider_name="anthropic",gen_ai_request_model="claude-haiku-4-5"')
    expect(text).toContain(`metis_cap_limit_nano_usd{kind="key",id="${String(capped.body['key_id'])}",scope="daily"} 7000000000`)
  })

  it('gives the dashboard to whoever has signed in, and its sign-in page to anybody', async () => {
    const page = await fetch(`${gateway.url}/dashboard/`, { headers: { accept: 'text/html' } })
    expect([page.status, page.headers.get('content-type')]).toEqual([401, expect.stringContaining('text/html')])
    const signedIn = await fetch(`${gateway.url}/admin/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: adminToken }),
    })
    const cookie = signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect(cookie).not.toBe('')
    const dashboard = await fetch(`${gateway.url}/dashboard/`, { headers: { cookie } })
    expect([dashboard.status, await dashboard.text()]).toEqual([200, expect.stringContaining('<script')])
  })

  it('says that there are no commands beside it, so that the dashboard shows none', async () => {
    expect((await administer('/server/version')).body['serverless']).toBe(true)
  })
})

describe('a hub for laptops', () => {
  it('takes what they push with a token that is issued over HTTP, once, until it is revoked', async () => {
    const issued = await administer('/admin/hub-tokens', { name: 'ada-laptop' })
    expect(issued).toMatchObject({ status: 201, body: { name: 'ada-laptop', token: expect.stringMatching(/^hub_/) } })
    const { token, id } = issued.body
    const home = await mkdtemp(join(tmpdir(), 'metis-laptop-'))
    const context = await openNode({ home, env: {}, logLevel: 'error' })
    const { keyId } = await context.keys.issue({ name: 'default', userId: 'ada', create: true }, byTest)
    await work({ context, keyId, token: String(token) }, range(0, 60))
    const push = () => createPusher(context, { url: gateway.url, token: String(token) })()
    expect(await push()).toMatchObject({ accepted: 60, refused: 0 })
    await context.storage.db.deleteFrom('pushed_turns').execute()
    expect(await push()).toMatchObject({ accepted: 0, known: 60 })
    const { body } = await administer('/analytics/by_key?from=2026-01-01T00:00:00Z')
    expect(listOf(body['data'])).toContainEqual(
      expect.objectContaining({ gateway_key_id: keyId, name: 'default @ ada-laptop', call_count: 60 }),
    )

    const listed = await administer('/admin/hub-tokens')
    expect(listOf(listed.body['data'])).toMatchObject([{ id, name: 'ada-laptop', revoked_at: null }])
    expect(JSON.stringify(listed.body)).not.toContain(String(token))
    expect((await administer(`/admin/hub-tokens/${String(id)}/revoke`, {})).status).toBe(200)
    expect((await administer(`/admin/hub-tokens/${String(id)}/revoke`, {})).status).toBe(404)
    await work({ context, keyId, token: String(token) }, [60])
    await expect(push()).rejects.toThrow(/token/)
    expect((await administer('/admin/hub-tokens', { name: 'no such name' })).status).toBe(400)
    expect((await administer('/admin/hub-tokens', { name: 'mine' }, gateway.token)).status).toBe(401)
    await context.close()
    await rm(home, { recursive: true, force: true })
  })
})

describe('a turn whose request the platform has ended', () => {
  it('is closed by the cron trigger once its heart has stopped, once, and no turn that lives or was whole is touched', async () => {
    const whole = await gateway.post('/v1/messages', question())
    await whole.text()
    gateway.provider.script({ fault: 'stall-mid' })
    const cut = await gateway.post('/v1/messages', question(true))
    const turnOf = async (response: Response) =>
      (await gateway.events()).filter(({ turnId }) => turnId === response.headers.get('x-metis-turn-id'))
    await gateway.scheduled()
    expect((await turnOf(cut)).map(({ type }) => type)).toEqual(['route.decided'])

    await gateway.crash()
    await cut.text().catch(() => '')
    await gateway.scheduled()
    expect((await turnOf(cut)).map(({ type }) => type)).toEqual(['route.decided'])
    await ageHeartbeats(gateway.storage(), 91_000)
    await gateway.scheduled()
    const events = await turnOf(cut)
    expect(events.map(({ type }) => type)).toEqual(['route.decided', 'llm.call_completed', 'turn.completed'])
    expect(events[1]?.payload).toMatchObject({
      error_class: 'INTERRUPTED',
      usage_estimated: true,
      cost_basis: 'partial_estimate',
    })
    expect(events[2]?.payload).toMatchObject({ status: 'interrupted' })
    expect((await turnOf(whole)).at(-1)?.payload).toMatchObject({ status: 'ok' })
    const db = gateway.storage().db
    expect(await db.selectFrom('inflight').selectAll().execute()).toEqual([])

    const before = await gateway.events()
    await gateway.scheduled()
    expect(await gateway.events()).toEqual(before)
    expect((await gateway.post('/v1/messages', question())).status).toBe(200)
  })
})

describe('the hosts it answers', () => {
  const asHost = (headers: Readonly<Record<string, string>>, path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const asked = httpRequest(gateway.url + path, { headers, agent: false }, (incoming) => {
        incoming.resume()
        resolve(incoming.statusCode ?? 0)
      })
      asked.on('error', reject).end()
    })

  it('are all that its owner has routed to it, and their own pages; other sites are turned away', async () => {
    const host = 'gateway.example.com'
    const authorization = `Bearer ${gateway.token}`
    expect(await asHost({ host, authorization }, '/v1/models')).toBe(200)
    expect(await asHost({ host, authorization, origin: `https://${host}` }, '/v1/models')).toBe(200)
    expect(await asHost({ host, authorization, origin: 'https://evil.example.com' }, '/v1/models')).toBe(403)
    expect(await asHost({ host, 'sec-fetch-site': 'cross-site', authorization: `Bearer ${adminToken}` }, '/admin/keys')).toBe(403)
  })

  it('are never used up by names that strangers try behind a wildcard route', async () => {
    for (let nth = 0; nth < 110; nth += 1) await asHost({ host: `x${nth}.example.com` }, '/healthz')
    expect(await asHost({ host: 'new.example.com', authorization: `Bearer ${gateway.token}` }, '/v1/models')).toBe(200)
  })
})

describe('the environment', () => {
  const withVariables = async (
    variables: Readonly<Record<string, unknown>>,
    use: (other: WorkersGateway) => Promise<void>,
  ): Promise<void> => {
    const other = await startWorkersGateway({ variables })
    try {
      await use(other)
    } finally {
      await other.stop()
    }
  }

  it.each([undefined, ''])(
    'with %j for an admin token has no serve, and says how to get one; the gateway answers',
    async (none) => {
      await withVariables({ METIS_ADMIN_TOKEN: none }, async (other) => {
        const closed = await fetch(`${other.url}/admin/keys`)
        expect([closed.status, await closed.text()]).toEqual([503, expect.stringContaining('METIS_ADMIN_TOKEN')])
        expect((await other.post('/v1/messages', question())).status).toBe(200)
      })
    },
  )

  it('brings providers by their secrets alone, a configuration as text, and routing rules', async () => {
    const variables = {
      GROQ_API_KEY: 'gsk-a-secret-of-a-test',
      METIS_CONFIG: '{"aliases":{"quick":"demo:haiku"}}',
      METIS_DEMO: '1',
      METIS_ROUTING: { rules: [{ name: 'greetings', when: { message_contains_any: ['hello'] }, model: 'quick' }] },
    }
    await withVariables(variables, async (other) => {
      const models = await (await fetch(`${other.url}/v1/models`, { headers: { authorization: `Bearer ${other.token}` } })).text()
      expect(models).toContain('groq:')
      expect(models).not.toContain('gsk-')
      const answer = await other.post('/v1/messages', { ...question(), model: 'metis://auto' })
      expect([answer.status, answer.headers.get('x-metis-model')]).toEqual([200, 'demo:haiku'])
    })
  })

  it.each([
    ['a provider', { METIS_CONFIG: '{"providers":{"x":{"wire":"smoke-signals"}}}' }],
    ['a rule', { METIS_ROUTING: { rules: [{ name: 'x', when: { smells_of: 'smoke-signals' }, model: 'haiku' }] } }],
  ])('with %s that is wrong: the log is told which, and nobody else', async (_what, variables) => {
    await withVariables(variables, async (other) => {
      const refused = await other.post('/v1/messages', question())
      const text = await refused.text()
      expect([refused.status, text]).toEqual([503, expect.stringContaining('misconfigured')])
      expect(text).not.toContain('smoke-signals')
    })
  })
})

it('a configuration that is no JSON is named in the log without a word of it: it may hold a key', () => {
  const unused = () => Promise.reject(new Error('nothing is asked of the database'))
  const DB = { prepare: (): D1Statement => ({ bind: () => DB.prepare(), all: unused }), batch: unused }
  const read = () => readEnvironment({ DB, METIS_CONFIG: '{"api_key": sk-secret' }, [])
  expect(read).toThrow(/^METIS_CONFIG: is not JSON$/)
})

it('a hub to push to is refused, since a Worker pushes nothing', () => {
  const unused = () => Promise.reject(new Error('nothing is asked of the database'))
  const DB = { prepare: (): D1Statement => ({ bind: () => DB.prepare(), all: unused }), batch: unused }
  const METIS_CONFIG = { hub: { url: 'https://hub.example.com', token: 'hub_secret' } }
  expect(() => readEnvironment({ DB, METIS_CONFIG }, [])).toThrow(/^METIS_CONFIG\.hub: is not for Workers/)
})

it('wrangler.toml names what the build makes, and what these tests run with', () => {
  const text = readFileSync(join(root, 'wrangler.toml'), 'utf8')
  const support = readFileSync(join(root, 'test/support/workers-gateway.ts'), 'utf8')
  expect(text).toContain('main = "dist/workers.js"')
  expect(text).toContain('migrations_dir = "dist/migrations"')
  const date = /compatibility_date = "([\d-]+)"/.exec(text)?.[1] ?? ''
  const flags = /compatibility_flags = \["(\w+)"\]/.exec(text)?.[1] ?? ''
  expect(support).toContain(`compatibilityDate: '${date}'`)
  expect(support).toContain(`compatibilityFlags: ['${flags}']`)
})
