// Bills worked out by hand, to the nano-dollar: test/fixtures/prices/*.json, each with its arithmetic and its source.
import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { createPriceCatalog } from '../../src/catalog/price-catalog.ts'
import { costOf } from '../../src/catalog/prices.ts'
import { configWith, everyPreset } from './config.ts'

const usage = z.strictObject({
  inputUncached: z.int(),
  cacheRead: z.int(),
  cacheWrite5m: z.int(),
  cacheWrite1h: z.int(),
  output: z.int(),
  reasoning: z.int().exactOptional(),
  audioInput: z.int().exactOptional(),
  audioOutput: z.int().exactOptional(),
  webSearches: z.int().exactOptional(),
  serviceTier: z.string().exactOptional(),
  inferenceGeo: z.string().exactOptional(),
  speed: z.string().exactOptional(),
})
const fixtures = z.array(
  z.strictObject({
    name: z.string(),
    provider: z.string(),
    model: z.string(),
    at: z.iso.datetime(),
    usage,
    expectedNanoUsd: z.int(),
    matchedId: z.string(),
    arithmetic: z.string(),
    source: z.string(),
  }),
)

const folder = new URL('../fixtures/prices/', import.meta.url)
const bills = readdirSync(folder).flatMap((file) => fixtures.parse(JSON.parse(readFileSync(new URL(file, folder), 'utf8'))))

describe('a bill', () => {
  const prices = createPriceCatalog(configWith(everyPreset))
  beforeAll(() => prices.ready())

  it('is worked out by hand for at least two hundred usages, of every provider with prices and of every class of use', () => {
    expect(bills.length).toBeGreaterThanOrEqual(200)
    expect(new Set(bills.map((bill) => `${bill.name} ${bill.provider}:${bill.model}`)).size).toBe(bills.length)
    const has = (is: (bill: (typeof bills)[number]) => boolean) => bills.filter(is).length
    for (const field of Object.keys(usage.shape) as (keyof z.infer<typeof usage>)[])
      expect(
        has((bill) => Boolean(bill.usage[field])),
        field,
      ).toBeGreaterThanOrEqual(3)
    for (const tier of ['batch', 'flex', 'priority', 'fast'])
      expect(
        has((bill) => bill.usage.serviceTier === tier),
        tier,
      ).toBeGreaterThanOrEqual(1)
    for (const provider of pricedProviders)
      expect(
        has((bill) => bill.provider === provider),
        provider,
      ).toBeGreaterThanOrEqual(1)
  })

  it.each(bills.map((bill) => [bill.name, bill] as const))('says how it comes about, and adds up: %s', (_, bill) => {
    expect(nanoUsdOf(bill.arithmetic)).toBe(bill.expectedNanoUsd)
  })

  it.each(bills.map((bill) => [`${bill.name} (${bill.provider}:${bill.model})`, bill] as const))('%s', (_, bill) => {
    const price = prices.priceOf(bill.provider, bill.model, bill.usage, Date.parse(bill.at) * 1000)
    expect(price?.matchedId).toBe(bill.matchedId)
    expect(price === null ? null : costOf(bill.usage, price), bill.arithmetic).toBe(bill.expectedNanoUsd)
  })
})

const pricedProviders = [
  'anthropic',
  'openai',
  'openrouter',
  'groq',
  'mistral',
  'deepseek',
  'xai',
  'together',
  'fireworks',
  'cerebras',
  'moonshot',
  'zai',
  'demo',
]

/**
 * `(10 x 0.25 + 4 x 2) / 1,000,000 x 1/2 + 3 x 10/1000 USD`, worked out in fractions of whole numbers and rounded half up: a second
 * arithmetic, which shares nothing with the one that is tested.
 */
function nanoUsdOf(arithmetic: string): number {
  const [, tokens = '', times = '1', per = '1', searches = '0'] =
    /^\(([^)]*)\) \/ 1,000,000(?: x (\d+)\/(\d+))?(?: \+ (\d+) x 10\/1000)? USD/.exec(arithmetic) ?? expect.fail(arithmetic)
  const billionths = tokens
    .split(' + ')
    .filter((term) => term !== '')
    .reduce((sum, term) => {
      const [count = '', rate = ''] = term.split(' x ')
      return sum + BigInt(count) * billionthsOf(rate)
    }, 0n)
  // $1 for a million tokens is 1,000 nano-dollars a token, which is 10^12 billionths of one.
  const scaled = billionths * BigInt(times) + BigInt(searches) * 10_000_000n * 1_000_000_000n * BigInt(per)
  const whole = BigInt(per) * 1_000_000_000n
  return Number((scaled * 2n + whole) / (whole * 2n))
}

/** A rate in billionths of a nano-dollar a token. */
function billionthsOf(rate: string): bigint {
  const [whole = '0', fraction = ''] = rate.split('.')
  return BigInt(whole + fraction.padEnd(12, '0').slice(0, 12))
}
