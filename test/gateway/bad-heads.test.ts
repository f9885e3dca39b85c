// Heads, paths, origins and raw bytes that are no request of ours (reliability.md §3, §4, §6, §7): refused, closed where the
// connection can no longer be trusted, nothing upstream.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { exchange, type RawAnswer } from './raw-exchange.ts'
import { doorCases, expectHealthy, expectRefusal, forbidden, goodBody, notFound, type DoorCase } from './refusals.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

interface RawRequest {
  readonly method?: string
  readonly target?: string
  readonly version?: string
  readonly host?: string | null
  /** Replaces content-length. */
  readonly framing?: string
  readonly lines?: readonly string[]
  readonly body?: string
}

function rawRequest(door: DoorCase, request: RawRequest): string {
  const body = request.body ?? JSON.stringify(goodBody(door.native))
  const host = request.host === null ? [] : [`host: ${request.host ?? 'localhost'}`]
  const head = [
    `${request.method ?? 'POST'} ${request.target ?? door.path} ${request.version ?? 'HTTP/1.1'}`,
    ...host,
    `authorization: Bearer ${gateway.token}`,
    'content-type: application/json',
    ...(request.lines ?? []),
    request.framing ?? `content-length: ${Buffer.byteLength(body)}`,
  ]
  return `${head.join('\r\n')}\r\n\r\n${body}`
}

/** One answer with this status, the connection closed, nothing upstream, the gateway well. */
async function expectRawRefusal(door: DoorCase, bytes: string, status: number): Promise<RawAnswer> {
  const before = gateway.provider.requests.length
  const answer = await exchange(gateway.url, bytes)
  expect(answer.statuses, answer.text.slice(0, 500)).toEqual([status])
  expect(answer.closed, 'the connection is closed').toBe(true)
  expect(gateway.provider.requests.length, 'nothing went upstream').toBe(before)
  await expectHealthy(gateway, door)
  return answer
}

const chunked = (body: string) => `${Buffer.byteLength(body).toString(16)}\r\n${body}\r\n0\r\n\r\n`
const hidden = 'GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n'

const smuggling: readonly { what: string; request: (body: string) => RawRequest }[] = [
  {
    what: 'a length and chunks',
    request: (body) => ({ framing: `content-length: 4\r\ntransfer-encoding: chunked`, body: chunked(body) + hidden }),
  },
  {
    what: 'chunks and a length',
    request: (body) => ({ framing: `transfer-encoding: chunked\r\ncontent-length: 4`, body: chunked(body) + hidden }),
  },
  { what: 'two lengths that differ', request: (body) => ({ framing: `content-length: ${body.length}\r\ncontent-length: 0` }) },
  { what: 'a list of lengths', request: (body) => ({ framing: `content-length: ${body.length}, 0` }) },
  { what: 'a negative length', request: () => ({ framing: 'content-length: -1' }) },
  { what: 'a length with a sign', request: (body) => ({ framing: `content-length: +${body.length}` }) },
  { what: 'a length in hex', request: () => ({ framing: 'content-length: 0x10' }) },
  { what: 'a length no integer holds', request: () => ({ framing: `content-length: ${'9'.repeat(40)}` }) },
  { what: 'an unknown encoding', request: (body) => ({ framing: 'transfer-encoding: xchunked', body: chunked(body) }) },
  { what: 'chunks that are not last', request: (body) => ({ framing: 'transfer-encoding: chunked, gzip', body: chunked(body) }) },
  { what: 'a blank before the colon', request: (body) => ({ framing: 'transfer-encoding : chunked', body: chunked(body) }) },
  { what: 'a folded line', request: (body) => ({ framing: 'transfer-encoding:\r\n chunked', body: chunked(body) }) },
  { what: 'a bad chunk size', request: () => ({ framing: 'transfer-encoding: chunked', body: 'zz\r\n{}\r\n0\r\n\r\n' }) },
  { what: 'a negative chunk size', request: () => ({ framing: 'transfer-encoding: chunked', body: '-1\r\n{}\r\n0\r\n\r\n' }) },
  { what: 'a name with a blank', request: () => ({ lines: ['bad name: x'] }) },
  { what: 'a NUL in a value', request: () => ({ lines: ['x-odd: a\0b'] }) },
  { what: 'a bare CR in a value', request: () => ({ lines: ['x-odd: a\rtransfer-encoding: chunked'] }) },
  { what: 'an unknown method', request: () => ({ method: 'EVIL' }) },
  { what: 'an unknown version', request: () => ({ version: 'HTTP/9.9' }) },
]

