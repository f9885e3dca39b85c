// Tokens that open nothing (reliability.md §5): one answer for every kind, never a 5xx, never the token back, nothing upstream.
import { stat } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { byTest } from '../support/author.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { doorCases, expectHealthy, expectRefusal, goodBody, unauthenticated } from './refusals.ts'
import { exchange } from './raw-exchange.ts'

let gateway: TestGateway
let other: { keyId: string; token: string }

beforeAll(async () => {
  gateway = await startTestGateway()
  other = await gateway.issue({ name: 'other' })
})
afterAll(() => gateway.stop())

const invalidKey = { status: 401, code: 'invalid_api_key', types: unauthenticated }
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

type Credentials = Readonly<Record<string, string>>
const bearer = (token: string): Credentials => ({ authorization: `Bearer ${token}` })

const bad: readonly { what: string; headers: () => Credentials; query?: () => string }[] = [
  { what: 'none at all', headers: () => ({}) },
  { what: 'an empty one', headers: () => ({ 'x-api-key': '' }) },
  { what: 'a bare scheme', headers: () => ({ authorization: 'Bearer' }) },
  { what: 'nonsense', headers: () => bearer('nonsense') },
  { what: 'the prefix alone', headers: () => bearer('gw_') },
  { what: 'a flipped last character', headers: () => bearer(flip(gateway.token, -1)) },
  { what: 'a flipped secret', headers: () => bearer(flip(gateway.token, 35)) },
  { what: "another key's secret", headers: () => bearer(gateway.token.slice(0, 29) + other.token.slice(29)) },
  { what: 'a token in lower case', headers: () => bearer(gateway.token.toLowerCase()) },
  { what: 'a token and something', headers: () => bearer(`${gateway.token}x`) },
  { what: 'a token and a blank and something', headers: () => bearer(`${gateway.token} x`) },
  { what: 'SQL text', headers: () => bearer(`' OR '1'='1' --`) },
  { what: 'SQL text behind the prefix', headers: () => bearer(`gw_' UNION SELECT * FROM gateway_keys --`) },
  { what: 'SQL text in place of the secret', headers: () => bearer(`${gateway.token.slice(0, 29)}' OR 1=1 --`) },
  { what: 'a wildcard', headers: () => bearer('gw_%') },
  { what: 'a wildcard secret', headers: () => bearer(`${gateway.token.slice(0, 29)}%`) },
  { what: '__proto__', headers: () => bearer('__proto__') },
  { what: 'constructor', headers: () => ({ 'x-api-key': 'constructor' }) },
  { what: '12 KB', headers: () => bearer(`gw_${'A'.repeat(12_000)}`) },
  { what: 'odd bytes', headers: () => bearer('gw_\u00ff\u00fe\u0080') },
  { what: 'the stored hash', headers: () => bearer(sha256(gateway.token)) },
  { what: 'the key id', headers: () => bearer(gateway.keyId) },
  { what: "the provider's key", headers: () => ({ 'x-api-key': 'sk-ant-mock-provider-key' }) },
  { what: 'Basic', headers: () => ({ authorization: `Basic ${btoa(`gw:${gateway.token}`)}` }) },
  { what: 'a token without a scheme', headers: () => ({ authorization: gateway.token }) },
  { what: 'two headers that differ', headers: () => ({ ...bearer(gateway.token), 'x-api-key': other.token }) },
  { what: 'a good one beside a bad one', headers: () => ({ ...bearer(gateway.token), 'x-api-key': 'x' }) },
  { what: 'a list', headers: () => bearer(`${gateway.token}, Bearer ${gateway.token}`) },
  { what: 'a list in x-api-key', headers: () => ({ 'x-api-key': `${gateway.token},${gateway.token}` }) },
  { what: 'one in the query', headers: () => ({}), query: () => `?api_key=${gateway.token}&key=${gateway.token}` },
  { what: 'one in a cookie', headers: () => ({ cookie: `token=${gateway.token}; x-api-key=${gateway.token}` }) },
  { what: 'a JWT with alg none', headers: () => bearer(`${btoa('{"alg":"none"}')}.${btoa('{"sub":"admin"}')}.`) },
]

function flip(token: string, at: number): string {
  const characters = [...token]
  const index = at < 0 ? characters.length + at : at
  characters[index] = characters[index] === '7' ? '8' : '7'
  return characters.join('')
}

