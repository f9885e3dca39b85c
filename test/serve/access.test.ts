// Beyond loopback, and with serve.auth: always, nothing is read without the admin token (reliability.md §6).
import { ConfigError } from '../../src/config/errors.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openServe, type OpenServe } from '../analytics/support/open-serve.ts'

const token = 'the admin token of this test'.replaceAll(' ', '-')
const admin = { token, sessionSecret: new Uint8Array(32).fill(7) }

let serve: OpenServe
beforeAll(async () => {
  serve = await openServe({ serve: { admin, loopback: false } })
})
afterAll(() => serve.close())

const json = { 'content-type': 'application/json' }
const signIn = (body: string, headers: Record<string, string> = json) =>
  serve.fetch('/admin/session', { method: 'POST', headers, body })

async function cookieOf(server: OpenServe = serve): Promise<string> {
  const response = await server.fetch('/admin/session', { method: 'POST', headers: json, body: JSON.stringify({ token }) })
  expect(response.status).toBe(204)
  return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
}

describe('without the token', () => {
  it.each(['/analytics/cost', '/analytics/by_user', '/models', '/server/version'])('%s says 401', async (path) => {
    const { status, headers, body } = await serve.get(path)
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="metis"'])
    expect(body).toMatchObject({ error: { code: 'admin_token_required' } })
  })

  it.each(['Bearer wrong', 'Bearer ', `Basic ${token}`, `Bearer ${token}x`, token])('%j opens nothing', async (authorization) => {
    expect((await serve.fetch('/analytics/cost', { headers: { authorization } })).status).toBe(401)
  })

  it('shows a page to sign in on, with its script from a file of ours', async () => {
    const response = await serve.fetch('/dashboard/')
    expect(response.status).toBe(401)
    const html = await response.text()
    expect(html).toContain('<form id="sign-in">')
    for (const [, path = ''] of html.matchAll(/(?:src|href)="([^"]+)"/g)) expect((await serve.fetch(path)).status).toBe(200)
  })

  it('tells only that it lives', async () => {
    expect((await serve.get('/health')).status).toBe(200)
  })
})

describe('with the token', () => {
  it('reads as a bearer', async () => {
    const response = await serve.fetch('/analytics/cost', { headers: { authorization: `Bearer ${token}` } })
    expect(response.status).toBe(200)
  })

  it('gets a cookie that scripts and other sites cannot use, and reads with it', async () => {
    const response = await signIn(JSON.stringify({ token }))
    expect(response.headers.get('set-cookie')).toMatch(
      /^metis_session=[\w-]+\.[\w-]+\.[\w-]+; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    )
    const cookie = `other=1; ${await cookieOf()}`
    expect((await serve.fetch('/analytics/cost', { headers: { cookie } })).status).toBe(200)
    expect((await serve.fetch('/dashboard/', { headers: { cookie } })).status).toBe(200)
  })

  it('is asked again after twelve hours', async () => {
    const own = await openServe({ config: { serve: { auth: 'always' } }, serve: { admin } })
    const cookie = await cookieOf(own)
    const read = async () => (await own.fetch('/models', { headers: { cookie } })).status
    await own.clock.advance(11.9 * 3_600_000)
    expect(await read()).toBe(200)
    await own.clock.advance(0.2 * 3_600_000)
    expect(await read()).toBe(401)
    await own.close()
  })

  it('gives the cookie back on sign-out', async () => {
    const response = await serve.fetch('/admin/session', { method: 'DELETE' })
    expect(response.headers.get('set-cookie')).toMatch(/^metis_session=; Path=\/; Max-Age=0;/)
  })
})

describe('a forged cookie', () => {
  const part = (value: object) => btoa(JSON.stringify(value)).replaceAll('=', '')
  it.each([
    ['unsigned', `${part({ alg: 'none' })}.${part({ sub: 'admin', exp: 9e9 })}.`],
    ['signed by nobody', `${part({ alg: 'HS256' })}.${part({ sub: 'admin', exp: 9e9 })}.AAAA`],
    ['no token at all', 'admin'],
  ])('%s opens nothing', async (_, jwt) => {
    expect((await serve.fetch('/analytics/cost', { headers: { cookie: `metis_session=${jwt}` } })).status).toBe(401)
  })

  it('signed with another secret opens nothing', async () => {
    const other = await openServe({
      serve: { admin: { token, sessionSecret: new Uint8Array(32).fill(8) }, loopback: false },
    })
    const cookie = await cookieOf(other)
    expect((await serve.fetch('/analytics/cost', { headers: { cookie } })).status).toBe(401)
    await other.close()
  })
})

describe('signing in', () => {
  it.each([
    ['a wrong token', JSON.stringify({ token: 'wrong' }), 401, 'invalid_admin_token'],
    ['no token', '{}', 400, 'invalid_value'],
    ['a token and more', JSON.stringify({ token, admin: true }), 400, 'invalid_value'],
    ['no JSON', 'token', 400, 'invalid_json'],
    ['nothing', '', 400, 'invalid_json'],
    ['too much', JSON.stringify({ token: 'x'.repeat(5000) }), 413, 'request_too_large'],
  ])('with %s fails', async (_, body, status, code) => {
    const response = await signIn(body)
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ error: { code } })
    expect(response.headers.has('set-cookie')).toBe(false)
  })

  it('takes JSON only: what a form of another site can send is refused', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', '']) {
      expect((await signIn(JSON.stringify({ token }), { 'content-type': type })).status).toBe(415)
    }
  })
})

it('does not start where a token is needed and there is none', async () => {
  await expect(openServe({ serve: { loopback: false } })).rejects.toThrow(ConfigError)
  await expect(openServe({ config: { serve: { auth: 'always' } } })).rejects.toThrow('METIS_ADMIN_TOKEN')
})

it('uses a cookie that no other host can set when the connection is TLS', async () => {
  const response = await serve.fetch('https://localhost/admin/session', {
    method: 'POST',
    headers: json,
    body: JSON.stringify({ token }),
  })
  expect(response.headers.get('set-cookie')).toMatch(/^__Host-metis_session=.*; Path=\/;.*; Secure$/)
})
