// Vertex AI's preset over sockets: a token endpoint that checks the assertion, and a provider behind it. Only hosts are others.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { exportPKCS8, generateKeyPair, jwtVerify, type CryptoKey } from 'jose'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createModelCatalog } from '../../src/catalog/model-catalog.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import { createRedactor } from '../../src/lib/redact.ts'
import { protocols } from '../../src/protocols/index.ts'
import { createDemoSend } from '../../src/providers/demo/send.ts'
import { createProviders } from '../../src/providers/index.ts'
import { presets } from '../../src/providers/presets.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { createWebSend } from '../../src/providers/web-send.ts'
import type { Send } from '../../src/services.ts'
import { fakeClock, type FakeClock } from '../support/fake-clock.ts'
import { parseObject } from '../support/json.ts'
import { startMockProvider, type MockProvider } from '../support/mock-provider.ts'

const email = 'gateway@acme.iam.gserviceaccount.com'
let upstream: MockProvider
let tokens: Server
let tokenUrl: string
let keys: { readonly publicKey: CryptoKey; readonly privateKey: CryptoKey }
let account: string
/** What the token endpoint is sent, and what it answers: a status, or seconds that the token lasts. */
let assertions: string[] = []
let answer: { readonly status: number; readonly body?: string; readonly expiresIn?: number }