for (const door of doorCases) {
  describe(`${door.door} door`, () => {
    const ask = (headers: Credentials, query = '') =>
      fetch(gateway.url + door.path + query, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(goodBody(door.native)),
      })

    it.each(bad)('refuses $what', async ({ headers, query }) => {
      const error = await expectRefusal(gateway, door, invalidKey, () => ask(headers(), query?.()))
      const message = String(error['message'])
      for (const secret of [gateway.token, other.token, sha256(gateway.token)]) expect(message).not.toContain(secret)
    })

    it('says the same of every bad token', async () => {
      const messages = new Set<unknown>()
      for (const { what, headers } of bad.filter(({ headers }) => (headers()['authorization'] ?? '').startsWith('Bearer '))) {
        const response = await ask(headers())
        const body: unknown = await response.json()
        messages.add(JSON.stringify(body).replace(/req_\w+/, ''))
        expect(messages.size, what).toBe(1)
      }
    })

    it.each([
      ['authorization twice', (token: string) => `authorization: Bearer ${token}\r\nauthorization: Bearer ${token}`],
      ['x-api-key twice', (token: string) => `x-api-key: ${token}\r\nX-API-Key: ${token}`],
    ])('refuses %s', async (_what, lines) => {
      const body = JSON.stringify(goodBody(door.native))
      const before = gateway.provider.requests.length
      const { statuses, text } = await exchange(
        gateway.url,
        `POST ${door.path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${lines(gateway.token)}\r\n` +
          `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      )
      expect(statuses).toEqual([401])
      expect(text).not.toContain(gateway.token)
      expect(gateway.provider.requests.length).toBe(before)
      await expectHealthy(gateway, door)
    })

    it.each([
      ['in either header', () => ({ 'x-api-key': gateway.token })],
      ['in both when they are the same', () => ({ 'x-api-key': gateway.token, ...bearer(gateway.token) })],
      ['with the scheme in any case', () => ({ authorization: `bEARER ${gateway.token}` })],
      ['with blanks around', () => ({ authorization: `Bearer   ${gateway.token}  ` })],
    ])('takes a good one %s', async (_what, headers) => {
      const response = await ask(headers())
      expect(response.status, await response.text()).toBe(200)
    })

    it('says of a revoked key that it was revoked, from the next request on', async () => {
      const key = await gateway.issue({ name: 'to revoke' })
      expect((await ask(bearer(key.token))).status).toBe(200)
      await gateway.context.keys.revoke(key.keyId, byTest)
      const refusal = { status: 401, code: 'key_revoked', types: unauthenticated }
      const error = await expectRefusal(gateway, door, refusal, () => ask(bearer(key.token)))
      expect(error['key_id']).toBe(key.keyId)
      expect(String(error['revoked_at'])).toMatch(/^\d{4}-\d\d-\d\dT/)
    })
  })
}

it('keeps no token and no provider key in the store', async () => {
  const events = JSON.stringify(await gateway.events())
  const keys = JSON.stringify(await gateway.context.storage.db.selectFrom('gateway_keys').selectAll().execute())
  for (const secret of [gateway.token, other.token, 'sk-ant-mock-provider-key', 'sk-mock-provider-key']) {
    expect(events).not.toContain(secret)
    expect(keys).not.toContain(secret)
  }
})

it('stands a flood of 1,000 bad tokens: no disk, and a good key is served in the middle of it', async () => {
  const size = async () => {
    const sizes = await Promise.all(
      ['', '-wal'].map((suffix) =>
        stat(gateway.context.dbPath + suffix).then(
          (file) => file.size,
          () => 0,
        ),
      ),
    )
    return sizes.reduce((sum, bytes) => sum + bytes, 0)
  }
  const before = await size()
  const rowsBefore = (await gateway.events()).filter(({ type }) => type === 'gateway.auth_failed').length
  const served: number[] = []
  const askWithGoodKey = async () => {
    const response = await gateway.post('/v1/messages', goodBody('claude-haiku-4-5'))
    await response.text()
    served.push(response.status)
  }
  const flood = async (worker: number, isOver: (asked: number) => boolean) => {
    for (let asked = 0; !isOver(asked); asked++) {
      const response = await gateway.post('/v1/messages', '{}', { token: `gw_${worker}nonsense${asked}` })
      expect(response.status).toBe(401)
      await response.arrayBuffer()
      if (asked === 25) await askWithGoodKey()
    }
  }
  // The first ones do not end before every good call has been answered.
  await Promise.all(
    Array.from({ length: 20 }, (_unused, worker) =>
      flood(worker, (asked) => asked >= 50 && (worker >= 5 || served.length >= 20)),
    ),
  )
  expect(served).toEqual(Array.from({ length: 20 }, () => 200))
  // The good calls' own rows are in this figure.
  expect((await size()) - before).toBeLessThanOrEqual(4 * 1024 * 1024)
  const rows = (await gateway.events()).filter(({ type }) => type === 'gateway.auth_failed').length
  expect(rows - rowsBefore).toBeLessThanOrEqual(60)
})
