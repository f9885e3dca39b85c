// The version dial of our own paths (contract.md §6, docs/api-versioning.md).
import { describe, expect, it } from 'vitest'
import { createApiVersioning, type ApiVersion } from '../../src/gateway/api-version.ts'

const sunset = '2027-06-01T00:00:00Z'
const before = Date.parse('2027-05-31T23:59:59Z')
const after = Date.parse(sunset)
const versions = [
  { version: '1.0', deprecated: true, sunset },
  { version: '1.1', deprecated: true },
  { version: '2.0' },
] as const satisfies readonly ApiVersion[]

const only: readonly [ApiVersion] = [{ version: '1.0' }]

async function ask(
  asked: string | null,
  options: { readonly known?: readonly [ApiVersion, ...ApiVersion[]]; readonly nowMs?: number; readonly method?: string } = {},
) {
  const versioned = createApiVersioning({ nowUs: () => (options.nowMs ?? before) * 1000 }, options.known ?? versions)
  const headers = new Headers(asked === null ? {} : { 'metis-api-version': asked })
  const request = new Request('http://localhost/health', { method: options.method ?? 'GET', headers })
  const response = await versioned(request, () => new Response('{}', { status: 201, headers: { 'x-kept': 'yes' } }))
  return { status: response.status, headers: response.headers, text: await response.text() }
}

describe('a version that is served', () => {
  it.each([null, '1.0', '9.9', '1', 'latest', '1.0.0', '1.0, 1.0', '-1.0', '99999.0', ' 1.0 ', '<script>'])(
    'is 1.0 for %j while there is no other',
    async (asked) => {
      const { status, headers } = await ask(asked, { known: only })
      expect(status).toBe(201)
      expect(headers.get('metis-api-version')).toBe('1.0')
      expect(headers.get('metis-api-versions-supported')).toBe('1.0')
      expect(headers.has('deprecation')).toBe(false)
      expect(headers.get('x-kept')).toBe('yes')
    },
  )

  it('is the current one for whoever names none', async () => {
    expect((await ask(null)).headers.get('metis-api-version')).toBe('2.0')
  })

  it('says that it is deprecated, and until when', async () => {
    const old = await ask('1.0')
    expect(old.status).toBe(201)
    expect(old.headers.get('metis-api-version')).toBe('1.0')
    expect(old.headers.get('deprecation')).toBe('true')
    expect(old.headers.get('sunset')).toBe('Tue, 01 Jun 2027 00:00:00 GMT')
    const newer = await ask('1.1')
    expect([newer.headers.get('deprecation'), newer.headers.has('sunset')]).toEqual(['true', false])
  })
})

describe('a version that is gone', () => {
  it.each([
    ['0.9', before, 'below_minimum', '1.0'],
    ['0.0', after, 'below_minimum', '1.1'],
    ['1.0', after, 'sunset', '1.1'],
  ])('answers 410 to %s', async (requested, nowMs, reason, minimum) => {
    const { status, headers, text } = await ask(requested, { nowMs })
    expect(status).toBe(410)
    expect(JSON.parse(text)).toMatchObject({
      error: { code: 'version_unsupported', requested, min_supported: minimum, current: '2.0', reason },
    })
    expect(headers.get('metis-api-version')).toBe('2.0')
    expect(headers.get('content-type')).toBe('application/json')
  })

  it('leaves the list of supported ones', async () => {
    expect((await ask(null)).headers.get('metis-api-versions-supported')).toBe('1.0, 1.1, 2.0')
    expect((await ask(null, { nowMs: after })).headers.get('metis-api-versions-supported')).toBe('1.1, 2.0')
  })
})

it('answers OPTIONS with 204 and the headers, and calls nobody', async () => {
  const { status, headers, text } = await ask('0.1', { method: 'OPTIONS' })
  expect([status, text]).toEqual([204, ''])
  expect(headers.get('metis-api-versions-supported')).toBe('1.0, 1.1, 2.0')
})
