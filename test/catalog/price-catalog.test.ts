import { readFileSync } from 'node:fs'
import { calcPrice, findProvider } from '@pydantic/genai-prices'
import * as fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createPriceCatalog, loadPrices, priceListVersion } from '../../src/catalog/price-catalog.ts'
import { costOf, type Price } from '../../src/catalog/prices.ts'
import { noUsage, type Usage } from '../../src/ir/usage.ts'
import { configWith, everyPreset } from './config.ts'

const nowUs = Date.parse('2026-11-23T12:00:00Z') * 1000
const some: Usage = { ...noUsage, inputUncached: 10, output: 5 }

describe('the price list', () => {
  it('is the installed version', () => {
    const file = readFileSync(new URL('../../node_modules/@pydantic/genai-prices/package.json', import.meta.url), 'utf8')
    expect(priceListVersion).toBe(`genai-prices@${z.object({ version: z.string() }).parse(JSON.parse(file)).version}`)
  })

  it('is loaded once, when first asked for', async () => {
    let loads = 0
    const prices = createPriceCatalog(configWith(['openai']), () => {
      loads += 1
      return loadPrices()
    })
    expect(loads).toBe(0)
    await Promise.all([prices.ready(), prices.ready()])
    expect(loads).toBe(1)
  })

  it('refuses to answer before it is loaded, rather than to call everything unpriced', () => {
    expect(() => createPriceCatalog(configWith(['openai'])).priceOf('openai', 'gpt-5-mini', some, nowUs)).toThrow(/ready\(\)/)
  })

  it('is tried again after a load that failed', async () => {
    let loads = 0
    const prices = createPriceCatalog(configWith(['openai']), () => {
      loads += 1
      return loads === 1 ? Promise.reject(new Error('no such chunk')) : loadPrices()
    })
    await expect(prices.ready()).rejects.toThrow('no such chunk')
    await prices.ready()
    expect(prices.priceOf('openai', 'gpt-5-mini', some, nowUs)).not.toBeNull()
  })
})

describe('what nobody has a price for', () => {
  const prices = createPriceCatalog(
    configWith(everyPreset, { providers: { gpu: { wire: 'openai', base_url: 'http://gpu:8000/v1' } } }),
  )
  beforeAll(() => prices.ready())

  it.each([
    ['a local model', 'ollama', 'qwen3:8b', {}],
    ['a vendor’s model on a server of one’s own', 'gpu', 'gpt-5-mini', {}],
    ['a model of another vendor', 'anthropic', 'gpt-5-mini', {}],
    ['a model that is not out', 'openai', 'gpt-7', {}],
    ['the next minor version', 'anthropic', 'claude-haiku-4-6', {}],
    ['the version after the prefix', 'anthropic', 'claude-sonnet-5-7', {}],
    ['a version of two digits', 'anthropic', 'claude-opus-4-10', {}],
    ['another size after the prefix', 'anthropic', 'claude-haiku-4-5-mini', {}],
    ['something priced by the hour', 'openai', 'whisper-1', {}],
    ['a row that says nothing', 'cerebras', 'qwen-3-coder-480b', {}],
    ['a tier that nobody told us of', 'openai', 'gpt-5', { serviceTier: 'turbo' }],
    ['a priority that has no list price', 'openai', 'gpt-5-nano', { serviceTier: 'priority' }],
    ['a speed that has no list price', 'anthropic', 'claude-haiku-4-5', { speed: 'fast' }],
    ['a place that has no list price', 'anthropic', 'claude-opus-5', { inferenceGeo: 'moon' }],
    ['a name that every object has', 'anthropic', 'constructor', {}],
    ['a provider that is not configured', 'constructor', 'gpt-5-mini', {}],
  ])('is unpriced, never 0: %s', (_, provider, model, extra) => {
    expect(prices.priceOf(provider, model, { ...some, ...extra }, nowUs)).toBeNull()
  })

  it('is not what is free and says so', () => {
    const price = prices.priceOf('openrouter', 'x-ai/grok-4.1-fast:free', some, nowUs)
    expect(price === null ? null : costOf(some, price)).toBe(0)
  })
})