for (const door of doorCases) {
  describe(`${door.door} door`, () => {
    it.each(smuggling)('refuses $what and closes', async ({ request }) => {
      const body = JSON.stringify(goodBody(door.native))
      await expectRawRefusal(door, rawRequest(door, request(body)), 400)
    })

    it('refuses a head of 17 KiB', async () => {
      await expectRawRefusal(door, rawRequest(door, { lines: [`x-big: ${'a'.repeat(17 * 1024)}`] }), 431)
    })

    it('refuses 101 header lines and takes 100', async () => {
      // Four are always there.
      const lines = (count: number) => Array.from({ length: count - 4 }, (_unused, index) => `x-${index}: 1`)
      await expectRawRefusal(door, rawRequest(door, { lines: lines(101) }), 431)
      const fine = await exchange(gateway.url, rawRequest(door, { lines: [...lines(99), 'connection: close'] }))
      expect(fine.statuses).toEqual([200])
    })

    it('never answers a second request that hides in a body', async () => {
      const body = JSON.stringify(goodBody(door.native)) + hidden
      const { statuses } = await exchange(gateway.url, rawRequest(door, { lines: ['connection: close'], body }))
      expect(statuses).toEqual([400])
    })

    it.each(['GET', 'PUT', 'PATCH', 'DELETE'])('answers %s with 405 and what is allowed', async (method) => {
      let allow: string | null = null
      await expectRefusal(gateway, door, { status: 405, code: 'method_not_allowed' }, async () => {
        const response = await fetch(gateway.url + door.path, { method })
        allow = response.headers.get('allow')
        return response
      })
      expect(allow).toBe('POST, OPTIONS')
    })

    it.each(['/nope', '/../../etc/passwd', '//', '/%2e%2e/%2e%2e/x', '/..;/x', '/%00', '/%ff', '/a'.repeat(2_000)])(
      'knows nothing at its path + %s',
      async (suffix) => {
        await expectRefusal(gateway, door, { status: 404, code: 'route_not_found', types: notFound }, () =>
          fetchRaw(door, door.path + suffix, door.door === 'anthropic' ? { 'anthropic-version': '2023-06-01' } : {}),
        )
      },
    )

    it('answers OPTIONS with 204 and no grant to anybody', async () => {
      const response = await fetch(gateway.url + door.path, {
        method: 'OPTIONS',
        headers: { 'access-control-request-method': 'POST', 'access-control-request-private-network': 'true' },
      })
      expect(response.status).toBe(204)
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([])
    })

    it.each([
      'evil.example',
      'localhost.evil.example',
      '127.0.0.1.evil.example:8422',
      'localhost@evil.example',
      'x/#@localhost',
      '0.0.0.0',
      '127.0.0.2',
      'localhost.',
      '2130706433',
      '[::ffff:127.0.0.1]',
    ])('refuses the Host %s before it looks at the token', async (host) => {
      const { text } = await expectRawRefusal(door, rawRequest(door, { host, lines: ['connection: close'] }), 403)
      expect(text).toContain('host_not_allowed')
    })

    it.each([
      { origin: 'https://evil.example' },
      { origin: 'http://localhost.evil.example' },
      { origin: 'http://localhost:1' },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
    ])('refuses a page of another site: %o', async (headers) => {
      await expectRefusal(gateway, door, { status: 403, code: 'origin_not_allowed', types: forbidden }, () =>
        fetchRaw(door, door.path, headers),
      )
    })

    it('takes only the path of an absolute target, never its origin', async () => {
      const target = `http://evil.example${door.path}`
      const { statuses, text } = await exchange(gateway.url, rawRequest(door, { target, lines: ['connection: close'] }))
      // Either way it stays here: answered by our own provider, or refused.
      expect([200, 403]).toContain(statuses[0])
      expect(text).not.toContain('evil.example')
    })

    it('sends a request where the configuration says, whatever its headers say', async () => {
      const response = await gateway.post(door.path, goodBody(door.native, { api_base: 'http://evil.example', base_url: 'x' }), {
        headers: {
          'x-portkey-custom-host': 'http://evil.example',
          'x-base-url': 'http://evil.example',
          'x-forwarded-host': 'evil.example',
          forwarded: 'host=evil.example',
        },
      })
      expect(response.status, await response.text()).toBe(200)
      const { headers } = gateway.provider.at(-1)
      expect(headers['host']).toBe(new URL(gateway.provider.url).host)
      expect(JSON.stringify(headers)).not.toContain('evil.example')
    })
  })
}

/** Through a raw connection, so that no client tidies the path; back as a Response. */
async function fetchRaw(door: DoorCase, target: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
  const { text } = await exchange(gateway.url, rawRequest(door, { target, lines: [...lines, 'connection: close'] }))
  const [head = '', body = ''] = text.split('\r\n\r\n', 2)
  const [statusLine = '', ...fields] = head.split('\r\n')
  return new Response(body, {
    status: Number(statusLine.split(' ')[1]),
    headers: fields.map((field): [string, string] => [field.slice(0, field.indexOf(':')), field.slice(field.indexOf(':') + 2)]),
  })
}
