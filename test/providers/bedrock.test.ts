// Bedrock's preset: three addresses under one name, told apart by the model. Over a socket: only the host is another.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createModelCatalog } from '../../src/catalog/model-catalog.ts'
import { createPriceCatalog } from '../../src/catalog/price-catalog.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import { noUsage } from '../../src/ir/usage.ts'
import { protocols } from '../../src/protocols/index.ts'
import { createDemoSend } from '../../src/providers/demo/send.ts'
import { createProviders } from '../../src/providers/index.ts'
import { presets } from '../../src/providers/presets.ts'
import { createWebSend } from '../../src/providers/web-send.ts'
import type { Send } from '../../src/services.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { startMockProvider, type MockProvider } from '../support/mock-provider.ts'

const env = { AWS_BEARER_TOKEN_BEDROCK: 'ABSKmock', AWS_REGION: 'eu-west-1' }
const config = resolveConfig({ file: null, env, presets })

let upstream: MockProvider
const asked: string[] = []
beforeAll(async () => {
  upstream = await startMockProvider()
})
afterAll(() => upstream.stop())

const bytes = (body: unknown) => new TextEncoder().encode(JSON.stringify(body))

async function ask(door: 'anthropic' | 'openai', name: string, headers: Record<string, string> = {}) {
  const clock = fakeClock({ auto: true })
  const web = createWebSend(fetch, () => 'connect')
  const send: Send = (request, signal) => {
    asked.push(request.url)
    return web({ ...request, url: request.url.replace(/^https:\/\/[^/]+(\/anthropic|\/openai)/, upstream.url) }, signal)
  }
  const models = createModelCatalog(config)
  const provider = createProviders(config, { send, demoSend: createDemoSend(clock), models, clock }).get('bedrock')
  const body = { model: `bedrock:${name}`, max_tokens: 9, messages: [{ role: 'user', content: 'Hi' }] }
  const request = protocols[door].server.decodeRequest(bytes(body), new Headers(headers))
  const answer = await provider?.send(request, { provider: 'bedrock', name }, AbortSignal.timeout(5000))
  for await (const chunk of answer?.chunks ?? []) expect(chunk.meter.ended).toBe(true)
  return { url: asked.at(-1), sent: upstream.at(-1), warnings: answer?.warnings ?? [] }
}

