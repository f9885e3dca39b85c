import { beforeAll, describe, expect, it } from 'vitest'
import { createModelCatalog } from '../../src/catalog/model-catalog.ts'
import { createPriceCatalog } from '../../src/catalog/price-catalog.ts'
import { shippedAliases, shippedModels, vendorOf } from '../../src/catalog/shipped-models.ts'
import { noUsage } from '../../src/ir/usage.ts'
import { configWith, everyPreset } from './config.ts'

const nowUs = Date.parse('2026-11-23T12:00:00Z') * 1000

describe('shipped names', () => {
  it.each([
    ['haiku', 'anthropic:claude-haiku-4-5'],
    ['sonnet', 'anthropic:claude-sonnet-5-5'],
    ['opus', 'anthropic:claude-opus-5-5'],
    ['gpt-mini', 'openai:gpt-5-mini'],
    ['claude-gpt-5-mini', 'openai:gpt-5-mini'],
    ['claude-kimi-k3', 'moonshot:kimi-k3'],
    ['claude-opus-4-8[1m]', 'claude-opus-4-8'],
    ['haiku[1m]', 'anthropic:claude-haiku-4-5'],
    ['claude-haiku-4-5', null],
    ['gpt-5-mini', null],
    ['anthropic:claude-haiku-4-5', null],
    ['constructor', null],
    ['__proto__', null],
    ['', null],
  ])('%s → %s', (name, target) => {
    expect(createModelCatalog(configWith(['anthropic', 'openai', 'moonshot'])).aliasOf(name)).toBe(target)
  })

  it('stand for the next vendor that serves the same when the first has no key', () => {
    expect(createModelCatalog(configWith(['openrouter'])).aliasOf('haiku')).toBe('openrouter:anthropic/claude-haiku-4.5')
  })

  it('are no names at all when nobody serves them', () => {
    expect(createModelCatalog(configWith(['groq'])).aliasOf('haiku')).toBeNull()
  })

  it('follow a vendor that is configured under another name', () => {
    const file = { providers: { work: { wire: 'anthropic', base_url: 'https://api.anthropic.com', api_key: 'k' } } }
    expect(createModelCatalog(configWith([], file)).aliasOf('haiku')).toBe('work:claude-haiku-4-5')
  })

  it('give way to the user’s own, which may name one another', () => {
    const models = createModelCatalog(configWith(['anthropic', 'openai'], { aliases: { haiku: 'fast', fast: 'gpt-mini' } }))
    expect(models.aliasOf('haiku')).toBe('openai:gpt-5-mini')
  })
})

describe('bare names', () => {
  const models = createModelCatalog(
    configWith(['anthropic', 'openai', 'openrouter', 'mistral'], {
      providers: { local: { wire: 'openai', base_url: 'http://gpu:1/v1', models: ['qwen3:8b'] } },
    }),
  )
  it.each([
    ['claude-haiku-4-5-20251001', ['anthropic']],
    ['gpt-4o-2024-08-06', ['openai']],
    ['ft:gpt-4o-mini-2024-07-18:acme::x', ['openai']],
    ['openai/gpt-5-mini', ['openrouter']],
    ['qwen3:8b', ['local']],
    ['mistral-large-2512', ['mistral']],
    ['grok-4.6', []],
    ['no-such-model', []],
  ])('%s is served by %j', (name, providers) => {
    expect(models.providersListing(name)).toEqual(providers)
  })
})

describe('the demo', () => {
  it.each([
    ['haiku', 'demo:haiku'],
    ['claude-haiku-4-5', 'demo:claude-haiku-4-5'],
    ['gpt-5-mini', 'demo:gpt-5-mini'],
    ['anthropic:claude-haiku-4-5', 'demo:claude-haiku-4-5'],
    ['claude-opus-4-8[1m]', 'demo:claude-opus-4-8'],
    ['anything', 'demo:anything'],
    ['metis://auto', null],
    ['demo:haiku', null],
    ['nobody:x', null],
  ])('alone answers for %s with %s', (name, target) => {
    expect(createModelCatalog(configWith(['demo'])).aliasOf(name)).toBe(target)
  })

  it.each([
    ['gpt-5-mini', null],
    ['gpt-mini', 'openai:gpt-5-mini'],
    ['haiku', 'demo:haiku'],
    ['claude-haiku-4-5', 'demo:claude-haiku-4-5'],
    ['anything', null],
  ])('beside OpenAI leaves what OpenAI can answer: %s → %s', (name, target) => {
    expect(createModelCatalog(configWith(['demo', 'openai'])).aliasOf(name)).toBe(target)
  })
})

describe('the list', () => {
  it('holds only what a configured provider can answer, and each id leads where it says', () => {
    const models = createModelCatalog(
      configWith(['anthropic', 'groq'], { aliases: { mine: 'claude-opus-5', gone: 'openrouter:x' } }),
    )
    const ids = models.list().map(({ id }) => id)
    expect(ids).toEqual(
      expect.arrayContaining(['mine', 'haiku', 'anthropic:claude-haiku-4-5', 'groq:openai/gpt-oss-120b', 'claude-gpt-oss-120b']),
    )
    expect(ids).not.toContain('gone')
    expect(ids).not.toContain('gpt-mini')
    expect(new Set(ids).size).toBe(ids.length)
    expect(models.list().find(({ id }) => id === 'mine')?.target).toEqual({ provider: 'anthropic', name: 'claude-opus-5' })
  })

  it('tells names and days of release where they are known', () => {
    const listed = createModelCatalog(configWith(['anthropic']))
      .list()
      .find(({ id }) => id === 'haiku')
    expect(listed).toEqual({
      id: 'haiku',
      target: { provider: 'anthropic', name: 'claude-haiku-4-5' },
      displayName: 'Claude Haiku 4.5',
      createdS: Date.parse('2025-10-01T00:00:00Z') / 1000,
    })
  })
})

describe('what we ship', () => {
  const prices = createPriceCatalog(configWith(everyPreset))
  beforeAll(() => prices.ready())

  it.each([...shippedModels].flatMap(([vendor, models]) => models.map(({ name }) => [vendor, name] as const)))(
    'has a price: %s:%s',
    (vendor, name) => {
      expect(prices.priceOf(vendor, name, { ...noUsage, inputUncached: 1 }, nowUs)).not.toBeNull()
    },
  )

  it.each([...shippedAliases].flatMap(([alias, targets]) => targets.map((target) => [alias, target] as const)))(
    '%s → %s is a model in the list',
    (_, target) => {
      const [vendor = '', ...name] = target.split(':')
      expect(shippedModels.get(vendor)?.map((model) => model.name)).toContain(name.join(':'))
    },
  )

  it('knows its own models by their family', () => {
    for (const [vendor, models] of shippedModels) {
      for (const { name } of models)
        if (vendorOf(name) !== null && vendor !== 'demo') expect([vendor, name]).toEqual([vendorOf(name), name])
    }
  })
})