beforeAll(async () => {
  upstream = await startMockProvider()
  keys = await generateKeyPair('RS256', { extractable: true })
  tokens = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const form = new URLSearchParams(Buffer.concat(chunks).toString())
      expect(form.get('grant_type')).toBe('urn:ietf:params:oauth:grant-type:jwt-bearer')
      assertions.push(form.get('assertion') ?? '')
      const token = {
        access_token: `ya29.token-${assertions.length}`,
        token_type: 'Bearer',
        expires_in: answer.expiresIn ?? 3599,
      }
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body ?? JSON.stringify(token))
    })
  })
  tokens.listen(0, '127.0.0.1')
  await once(tokens, 'listening')
  const address = tokens.address()
  tokenUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/token`
  const key = {
    type: 'service_account',
    client_email: email,
    token_uri: tokenUrl,
    private_key: await exportPKCS8(keys.privateKey),
  }
  account = JSON.stringify(key)
})
afterAll(async () => {
  tokens.close()
  await upstream.stop()
})
beforeEach(() => {
  assertions = []
  answer = { status: 200 }
})

interface Vertex {
  readonly clock: FakeClock
  ask(name: string, more?: object, door?: 'anthropic' | 'openai', beta?: string): Promise<{ url: string; authorization: string }>
  readonly provider: Provider
}

function open(env: Record<string, string> = {}): Vertex {
  const config = resolveConfig({
    file: null,
    env: { GOOGLE_APPLICATION_CREDENTIALS: account, GOOGLE_CLOUD_PROJECT: 'acme', ...env },
    presets,
  })
  const clock = fakeClock({ auto: true })
  const web = createWebSend(fetch, () => 'connect')
  let url = ''
  const send: Send = (request, signal) => {
    if (request.url === tokenUrl) return web(request, signal)
    url = request.url
    const path = /rawPredict$/i.test(url) ? '/v1/messages' : '/v1/chat/completions'
    return web({ ...request, url: upstream.url + path }, signal)
  }
  const models = createModelCatalog(config)
  const provider = createProviders(config, { send, demoSend: createDemoSend(clock), models, clock }).get('vertex')
  if (provider === undefined) throw new Error('vertex is not there')
  return {
    clock,
    provider,
    async ask(name, more = {}, door = 'anthropic', beta) {
      const headers = new Headers(beta === undefined ? {} : { 'anthropic-beta': beta })
      const body = { model: `vertex:${name}`, max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }], ...more }
      const request = protocols[door].server.decodeRequest(new TextEncoder().encode(JSON.stringify(body)), headers)
      const { chunks } = await provider.send(request, { provider: 'vertex', name }, AbortSignal.timeout(5000))
      let ended = false
      for await (const chunk of chunks) ended ||= chunk.meter.ended
      expect(ended).toBe(true)
      return { url, authorization: upstream.at(-1).headers['authorization'] ?? '' }
    },
  }
}

describe('Vertex AI', () => {
  const global = 'https://aiplatform.googleapis.com/v1/projects/acme/locations/global'
  const belgium = 'https://europe-west1-aiplatform.googleapis.com/v1/projects/acme/locations/europe-west1'

  it('shows Google an assertion of the service account, and the provider the token it got', async () => {
    const vertex = open()
    expect(await vertex.ask('google/gemini-3.5-flash')).toEqual({
      url: `${global}/endpoints/openapi/chat/completions`,
      authorization: 'Bearer ya29.token-1',
    })
    const currentDate = new Date(vertex.clock.nowUs() / 1000)
    const { payload } = await jwtVerify(assertions[0] ?? '', keys.publicKey, { issuer: email, audience: tokenUrl, currentDate })
    const nowS = Math.floor(vertex.clock.nowUs() / 1_000_000)
    expect(payload).toMatchObject({ scope: 'https://www.googleapis.com/auth/cloud-platform', iat: nowS, exp: nowS + 3600 })
    expect(upstream.at(-1).json).toMatchObject({ model: 'google/gemini-3.5-flash', max_tokens: 9 })
    expect(JSON.stringify(upstream.at(-1))).not.toContain('PRIVATE KEY')
  })

  it.each([
    ['anthropic', false, 'rawPredict'],
    ['anthropic', true, 'streamRawPredict'],
    ['openai', false, 'rawPredict'],
    ['openai', true, 'streamRawPredict'],
  ] as const)(
    'asks Claude in the path, from the %s door (stream: %s), with the version in the body',
    async (door, stream, verb) => {
      const model = 'claude-opus-4-8'
      const { url, authorization } = await open({ GOOGLE_CLOUD_LOCATION: 'europe-west1' }).ask(model, { stream }, door)
      expect([url, authorization]).toEqual([`${belgium}/publishers/anthropic/models/${model}:${verb}`, 'Bearer ya29.token-1'])
      const { json, headers } = upstream.at(-1)
      expect(json).toMatchObject({ anthropic_version: 'vertex-2023-10-16', max_tokens: 9 })
      expect(json).not.toHaveProperty('model')
      expect(headers).not.toHaveProperty('anthropic-version')
    },
  )

  it('keeps Claude Code’s bytes but for the model', async () => {
    const { url } = await open().ask('claude-sonnet-4-5@20250929', { extra: { kept: 1.5 } })
    expect(url).toBe(`${global}/publishers/anthropic/models/claude-sonnet-4-5@20250929:rawPredict`)
    expect(upstream.at(-1).text).toBe(
      '{"anthropic_version":"vertex-2023-10-16","max_tokens":9,"messages":[{"role":"user","content":"Hi"}],"extra":{"kept":1.5}}',
    )
  })

  it.each([
    ['claude-/../x?y#z', 'claude-%2F..%2Fx%3Fy%23z:rawPredict'],
    ['claude-x:rawPredict', 'claude-x%3ArawPredict:rawPredict'],
    ['claude-%2e%2e%2f', 'claude-%252e%252e%252f:rawPredict'],
  ])('is asked for %s in one segment of the path', async (name, segment) => {
    expect((await open().ask(name)).url).toBe(`${global}/publishers/anthropic/models/${segment}`)
  })

  it('is not asked for what no URL can hold', async () => {
    await expect(open().ask('claude-\ud800')).rejects.toMatchObject({ code: 'invalid_value' })
    expect(assertions).toEqual([])
  })

  it.each(['us', 'eu'])('has a host of its own for the regions of %s', async (location) => {
    const host = `aiplatform.${location}.rep.googleapis.com`
    const { url } = await open({ GOOGLE_CLOUD_LOCATION: location }).ask('google/gemini-3.5-flash')
    expect(url).toBe(`https://${host}/v1/projects/acme/locations/${location}/endpoints/openapi/chat/completions`)
    const file = { providers: { other: { wire: 'openai', base_url: `https://${host}/v1`, api_key: 'k' } } }
    expect(resolveConfig({ file, env: {}, presets }).providers).toMatchObject([{ vendor: 'vertex' }])
  })

  it('is not told of betas it would refuse', async () => {
    await open().ask('claude-opus-4-8', {}, 'anthropic', 'claude-code-20250219,context-management-2025-06-27')
    expect(upstream.at(-1).headers['anthropic-beta']).toBe('context-management-2025-06-27')
    await open().ask('claude-opus-4-8', {}, 'anthropic', 'prompt-caching-scope-2026-01-05')
    expect(upstream.at(-1).headers).not.toHaveProperty('anthropic-beta')
  })

  it('counts tokens by estimate', async () => {
    const request = protocols.anthropic.server.decodeRequest(new TextEncoder().encode('{"messages":[]}'), new Headers())
    const model = { provider: 'vertex', name: 'claude-opus-4-8' }
    expect(await open().provider.countTokens(request, model, AbortSignal.timeout(5000))).toBeNull()
  })
})