describe('Bedrock', () => {
  const runtime = 'https://bedrock-runtime.eu-west-1.amazonaws.com'

  it.each([
    ['anthropic.claude-opus-5', 'https://bedrock-mantle.eu-west-1.api.aws/anthropic/v1/messages'],
    ['us.anthropic.claude-opus-5', `${runtime}/anthropic/v1/messages`],
    ['global.anthropic.claude-opus-5-5', `${runtime}/anthropic/v1/messages`],
    ['us-gov.anthropic.claude-sonnet-4-5-20250929-v1:0', `${runtime}/anthropic/v1/messages`],
    ['openai.gpt-oss-120b-1:0', `${runtime}/openai/v1/chat/completions`],
    ['qwen.qwen3-32b-v1:0', `${runtime}/openai/v1/chat/completions`],
  ])('%s is at %s, for clients of either wire', async (name, url) => {
    for (const door of ['anthropic', 'openai'] as const) {
      const { url: called, sent } = await ask(door, name)
      const isClaude = url.endsWith('/messages')
      expect([called, sent.json['model']]).toEqual([url, name])
      expect(sent.headers).toMatchObject(
        isClaude ? { 'x-api-key': 'ABSKmock', 'anthropic-version': '2023-06-01' } : { authorization: 'Bearer ABSKmock' },
      )
      expect(sent.headers[isClaude ? 'authorization' : 'x-api-key']).toBeUndefined()
    }
  })

  it.each([
    ['anthropic.claude-opus-4-8', 'claude-opus-4-8', 'anthropic'],
    ['us.anthropic.claude-sonnet-4-5-20250929-v1:0', 'claude-sonnet-4-5', 'anthropic'],
    ['openai.gpt-oss-120b-1:0', 'gpt-oss-120b', 'openai'],
    ['qwen.qwen3-32b-v1:0', 'qwen3-32b', 'openai'],
  ])('%s can what %s can', (name, plain, vendor) => {
    const models = createModelCatalog(config)
    const own = createModelCatalog(resolveConfig({ file: { providers: { [vendor]: { api_key: 'k' } } }, env: {}, presets }))
    expect(models.capabilitiesOf({ provider: 'bedrock', name })).toEqual(own.capabilitiesOf({ provider: vendor, name: plain }))
  })

  it('is not told of betas it would refuse', async () => {
    const asked = 'claude-code-20250219,oauth-2025-04-20, advanced-tool-use-2025-11-20,fast-mode-2026-02-01,<odd>'
    const { sent, warnings } = await ask('anthropic', 'us.anthropic.claude-opus-5', { 'anthropic-beta': asked })
    expect(sent.headers['anthropic-beta']).toBe('claude-code-20250219,tool-search-tool-2025-10-19')
    expect(warnings).toEqual([
      { field: 'anthropic-beta', action: 'dropped', reason: 'this provider does not take oauth-2025-04-20 fast-mode-2026-02-01' },
    ])
    const plain = await ask('anthropic', 'anthropic.claude-opus-5', { 'anthropic-beta': 'effort-2025-11-24' })
    expect([plain.sent.headers['anthropic-beta'], plain.warnings]).toEqual(['effort-2025-11-24', []])
  })

  it('is paid as it was asked for: the answer leaves the prefix out', async () => {
    const prices = createPriceCatalog(config)
    await prices.ready()
    const price = (name: string, answered?: string) =>
      prices.priceOf('bedrock', name, { ...noUsage, inputUncached: 1 }, Date.parse('2026-11-25') * 1000, answered)?.input
    expect(price('global.anthropic.claude-opus-5-5', 'claude-opus-5-5')).toBe(price('global.anthropic.claude-opus-5-5'))
    expect(price('us.anthropic.claude-opus-5-5', 'claude-opus-5-5')).toBeGreaterThan(
      price('global.anthropic.claude-opus-5-5') ?? Infinity,
    )
    expect(price('anthropic.claude-haiku-4-5')).toBe(price('us.anthropic.claude-haiku-4-5-20251001-v1:0'))
    expect(price('us.anthropic.claude-sonnet-5-7')).toBeUndefined()
  })

  it('needs a region, and a region alone is nothing', () => {
    const resolved = (from: Record<string, string>) => resolveConfig({ file: null, env: from, presets }).providers
    expect(resolved({ AWS_REGION: 'eu-west-1' })).toEqual([])
    expect(resolved({ AWS_BEARER_TOKEN_BEDROCK: 'k' })).toEqual([])
    expect(resolved({ AWS_BEARER_TOKEN_BEDROCK: 'k', AWS_DEFAULT_REGION: 'us-east-1' })).toMatchObject([
      { baseUrl: 'https://bedrock-runtime.us-east-1.amazonaws.com/openai/v1' },
    ])
  })

  it('is shown no key where the file says that none goes there', () => {
    const file = { providers: { bedrock: { auth: 'none', headers: { a: 'b' } } } }
    const [provider] = resolveConfig({ file, env, presets }).providers
    expect([provider?.auth, ...(provider?.branches ?? []).map(({ auth }) => auth)]).toEqual(['none', 'none', 'none'])
  })

  it('is at one address where the file names one', () => {
    const file = { providers: { bedrock: { base_url: 'https://bedrock.example.com/openai/v1', api_key: 'k' } } }
    const [provider] = resolveConfig({ file, env, presets }).providers
    expect([provider?.baseUrl, provider?.branches]).toEqual(['https://bedrock.example.com/openai/v1', undefined])
  })
})
