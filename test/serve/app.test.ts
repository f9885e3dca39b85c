// Serve's paths as a client meets them: methods, errors, headers, and that nothing is told across sites.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { endpoints } from '../../src/analytics/index.ts'
import { openServe, type OpenServe } from '../analytics/support/open-serve.ts'

let serve: OpenServe
beforeAll(async () => {
  serve = await openServe()
})
afterAll(() => serve.close())

/** What stands in braces must be there to be found: activity.test.ts. */
const readable = endpoints.map(({ path }) => path).filter((path) => !path.includes('{'))
const needs = new Map([['/analytics/savings', '?baseline=openai:gpt-4o-mini']])
const owned = ['/health', '/server/version', '/models', '/openapi.json', ...readable].map(
  (path) => path + (needs.get(path) ?? ''),
)

describe.each(owned)('%s', (path) => {
  it('answers GET with JSON, the version served, and no room for sniffing or storing', async () => {
    const { status, headers } = await serve.get(path)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('metis-api-version')).toBe('1.0')
    expect(headers.get('metis-api-versions-supported')).toBe('1.0')
  })

  it('answers HEAD like GET without the body', async () => {
    const response = await serve.fetch(path, { method: 'HEAD' })
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect(response.headers.get('metis-api-version')).toBe('1.0')
  })

  it('answers OPTIONS with 204, the methods and the version, and grants no other site anything', async () => {
    const response = await serve.fetch(path, { method: 'OPTIONS' })
    expect(response.status).toBe(204)
    expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect(response.headers.get('metis-api-version')).toBe('1.0')
    expect(response.headers.has('access-control-allow-origin')).toBe(false)
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH'])('refuses %s with 405 and what is allowed', async (method) => {
    const response = await serve.fetch(path, { method })
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect(await response.json()).toMatchObject({ error: { code: 'method_not_allowed' } })
  })

  it('refuses a version below the first', async () => {
    const response = await serve.fetch(path, { headers: { 'metis-api-version': '0.1' } })
    expect(response.status).toBe(410)
    expect(await response.json()).toMatchObject({ error: { code: 'version_unsupported', reason: 'below_minimum' } })
  })
})

it.each(['/nothing', '/analytics', '/analytics/', '/analytics/cost/', '/analytics/cost/x', '/Health', '/%2e%2e/etc/passwd'])(
  'knows no %s',
  async (path) => {
    const { status, body, headers } = await serve.get(path)
    expect(status).toBe(404)
    expect(body).toMatchObject({ error: { code: 'not_found', message: expect.any(String) } })
    expect(headers.get('metis-api-version')).toBe('1.0')
  },
)

it('tells that it lives, since when, and whether the store answers', async () => {
  const { body } = await serve.get('/health')
  expect(body).toEqual({ status: 'ok', version: '0.0.0-test', uptime_seconds: 0, store: 'ok' })
})

it('says 503 when the store is gone, and tells the log, not the client, why a question failed', async () => {
  const broken = await openServe()
  await broken.storage.db.destroy()
  expect(await broken.get('/health')).toMatchObject({ status: 503, body: { status: 'unavailable', store: 'unavailable' } })
  const { status, body } = await broken.get('/analytics/cost')
  expect([status, body]).toEqual([
    500,
    { error: { code: 'internal_error', message: 'Something went wrong inside serve; its log says what.' } },
  ])
  expect(broken.faults).toEqual(['serve could not answer'])
  await broken.close()
})

it('lists what is routable', async () => {
  const { body } = await serve.get('/models')
  expect(body).toMatchObject({
    data: expect.arrayContaining([expect.objectContaining({ id: expect.any(String), provider: 'demo' })]),
  })
})

describe('other sites', () => {
  it.each([
    [{ host: 'evil.example' }, 'host_not_allowed'],
    [{ host: 'localhost:8421', origin: 'https://evil.example' }, 'origin_not_allowed'],
    [{ host: 'localhost:8421', 'sec-fetch-site': 'cross-site' }, 'origin_not_allowed'],
  ])('learn nothing from a read with %j', async (headers, code) => {
    for (const path of ['/analytics/by_user', '/dashboard/', '/health', '/nothing']) {
      const response = await serve.fetch(path, { headers })
      expect(response.status).toBe(403)
      expect(await response.json()).toMatchObject({ error: { code } })
      expect(response.headers.has('access-control-allow-origin')).toBe(false)
    }
  })

  it('may read when they are listed, preflight included', async () => {
    const origin = 'https://app.example.com'
    const listed = await openServe({ config: { cors_origins: [origin] } })
    const read = await listed.fetch('/analytics/cost', { headers: { origin } })
    expect([read.status, read.headers.get('access-control-allow-origin')]).toEqual([200, origin])
    const preflight = await listed.fetch('/analytics/cost', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
    })
    expect([preflight.status, preflight.headers.get('access-control-allow-headers')]).toEqual([204, 'authorization'])
    const refused = await listed.fetch('/analytics/cost', { headers: { origin: 'https://evil.example' } })
    expect([refused.status, refused.headers.has('access-control-allow-origin')]).toEqual([403, false])
    await listed.close()
  })
})

describe('the dashboard', () => {
  it.each(['/', '/dashboard'])('is where %s leads', async (path) => {
    const response = await serve.fetch(path)
    expect([response.status, response.headers.get('location')]).toEqual([302, '/dashboard/'])
  })

  it('is a page that may load only what is ours, and runs nothing inline', async () => {
    const response = await serve.fetch('/dashboard/')
    const html = await response.text()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(response.headers.get('content-security-policy')).toMatch(/default-src 'self'.*frame-ancestors 'none'/)
    expect(response.headers.get('content-security-policy')).not.toContain('unsafe')
    expect(html).toMatch(/<html lang="en">/)
    expect(html).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/)
  })

  it('links only to what is there', async () => {
    const html = await (await serve.fetch('/dashboard/')).text()
    const links = [...html.matchAll(/(?:href|src)="([^"]+)"/g)].map(([, href = '']) => href)
    expect(links.length).toBeGreaterThan(2)
    for (const link of links) {
      const response = await serve.fetch(link)
      expect([response.status, response.headers.get('x-content-type-options')], link).toEqual([200, 'nosniff'])
      expect(response.headers.get('cache-control'), link).toBe('public, max-age=31536000, immutable')
    }
  })

  it('is asked for again each time, and answered in no bytes while it is the same', async () => {
    const first = await serve.fetch('/dashboard/')
    const etag = first.headers.get('etag') ?? ''
    expect([first.headers.get('cache-control'), etag]).toEqual(['no-cache', expect.stringMatching(/^"[\w-]{22}"$/)])
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const again = await serve.fetch('/dashboard/', { headers: { 'if-none-match': tag } })
      expect([again.status, await again.text()]).toEqual([304, ''])
    }
    expect((await serve.fetch('/dashboard/', { headers: { 'if-none-match': '"other"' } })).status).toBe(200)
  })

  it.each([
    '/dashboard/../package.json',
    '/dashboard/..%2fpackage.json',
    '/dashboard/%2e%2e/%2e%2e/etc/passwd',
    '/dashboard/..\\package.json',
    '/dashboard//etc/passwd',
    '/dashboard/constructor',
    '/dashboard/index.html',
    '/dashboard/sign-in.html',
    '/dashboard/assets/',
  ])('has no way to a file at %s', async (path) => {
    expect((await serve.fetch(path)).status).toBe(404)
  })
})