describe('the access token', () => {
  const model = 'google/gemini-2.5-flash'
  const minutes = (count: number) => count * 60_000

  it('is kept, renewed by one request before it ends, and asked for anew after', async () => {
    const { ask, clock } = open()
    for (const [advance, authorization] of [
      [0, 'Bearer ya29.token-1'],
      [minutes(50), 'Bearer ya29.token-1'],
      // Within its last five minutes.
      [minutes(6), 'Bearer ya29.token-2'],
      [minutes(30), 'Bearer ya29.token-2'],
      [minutes(60), 'Bearer ya29.token-3'],
    ] as const) {
      await clock.advance(advance)
      expect((await ask(model)).authorization).toBe(authorization)
    }
    expect(assertions).toHaveLength(3)
  })

  it('that is about to end is renewed by one of many, whose failure the others do not feel', async () => {
    const { ask, clock } = open()
    await ask(model)
    await clock.advance(minutes(56))
    answer = { status: 503, body: 'away' }
    const asked = await Promise.all([ask(model), ask(model), ask(model)])
    expect(asked.map(({ authorization }) => authorization)).toEqual(Array.from({ length: 3 }, () => 'Bearer ya29.token-1'))
    expect(assertions).toHaveLength(2)
    await clock.advance(31_000)
    answer = { status: 200 }
    expect((await ask(model)).authorization).toBe('Bearer ya29.token-3')
  })

  it('ends while the machine sleeps, too', async () => {
    const { ask, clock } = open()
    await ask(model)
    clock.setWallUs(clock.nowUs() + minutes(120) * 1000)
    expect((await ask(model)).authorization).toBe('Bearer ya29.token-2')
  })

  it('that the provider refuses is not shown again', async () => {
    const { ask } = open()
    await ask(model)
    upstream.script({ status: 401 })
    await expect(ask(model)).rejects.toMatchObject({ code: 'provider_auth_failed' })
    expect((await ask(model)).authorization).toBe('Bearer ya29.token-2')
  })

  it.each([
    [
      { status: 400, body: '{"error":"invalid_grant","error_description":"Invalid JWT Signature."}' },
      'provider_auth_failed',
      'invalid_grant',
    ],
    [{ status: 401, body: '{"error":"<script>"}' }, 'provider_auth_failed', 'HTTP 401'],
    [{ status: 503, body: '' }, 'upstream_error', 'HTTP 503'],
    [{ status: 200, body: '{"error":"none"}' }, 'upstream_bad_response', 'no access token'],
    [{ status: 200, body: '<html>' }, 'upstream_bad_response', 'no access token'],
    [{ status: 302, body: '' }, 'provider_auth_failed', 'HTTP 302'],
  ])('that Google does not give (%j) is an error of the gateway’s, without a secret', async (refusal, code, words) => {
    answer = refusal
    const failed: unknown = await open()
      .ask(model)
      .catch((error: unknown) => error)
    expect(failed).toMatchObject({ code, message: expect.stringContaining(words) })
    expect(String(failed)).not.toMatch(/PRIVATE|script|Signature/)
    expect(upstream.requests.every(({ text }) => !text.includes('assertion'))).toBe(true)
  })

  it('is not even asked for with a key that cannot be read', async () => {
    const key = { ...parseObject(account), private_key: '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n' }
    const failed = open({ GOOGLE_APPLICATION_CREDENTIALS: JSON.stringify(key) }).ask(model)
    await expect(failed).rejects.toMatchObject({
      code: 'provider_auth_failed',
      message: expect.stringContaining('cannot be read'),
    })
    expect(assertions).toEqual([])
  })

  it('and the account’s key are redacted in every form', () => {
    const redact = createRedactor([])
    expect(redact('Bearer: ya29.a0AfB_byC-1234567890')).not.toContain('a0AfB')
    expect(redact(`key ${account} end`)).not.toMatch(/MII/)
    expect(redact(String(parseObject(account)['private_key']))).toBe('[redacted]')
  })
})

