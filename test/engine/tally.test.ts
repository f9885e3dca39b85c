// What a call is billed for: the provider's own count where it told one to the end, else what was delivered.
import { beforeAll, describe, expect, it } from 'vitest'
import { createPriceCatalog } from '../../src/catalog/price-catalog.ts'
import type { PriceCatalog } from '../../src/catalog/prices.ts'
import { billOf, createTally } from '../../src/engine/tally.ts'
import type { Meter } from '../../src/ir/stream.ts'
import { noUsage, type Usage } from '../../src/ir/usage.ts'
import { configWith } from '../catalog/config.ts'

const nothing: Meter = { ended: false, toolCalls: 0, thinkingBlocks: 0, outputCharacters: 0 }
const atUs = Date.UTC(2026, 10, 23) * 1000
const haiku = { provider: 'anthropic', name: 'claude-haiku-4-5' }
const free = { provider: 'local', name: 'qwen3' }

let prices: PriceCatalog
beforeAll(async () => {
  // Haiku at one dollar in, five out: its list price, and round numbers whatever the list says.
  prices = createPriceCatalog(
    configWith(['anthropic'], {
      providers: { local: { wire: 'openai', base_url: 'http://127.0.0.1:9/v1' } },
      prices: { 'anthropic:claude-haiku-4-5': { input: 1, output: 5 }, 'anthropic:big': { input: 100, output: 500 } },
    }),
  )
  await prices.ready()
})

function usage(changes: Partial<Usage>): Usage {
  return { ...noUsage, ...changes }
}

function billed(meters: readonly Partial<Meter>[], model = haiku, estimatedInputTokens = 50) {
  const tally = createTally()
  for (const meter of meters) tally.add({ ...nothing, ...meter })
  return billOf(tally, model, estimatedInputTokens, prices, atUs)
}

describe('a tally', () => {
  it('keeps the last usage, and sums what each chunk began', () => {
    const tally = createTally()
    expect(tally.delivered).toBe(false)
    tally.add({ ...nothing, usage: usage({ inputUncached: 10, output: 1 }), model: 'm-1', toolCalls: 1 })
    tally.add({ ...nothing, outputCharacters: 30, thinkingBlocks: 1 })
    tally.add({ ...nothing, usage: usage({ inputUncached: 10, output: 8 }), toolCalls: 2, outputCharacters: 6 })
    tally.add({ ...nothing, stop: { reason: 'end' }, ended: true })
    expect(tally).toMatchObject({
      usage: { inputUncached: 10, output: 8 },
      stop: { reason: 'end' },
      reportedModel: 'm-1',
      toolCalls: 3,
      thinkingBlocks: 1,
      outputCharacters: 36,
      delivered: true,
    })
  })
})

const told = usage({ inputUncached: 1000, output: 200 })
const stop = { reason: 'end' } as const

