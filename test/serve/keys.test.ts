// Gateway keys over serve's HTTP: what the dashboard's Keys tab stands on.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openServe, type OpenServe } from '../analytics/support/open-serve.ts'
import { parseObject, type JsonObject } from '../support/json.ts'

let serve: OpenServe
beforeEach(async () => {
  serve = await openServe()
})
afterEach(() => serve.close())

const json = { 'content-type': 'application/json', host: 'localhost' }

async function post(path: string, body: unknown, headers: Readonly<Record<string, string>> = json) {
  const response = await serve.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) })
  return { status: response.status, headers: response.headers, body: parseObject(await response.text()) }
}

const listed = async (): Promise<readonly JsonObject[]> => {
  const { data } = parseObject(await (await serve.fetch('/admin/keys')).text())
  return Array.isArray(data) ? data.map((key) => parseObject(JSON.stringify(key))) : []
}

async function audit(): Promise<readonly (readonly [string, JsonObject])[]> {
  const rows = await serve.storage.db.selectFrom('events').select(['type', 'payload_json']).orderBy('id').execute()
  return rows.map((row) => [row.type, parseObject(row.payload_json)] as const)
}

describe('changing', () => {
  const patch = async (id: string, body: unknown, headers: Readonly<Record<string, string>> = json) => {
    const response = await serve.fetch(`/admin/keys/${id}`, { method: 'PATCH', headers, body: JSON.stringify(body) })
    return { status: response.status, body: parseObject(await response.text()) }
  }

  it('changes what is named, lifts what is null, leaves the rest, and is on record', async () => {
    const issued = (await post('/admin/keys', { name: 'k', daily_cap_usd: 5, requests_per_minute: 60, tags: { a: 'b' } })).body
    const { token: _token, ...key } = issued
    const id = String(key['key_id'])
    const change = { name: 'renamed', daily_cap_usd: null, monthly_cap_usd: 80, log_messages: true }
    expect(await patch(id, change)).toEqual({ status: 200, body: { ...key, ...change } })
    expect(await listed()).toEqual([{ ...key, ...change }])
    expect((await audit()).at(-1)).toMatchObject(['gateway.key_changed', { key_id: id, actor: 'local', ...change }])
  })

  it('refuses an empty change, what may not change, another site, and a key that is not there or revoked', async () => {
    const id = String((await post('/admin/keys', { name: 'k' })).body['key_id'])
    expect((await patch(id, {})).status).toBe(400)
    expect((await patch(id, { user_id: 'ada' })).status).toBe(400)
    expect((await patch(id, { name: 'x' }, { ...json, 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await patch('gk_no', { name: 'x' })).status).toBe(404)
    await post(`/admin/keys/${id}/revoke`, {})
    expect((await patch(id, { name: 'x' })).status).toBe(409)
  })
})

describe('issuing', () => {
  it('answers with a token that is in no other answer and not in the store', async () => {
    const { status, headers, body } = await post('/admin/keys', {
      name: 'ada-laptop',
      workspace: '/srv/shop',
      daily_cap_usd: 0.1,
      requests_per_minute: 60,
      allowed_models: ['anthropic:*'],
      expires_in: '90d',
    })
    expect([status, headers.get('cache-control')]).toEqual([201, 'no-store'])
    const token = String(body['token'])
    expect(token).toMatch(/^gw_\w{58}$/)
    const [key] = await listed()
    expect(key).toMatchObject({
      key_id: body['key_id'],
      name: 'ada-laptop',
      state: 'active',
      daily_cap_usd: 0.1,
      requests_per_minute: 60,
      allowed_models: ['anthropic:*'],
      expires_at: '2027-02-21T12:00:00.000Z',
    })
    const all = JSON.stringify([
      await listed(),
      await audit(),
      await serve.storage.db.selectFrom('gateway_keys').selectAll().execute(),
    ])
    expect(all).not.toContain(token)
    expect(await audit()).toEqual([['gateway.key_issued', expect.objectContaining({ actor: 'local', origin: 'serve' })]])
  })

  it('makes an unknown user or team only when it is told to', async () => {
    const asked = { name: 'a', user_id: 'ada', team_id: 'eng' }
    const refused = await post('/admin/keys', asked)
    expect([refused.status, refused.body]).toMatchObject([400, { error: { code: 'invalid_value' } }])
    expect((await post('/admin/keys', { ...asked, create: true })).status).toBe(201)
    expect((await post('/admin/keys', asked)).status).toBe(201)
  })

  it.each([
    ['no name', {}],
    ['an empty name', { name: '  ' }],
    ['a field that is none', { name: 'a', admin: true }],
    ['a cap below zero', { name: 'a', daily_cap_usd: -1 }],
    ['a cap that is text', { name: 'a', daily_cap_usd: '5' }],
    ['a user that no query could name', { name: 'a', user_id: '<script>', create: true }],
    ['an expiry without a unit', { name: 'a', expires_in: '90' }],
    ['no object', ['name']],
  ])('refuses %s, and issues nothing', async (_, body) => {
    const { status, body: answer } = await post('/admin/keys', body)
    expect([status, answer]).toMatchObject([400, { error: { code: 'invalid_value' } }])
    expect(await listed()).toEqual([])
  })
})

describe('changing', () => {
  const issued = async (): Promise<string> => String((await post('/admin/keys', { name: 'a' })).body['key_id'])

  it('rotates: a new token, the old one until its grace is over', async () => {
    const id = await issued()
    const { status, body } = await post(`/admin/keys/${id}/rotate`, { grace_period: '1h' })
    expect([status, body]).toMatchObject([201, { name: 'a', state: 'active', token: expect.stringMatching(/^gw_/) }])
    const [old, next] = await listed()
    expect([old, next]).toMatchObject([
      { key_id: id, state: 'active', successor_id: body['key_id'], expires_at: '2026-11-23T13:00:00.000Z' },
      { key_id: body['key_id'], expires_at: null },
    ])
    const again = await post(`/admin/keys/${id}/rotate`, {})
    expect([again.status, again.body]).toMatchObject([409, { error: { code: 'key_not_active' } }])
  })

  it('revokes once', async () => {
    const id = await issued()
    expect((await post(`/admin/keys/${id}/revoke`, {})).body).toMatchObject({ key_id: id, state: 'revoked' })
    expect((await post(`/admin/keys/${id}/revoke`, {})).status).toBe(409)
    expect((await post(`/admin/keys/${id}/rotate`, {})).body).toMatchObject({ error: { message: 'The key is revoked.' } })
    expect((await audit()).map(([type]) => type)).toEqual(['gateway.key_issued', 'gateway.key_revoked'])
  })

  it.each(['rotate', 'revoke'])('knows no key to %s but those that are there', async (verb) => {
    expect((await post(`/admin/keys/gk_nobody/${verb}`, {})).status).toBe(404)
    expect((await serve.fetch(`/admin/keys/gk_nobody/${verb}`)).status).toBe(405)
  })
})

describe('on loopback a write comes from the dashboard or from no page', () => {
  it.each([
    ['a form', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['plain text', { 'content-type': 'text/plain' }, 415],
    ['another site', { ...json, origin: 'https://evil.example' }, 403],
    ['a page of the same site on another port', { ...json, origin: 'http://localhost:9999' }, 403],
    ['a page of the same site, told by the browser', { ...json, 'sec-fetch-site': 'same-site' }, 403],
    ['a sandboxed frame', { ...json, origin: 'null' }, 403],
  ])('not from %s', async (_, headers, status) => {
    expect((await post('/admin/keys', { name: 'a' }, headers)).status).toBe(status)
    expect(await listed()).toEqual([])
  })

  it('not from an origin that may read, either', async () => {
    const own = await openServe({ config: { cors_origins: ['https://app.example.com'] } })
    const headers = { ...json, origin: 'https://app.example.com' }
    const response = await own.fetch('/admin/keys', { method: 'POST', headers, body: '{"name":"a"}' })
    expect(response.status).toBe(403)
    await own.close()
  })

  it('from the dashboard', async () => {
    const headers = { ...json, origin: 'http://localhost', 'sec-fetch-site': 'same-origin' }
    expect((await post('/admin/keys', { name: 'a' }, headers)).status).toBe(201)
  })
})

it('beyond loopback needs the admin session, to read as well', async () => {
  const admin = { token: 'the-admin-token', sessionSecret: new Uint8Array(32).fill(7) }
  const own = await openServe({ serve: { admin, loopback: false } })
  const issue = (headers: Record<string, string>) =>
    own.fetch('/admin/keys', { method: 'POST', headers: { ...json, ...headers }, body: '{"name":"a"}' })
  expect([(await own.fetch('/admin/keys')).status, (await issue({})).status]).toEqual([401, 401])
  expect((await issue({ authorization: 'Bearer the-admin-token' })).status).toBe(201)
  const [row] = await own.storage.db.selectFrom('events').select('payload_json').execute()
  expect(parseObject(row?.payload_json ?? '')).toMatchObject({ actor: 'admin', origin: 'serve' })
  await own.close()
})
