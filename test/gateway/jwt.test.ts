// Bearer tokens of an OIDC issuer (reliability.md §5): whose they are, what they may, and all the ways of forging one.
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { byTest } from '../support/author.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { objectOf, parseObject } from '../support/json.ts'

type KeyPair = Awaited<ReturnType<typeof generateKeyPair>>

let gateway: TestGateway
let server: Server
let issuer = ''
let asked: string[] = []
let published: readonly object[] = []
const pairs = new Map<string, KeyPair>()
const pairOf = (name: string): KeyPair => {
  const pair = pairs.get(name)
  if (pair === undefined) throw new Error(`there is no key ${name}`)
  return pair
}
const audience = 'metis-gateway'

beforeAll(async () => {
  const algorithms = { RS256: 'RS256', ES256: 'ES256', EdDSA: 'EdDSA', PS256: 'PS256', stranger: 'RS256' }
  for (const [name, algorithm] of Object.entries(algorithms))
    pairs.set(name, await generateKeyPair(algorithm, { extractable: true }))
  const jwkOf = async (name: string) => ({ ...(await exportJWK(pairOf(name).publicKey)), kid: name, use: 'sig' })
  published = await Promise.all(['RS256', 'ES256', 'EdDSA', 'PS256'].map(jwkOf))
  server = createServer((request, response) => {
    asked.push(request.url ?? '')
    const body = request.url === '/keys' ? { keys: published } : { issuer, jwks_uri: `${issuer}/keys` }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  issuer = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
  gateway = await startTestGateway({
    config: {
      limits: { max_retries: 0 },
      issuers: {
        corp: { issuer, audience, user_claim: 'email', team_claim: 'groups', workspace: '/srv/corp', allow_models: ['claude-*'] },
        away: { issuer: 'http://127.0.0.1:9/away', audience, jwks_url: 'http://127.0.0.1:9/keys' },
        strict: {
          issuer: `${issuer}/strict`,
          audience: ['other', audience],
          jwks_url: `${issuer}/keys`,
          known_users_only: true,
          rpm: 2,
        },
      },
    },
  })
})
afterAll(async () => {
  await gateway.stop()
  server.close()
})

interface Made {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
  readonly key?: string
  /** Seconds from now. */
  readonly exp?: number | null
  readonly nbf?: number
}

const nowS = (): number => Math.floor(Date.now() / 1000)

async function tokenOf({ claims = {}, header = {}, key = 'RS256', exp = 300, nbf }: Made = {}): Promise<string> {
  const payload = { iss: issuer, aud: audience, email: 'ada@corp.example', groups: ['eng', 'all'], ...claims }
  const alg = key === 'stranger' ? 'RS256' : key
  const made = new SignJWT(payload).setProtectedHeader({ kid: key, ...header, alg })
  if (exp !== null) made.setExpirationTime(nowS() + exp)
  if (nbf !== undefined) made.setNotBefore(nowS() + nbf)
  return await made.sign(pairOf(key).privateKey, { crit: { 'x-new': true } })
}

async function ask(token: string, changes: Record<string, unknown> = {}) {
  const body = { model: 'claude-haiku-4-5', max_tokens: 16, messages: [{ role: 'user', content: 'hi' }], ...changes }
  const response = await gateway.post('/v1/messages', body, { token })
  const { status } = response
  return {
    status,
    error: objectOf(parseObject(await response.text())['error'] ?? {}),
    turnId: response.headers.get('x-metis-turn-id'),
  }
}

const base64url = (value: object | string): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

describe('a token of a configured issuer', () => {
  it.each(['RS256', 'ES256', 'EdDSA'])('signed with %s opens the gateway, for its user and its first group', async (key) => {
    const { status, turnId } = await ask(await tokenOf({ key }))
    expect(status).toBe(200)
    const events = (await gateway.events()).filter((event) => event.turnId === turnId)
    expect(events[1]?.payload).toMatchObject({
      gateway_key_id: 'jwt:corp',
      user_id: 'ada@corp.example',
      team_id: 'eng',
      workspace: '/srv/corp',
    })
  })

  it('has its keys found through the issuer’s own document, and read once', async () => {
    asked = []
    expect((await ask(await tokenOf())).status).toBe(200)
    expect(asked.filter((path) => path !== '/keys')).toEqual([])
    expect(asked.length).toBeLessThanOrEqual(1)
  })

  it('may be a minute late or early, as clocks are', async () => {
    expect((await ask(await tokenOf({ exp: -50 }))).status).toBe(200)
    expect((await ask(await tokenOf({ nbf: 50 }))).status).toBe(200)
  })

  it('is held to the models of its issuer, and to the caps of its user and team', async () => {
    expect((await ask(await tokenOf(), { model: 'openai:gpt-4o-mini' })).status).toBe(403)
    await gateway.context.identities.createUser({ id: 'eve@corp.example', budgetNanoUsd: 1 }, byTest)
    const capped = await ask(await tokenOf({ claims: { email: 'eve@corp.example' } }))
    expect(capped).toMatchObject({ status: 429, error: { code: 'quota_exceeded', identity: 'user:eve@corp.example' } })
    await gateway.context.identities.createTeam({ id: 'broke', dailyCapNanoUsd: 1 }, byTest)
    const team = await ask(await tokenOf({ claims: { groups: 'broke' } }))
    expect(team).toMatchObject({ status: 429, error: { identity: 'team:broke', scope: 'daily' } })
  })

  it('is counted in the status line of its user, of a key of the same user too', async () => {
    const claims = { email: 'lin@corp.example' }
    const key = await gateway.issue({ userId: claims.email })
    expect((await ask(await tokenOf({ claims }))).status).toBe(200)
    for (const token of [await tokenOf({ claims }), key.token])
      expect(await (await gateway.post('/statusline', {}, { token })).text()).toMatch(/today \$0\.0*[1-9]/)
  })

  it('counts for the team that its user was made in, when it names none', async () => {
    await gateway.context.identities.createUser({ id: 'kim@corp.example', teamId: 'broke' }, byTest)
    const { error } = await ask(await tokenOf({ claims: { email: 'kim@corp.example', groups: undefined } }))
    expect(error).toMatchObject({ identity: 'team:broke' })
  })

  it('is refused at once when its user or team is disabled', async () => {
    await gateway.context.identities.createUser({ id: 'bob@corp.example' }, byTest)
    const token = await tokenOf({ claims: { email: 'bob@corp.example' } })
    expect((await ask(token)).status).toBe(200)
    await gateway.context.identities.setDisabled('user', 'bob@corp.example', true, byTest)
    expect(await ask(token)).toMatchObject({ status: 401, error: { code: 'key_revoked', user_id: 'bob@corp.example' } })
  })

  it('says when it has expired, for its signature was good', async () => {
    const { status, error } = await ask(await tokenOf({ exp: -90 }))
    expect([status, error['code'], error['expired_at']]).toEqual([401, 'key_expired', expect.stringMatching(/^20/)])
  })

  it('of an issuer that wants known users needs one, and has that issuer’s rates a user', async () => {
    const claims = { iss: `${issuer}/strict`, sub: 'lin' }
    expect(await ask(await tokenOf({ claims }))).toMatchObject({ status: 401, error: { code: 'invalid_api_key' } })
    await gateway.context.identities.createUser({ id: 'lin' }, byTest)
    const statuses: number[] = []
    for (let calls = 0; calls < 3; calls++) statuses.push((await ask(await tokenOf({ claims }))).status)
    expect(statuses).toEqual([200, 200, 429])
  })

  it('whose issuer cannot be reached is not called bad', async () => {
    const { status, error } = await ask(await tokenOf({ claims: { iss: 'http://127.0.0.1:9/away', sub: 'x' } }))
    expect([status, error['code']]).toEqual([502, 'upstream_unreachable'])
  })
})

describe('a token that is not what it says is refused with one answer', () => {
  const claims = () => ({ iss: issuer, aud: audience, email: 'ada@corp.example', exp: nowS() + 300 })
  const hmac = async (secret: string): Promise<string> => {
    const signed = `${base64url({ alg: 'HS256', kid: 'RS256' })}.${base64url(claims())}`
    return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
  }
  const cases: readonly (readonly [what: string, token: () => Promise<string>])[] = [
    ['alg none', async () => `${base64url({ alg: 'none' })}.${base64url(claims())}.`],
    ['alg None', async () => `${base64url({ alg: 'None', kid: 'RS256' })}.${base64url(claims())}.${base64url('x')}`],
    ['HS256 with the public key as its secret', async () => hmac(await exportSPKI(pairOf('RS256').publicKey))],
    ['HS256 with nothing as its secret', () => hmac('')],
    ['PS256, which nobody allowed', () => tokenOf({ key: 'PS256' })],
    ['a jku', () => tokenOf({ header: { jku: `${issuer}/keys` } })],
    ['an x5u', () => tokenOf({ header: { x5u: `${issuer}/keys` } })],
    [
      'a key of its own in its head',
      async () => tokenOf({ key: 'stranger', header: { jwk: await exportJWK(pairOf('stranger').publicKey) } }),
    ],
    ['a key that the issuer does not have', () => tokenOf({ key: 'stranger' })],
    ["another's signature under a key of the issuer", () => tokenOf({ key: 'stranger', header: { kid: 'RS256' } })],
    ['another issuer', () => tokenOf({ claims: { iss: 'https://evil.example' } })],
    ['no issuer', () => tokenOf({ claims: { iss: undefined } })],
    ['another audience', () => tokenOf({ claims: { aud: 'another' } })],
    ['no audience', () => tokenOf({ claims: { aud: undefined } })],
    ['no end', () => tokenOf({ exp: null })],
    ['a beginning beyond the tolerance', () => tokenOf({ nbf: 90 })],
    ['a critical header that nobody knows', () => tokenOf({ header: { crit: ['x-new'], 'x-new': true } })],
    [
      'claims that were changed',
      async () => (await tokenOf()).replace(/\.[^.]+\./, `.${base64url({ ...claims(), email: 'root' })}.`),
    ],
    ['no user', () => tokenOf({ claims: { email: undefined } })],
    ['a user that is no text', () => tokenOf({ claims: { email: ['ada'] } })],
    ['a user that no query could filter by', () => tokenOf({ claims: { email: "x'; drop table users" } })],
    ['three parts of nothing', async () => 'a.b.c'],
  ]

  it.each(cases)('%s', async (_, make) => {
    const before = gateway.provider.requests.length
    const token = await make()
    const { status, error } = await ask(token)
    expect([status, error['code']]).toEqual([401, 'invalid_api_key'])
    expect(JSON.stringify(error)).not.toContain(token)
    expect(gateway.provider.requests).toHaveLength(before)
  })

  it('and leaves nothing of itself in the trace but eight digits of its hash', async () => {
    const token = await tokenOf({ key: 'stranger' })
    await ask(token)
    const failures = (await gateway.events()).filter(({ type }) => type === 'gateway.auth_failed')
    expect(failures.length).toBeGreaterThan(0)
    expect(JSON.stringify(failures)).not.toContain(token.split('.')[2])
  })
})
