// Localhost is not a trust zone (reliability.md §6).
import { describe, expect, it } from 'vitest'
import { corsHeaders, refuseForeign } from '../../src/gateway/origin.ts'

const config = { allowedHosts: ['metis.example.com', 'LAN-box:8422'], corsOrigins: ['https://app.example.com'] }
const codeOf = (headers: Record<string, string>): string | null => refuseForeign(new Headers(headers), config)?.code ?? null

describe('Host', () => {
  it.each([
    'localhost',
    'LOCALHOST:8422',
    '127.0.0.1',
    '127.0.0.1:1',
    '[::1]',
    '[::1]:65535',
    'metis.example.com',
    'Metis.Example.com:443',
    'lan-box:8422',
  ])('lets %s in', (host) => {
    expect(codeOf({ host })).toBeNull()
  })

  it.each([
    '',
    'evil.example',
    'localhost.evil.example',
    'evil.example:8422',
    'localhost@evil.example',
    'evil.example#@localhost',
    'x/#@',
    'localhost:8422:8422',
    'localhost:',
    'localhost.',
    'localhost, evil.example',
    '127.0.0.1.nip.io',
    '127.1',
    '0.0.0.0:8422',
    '[::]',
    '::1',
    'sub.metis.example.com',
    'metis.example.com.evil.example',
    'lan-box:9999',
    'lan-box',
  ])('refuses %j', (host) => {
    expect(codeOf({ host })).toBe('host_not_allowed')
  })

  it('may be absent: a browser always sends one', () => {
    expect(codeOf({})).toBeNull()
  })
})

describe('Origin', () => {
  const host = '127.0.0.1:8421'
  it.each([`http://${host}`, `https://${host}`, 'https://app.example.com'])('lets %s in', (origin) => {
    expect(codeOf({ host, origin })).toBeNull()
  })

  it.each([
    'null',
    '',
    'https://evil.example',
    'http://127.0.0.1:3000',
    'http://127.0.0.1',
    'http://localhost:8421',
    `http://${host}.evil.example`,
    `ftp://${host}`,
    'https://app.example.com:444',
    'http://app.example.com',
    'https://app.example.com, https://evil.example',
  ])('refuses %j', (origin) => {
    expect(codeOf({ host, origin })).toBe('origin_not_allowed')
  })

  it('refuses what a browser calls cross-site even without an Origin', () => {
    expect(codeOf({ host, 'sec-fetch-site': 'cross-site' })).toBe('origin_not_allowed')
    for (const site of ['same-origin', 'none']) expect(codeOf({ host, 'sec-fetch-site': site })).toBeNull()
  })

  it('lets a listed origin in although its browser calls it cross-site', () => {
    expect(codeOf({ host, origin: 'https://app.example.com', 'sec-fetch-site': 'cross-site' })).toBeNull()
  })
})

describe('CORS', () => {
  it('grants nothing to anybody who is not listed', () => {
    expect(corsHeaders(new Headers(), config)).toEqual({})
    expect(corsHeaders(new Headers({ origin: 'https://evil.example' }), config)).toEqual({})
    expect(corsHeaders(new Headers({ origin: 'https://app.example.com' }), { ...config, corsOrigins: [] })).toEqual({})
  })

  it('names the listed origin and the headers that a preflight asks for, and no credentials', () => {
    const origin = 'https://app.example.com'
    const preflight = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-api-key, content-type',
    }
    const grant = corsHeaders(new Headers(preflight), config)
    expect(grant).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-headers': 'x-api-key, content-type',
      vary: 'origin',
    })
    expect(Object.keys(grant)).not.toContain('access-control-allow-credentials')
  })
})