describe('a bill', () => {
  it.each([
    {
      claim: 'is metered when the provider told usage and a stop',
      meters: [
        { usage: told, outputCharacters: 9999 },
        { stop, ended: true },
      ],
      bill: { basis: 'metered', estimated: false, costNanoUsd: 2_000_000, usage: told },
    },
    {
      claim: 'is metered when the answer was cut after its final usage, before its end mark',
      meters: [{ usage: told, stop, outputCharacters: 9999 }],
      bill: { basis: 'metered', estimated: false, costNanoUsd: 2_000_000, usage: told },
    },
    {
      claim: 'counts what was delivered live when the answer was cut before its final usage',
      meters: [{ usage: usage({ inputUncached: 1000, output: 1 }) }, { outputCharacters: 360 }],
      bill: { basis: 'partial_estimate', estimated: true, costNanoUsd: 1_500_000, usage: { inputUncached: 1000, output: 100 } },
    },
    {
      claim: 'never goes below what the provider told so far',
      meters: [{ usage: usage({ inputUncached: 1000, output: 200 }), outputCharacters: 36 }],
      bill: { basis: 'partial_estimate', estimated: true, costNanoUsd: 2_000_000, usage: { output: 200 } },
    },
    {
      claim: 'estimates both ways when nothing was told',
      meters: [{ outputCharacters: 360 }],
      bill: { basis: 'partial_estimate', estimated: true, costNanoUsd: 550_000, usage: { inputUncached: 50, output: 100 } },
    },
    {
      claim: 'estimates the input alone when nothing came',
      meters: [],
      bill: { basis: 'partial_estimate', estimated: true, costNanoUsd: 50_000, usage: { inputUncached: 50, output: 0 } },
    },
    {
      claim: 'estimates when there is a stop but no usage, as from a server that tells none',
      meters: [{ outputCharacters: 360 }, { stop, ended: true }],
      bill: { basis: 'partial_estimate', estimated: true, usage: { inputUncached: 50, output: 100 } },
    },
    {
      claim: 'keeps the cache counts that were told before the cut',
      meters: [{ usage: usage({ inputUncached: 10, cacheRead: 700, cacheWrite5m: 30 }) }, { outputCharacters: 4 }],
      bill: { basis: 'partial_estimate', usage: { inputUncached: 10, cacheRead: 700, cacheWrite5m: 30, output: 2 } },
    },
    {
      claim: 'is by the model that the provider says answered',
      meters: [{ usage: told, stop, model: 'big' }],
      bill: { basis: 'metered', costNanoUsd: 200_000_000 },
    },
    {
      claim: 'is by the price the user gave for the model that was asked, over the list price of the one that answered',
      meters: [{ usage: told, stop, model: 'claude-opus-4-1' }],
      bill: { basis: 'metered', costNanoUsd: 2_000_000 },
    },
    {
      claim: 'is by the model that was asked when nobody knows the one that answered',
      meters: [{ usage: told, stop, model: 'nobody-prices-this' }],
      bill: { basis: 'metered', costNanoUsd: 2_000_000 },
    },
  ])('$claim', ({ meters, bill }) => {
    expect(billed(meters)).toMatchObject(bill)
  })

  it.each([
    ['a fraction', { inputUncached: 1.5 }],
    ['less than nothing', { output: -1 }],
    ['more than any call could use', { cacheRead: 1e20 }],
    ['no number', { reasoning: NaN }],
    ['an endless number', { webSearches: Infinity }],
  ])('takes a count that is %s for not told, and estimates', (_, count) => {
    expect(billed([{ usage: usage({ ...told, ...count }), stop, outputCharacters: 360 }])).toMatchObject({
      basis: 'partial_estimate',
      estimated: true,
      usage: { ...noUsage, inputUncached: 50, output: 100 },
    })
  })

  it.each([
    {
      claim: "is the provider's own figure where we have no price",
      cost: 0.0123,
      bill: { basis: 'provider_reported', costNanoUsd: 12_300_000 },
    },
    { claim: 'of 0 is a figure too', cost: 0, bill: { basis: 'provider_reported', costNanoUsd: 0 } },
    { claim: 'is unpriced, never 0, where nobody tells', cost: undefined, bill: { basis: 'unpriced', costNanoUsd: null } },
    { claim: 'does not believe a negative figure', cost: -1, bill: { basis: 'unpriced', costNanoUsd: null } },
    { claim: 'does not believe a figure that no call costs', cost: 1e7, bill: { basis: 'unpriced', costNanoUsd: null } },
    { claim: 'does not believe an endless figure', cost: Infinity, bill: { basis: 'unpriced', costNanoUsd: null } },
    {
      claim: 'takes a figure as small as a double prints it',
      cost: 1.5e-7,
      bill: { basis: 'provider_reported', costNanoUsd: 150 },
    },
  ])('$claim', ({ cost, bill }) => {
    const reported = cost === undefined ? told : usage({ ...told, upstreamCostUsd: cost })
    expect(billed([{ usage: reported, stop }], free)).toMatchObject(bill)
  })

  it('is by our price, not by the provider’s figure, where there are both', () => {
    expect(billed([{ usage: usage({ ...told, upstreamCostUsd: 99 }), stop }])).toMatchObject({
      basis: 'metered',
      costNanoUsd: 2_000_000,
    })
  })
})
