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

  it('is worked out by hand for at least sixty usages', () => {
    expect(bills.length).toBeGreaterThanOrEqual(60)
  })

  it.each(bills.map((bill) => [`${bill.name} (${bill.provider}:${bill.model})`, bill] as const))('%s', (_, bill) => {
    const price = prices.priceOf(bill.provider, bill.model, bill.usage, Date.parse(bill.at) * 1000)
    expect(price?.matchedId).toBe(bill.matchedId)
    expect(price === null ? null : costOf(bill.usage, price), bill.arithmetic).toBe(bill.expectedNanoUsd)
  })
})