describe('what Vertex AI needs', () => {
  const resolved = (env: Record<string, string>, file: unknown = null) => resolveConfig({ file, env, presets }).providers

  it('is a service account and a project; either alone is often there for other programs', () => {
    expect(resolved({ GOOGLE_APPLICATION_CREDENTIALS: account })).toEqual([])
    expect(resolved({ GOOGLE_CLOUD_PROJECT: 'acme', GOOGLE_CLOUD_LOCATION: 'global' })).toEqual([])
    expect(resolved({ GOOGLE_APPLICATION_CREDENTIALS: account, GOOGLE_CLOUD_PROJECT: 'acme' })).toMatchObject([
      { name: 'vertex' },
    ])
  })

  it.each(['/no/such/file.json', '{"type":"authorized_user"}', '{'])('is not %s', (text) => {
    const env = { GOOGLE_APPLICATION_CREDENTIALS: text, GOOGLE_CLOUD_PROJECT: 'acme' }
    expect(resolveConfig({ file: null, env, presets })).toMatchObject({
      providers: [],
      warnings: [{ message: 'vertex is left out: what GOOGLE_APPLICATION_CREDENTIALS names is no service account' }],
    })
    const own = { METIS_GOOGLE_APPLICATION_CREDENTIALS: text, GOOGLE_CLOUD_PROJECT: 'acme' }
    expect(() => resolved(own)).toThrow(/METIS_GOOGLE_APPLICATION_CREDENTIALS: must be the JSON key of a service account/)
  })

  it('may be written in the file, for a second project too', () => {
    const base_url = 'https://aiplatform.googleapis.com/v1/projects/other/locations/global/endpoints/openapi'
    const other = { wire: 'openai', base_url, auth: 'google', api_key: '${ACCOUNT}' }
    expect(resolved({ ACCOUNT: account }, { providers: { other } })).toMatchObject([
      { name: 'other', vendor: 'vertex', auth: 'google', geminiDialect: true },
    ])
    const vertex = { api_key: 'no account' }
    expect(() => resolved({ GOOGLE_CLOUD_PROJECT: 'p' }, { providers: { vertex } })).toThrow(
      /providers\.vertex\.api_key: must be/,
    )
    expect(() => resolved({ A: account }, { providers: { vertex: { api_keys: ['${A}', '${A}'] } } })).toThrow(
      /api_keys: is not for/,
    )
    expect(() => resolved({ A: account }, { providers: { vertex: { api_key: '${A}' } } })).toThrow(
      /base_url: .*GOOGLE_CLOUD_PROJECT/,
    )
  })

  it.each(['bearer', 'x-api-key'])('is never shown itself, as the key of %s', (auth) => {
    const base_url = 'https://proxy.example.com/v1'
    const env = { GOOGLE_APPLICATION_CREDENTIALS: account, A: account }
    const fault = /auth: must be google: the key is a service account/
    expect(() => resolved(env, { providers: { vertex: { auth, base_url } } })).toThrow(fault)
    const other = { wire: 'openai', auth, base_url, api_keys: ['k', '${A}'] }
    expect(() => resolved(env, { providers: { other } })).toThrow(fault)
  })

  it('is nowhere else than where the account says, and never by plain http', () => {
    const away = JSON.stringify({ ...parseObject(account), token_uri: 'http://tokens.example.com/token' })
    const env = { METIS_GOOGLE_APPLICATION_CREDENTIALS: away, GOOGLE_CLOUD_PROJECT: 'acme' }
    expect(() => resolved(env)).toThrow(/must be the JSON key/)
  })
})