describe('prices of the user', () => {
  const file = {
    providers: { local: { wire: 'openai', base_url: 'http://127.0.0.1:11434/v1' } },
    prices: {
      'local:*': { input: 0, output: 0 },
      'local:qwen*': { input: 0.0375, output: 1, cache_read: 0.01 },
      'anthropic:claude-haiku-4-5': { input: 2, output: 6, web_search_per_1000: 5 },
    },
  }
  const prices = createPriceCatalog(configWith(['anthropic'], file))
  beforeAll(() => prices.ready())

  it.each([
    ['the whole provider', 'local', 'llama3', 0],
    ['the most exact pattern wins', 'local', 'qwen3:8b', 5_375],
    ['they win over the list', 'anthropic', 'claude-haiku-4-5', 50_000],
    ['and hold for the dated name that the answer tells', 'anthropic', 'claude-haiku-4-5-20251001', 50_000],
    ['the others keep the list’s', 'anthropic', 'claude-opus-5', 175_000],
  ])('%s', (_, provider, model, expected) => {
    const price = prices.priceOf(provider, model, some, nowUs)
    expect(price === null ? null : costOf(some, price)).toBe(expected)
  })

  it('are what is paid: no tier multiplies them', () => {
    const usage = { ...some, serviceTier: 'batch', webSearches: 1 }
    const price = prices.priceOf('anthropic', 'claude-haiku-4-5', usage, nowUs)
    expect(price === null ? null : costOf(usage, price)).toBe(5_050_000)
  })

  it('are named in the version, and without them the package is', () => {
    expect(prices.version).toMatch(/^genai-prices@0\.1\.8\+[0-9a-f]{8}$/)
    expect(createPriceCatalog(configWith(['anthropic'])).version).toBe('genai-prices@0.1.8')
    const other = createPriceCatalog(configWith(['anthropic'], { prices: { '*': { input: 1, output: 1 } } }))
    expect(other.version).not.toBe(prices.version)
  })
})

describe('against the package’s own calculation', () => {
  const prices = createPriceCatalog(configWith(everyPreset))
  beforeAll(() => prices.ready())
  const lists = [
    ['openai', 'openai'],
    ['anthropic', 'anthropic'],
    ['xai', 'x-ai'],
    ['mistral', 'mistral'],
    ['openrouter', 'openrouter'],
    ['deepseek', 'deepseek'],
  ] as const
  const models = lists.flatMap(([provider, list]) =>
    (findProvider({ providerId: list })?.models ?? []).map((model) => ({ provider, list, id: model.id })),
  )
  const count = fc.nat({ max: 400_000 })

  it('the bill is the same for every model, usage and moment, but for roundings', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...models),
        fc.record({ inputUncached: count, cacheRead: count, cacheWrite5m: count, cacheWrite1h: count, output: count }),
        fc.date({ min: new Date('2025-01-01T00:00:00Z'), max: new Date('2027-06-01T00:00:00Z'), noInvalidDate: true }),
        ({ provider, list, id }, usage, at) => {
          const ours = prices.priceOf(provider, id, usage, at.getTime() * 1000)
          if (ours === null) return
          const theirs = calcPrice(
            {
              input_tokens: usage.inputUncached + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h,
              cache_read_tokens: usage.cacheRead,
              cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
              cache_write_1h_tokens: usage.cacheWrite1h,
              output_tokens: usage.output,
            },
            id,
            { providerId: list, timestamp: at },
          )
          if (theirs === null || theirs.model.id !== ours.matchedId) return
          const nano = costOf(usage, ours)
          expect(Math.abs(nano - theirs.total_price * 1e9)).toBeLessThanOrEqual(1 + nano * 1e-5)
        },
      ),
      { numRuns: 1500 },
    )
  })
})

describe('costOf', () => {
  const price: Price = { input: 37_500, output: 1_000_001, cacheRead: 3_625, multiplier: { times: 5, per: 3 }, matchedId: 'x' }
  const tokens = fc.nat({ max: 10_000_000 })
  const usages = fc.record({
    inputUncached: tokens,
    cacheRead: tokens,
    cacheWrite5m: tokens,
    cacheWrite1h: tokens,
    output: tokens,
  })

  it('is within half a nano-dollar of the exact fraction', () => {
    fc.assert(
      fc.property(usages, (usage) => {
        const pico =
          BigInt(usage.inputUncached + usage.cacheWrite5m + usage.cacheWrite1h) * 37_500n +
          BigInt(usage.cacheRead) * 3_625n +
          BigInt(usage.output) * 1_000_001n
        const error = BigInt(costOf(usage, price)) * 3000n - pico * 5n
        expect(error > -1500n && error <= 1500n).toBe(true)
      }),
    )
  })

  it('never falls when a count grows', () => {
    fc.assert(
      fc.property(usages, fc.constantFrom('inputUncached', 'cacheRead', 'cacheWrite1h', 'output'), (usage, field) => {
        expect(costOf({ ...usage, [field]: usage[field] + 1 }, price)).toBeGreaterThanOrEqual(costOf(usage, price))
      }),
    )
  })

  it('bills no negative rest when a vendor counts audio beyond the whole', () => {
    expect(
      costOf({ ...noUsage, inputUncached: 5, audioInput: 10 }, { ...price, multiplier: { times: 1, per: 1 }, audioInput: 1000 }),
    ).toBe(10)
  })
})
