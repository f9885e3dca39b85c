// What the price list lacks: models it does not know yet, service tiers, geography, speed and web searches. Data with its
// source; a line goes away when the list has it.
import type { ModelInfo } from '@pydantic/genai-prices'
import { listPrice, type Ratio } from './prices.ts'

const anthropicPricing = 'https://platform.claude.com/docs/en/about-claude/pricing, read 2026-11-23'
const openaiFastMode = 'https://openai.com/api-fast-mode (priority processing until 2026-07-30), read 2026-11-23'
const openaiPricing = 'https://developers.openai.com/api/docs/pricing, read 2026-11-23'

export interface OverlayModel extends ModelInfo {
  readonly source: string
}

/** By the price list's provider id; asked before the list itself. USD per million tokens. */
export const overlayModels: ReadonlyMap<string, readonly OverlayModel[]> = new Map([
  [
    'anthropic',
    [
      {
        id: 'claude-sonnet-5-5',
        match: { regex: '^claude-sonnet-5-5(-\\d{8})?$' },
        context_window: 1_000_000,
        prices: [
          { prices: anthropicPrice(2, 10, 0.2) },
          // Cache reads were halved on 2026-10-07.
          { constraint: { type: 'start_date', start_date: '2026-10-07' }, prices: anthropicPrice(2, 10, 0.1) },
        ],
        source: 'https://platform.claude.com/docs/en/models/sonnet-5-5/overview, read 2026-11-23',
      },
      {
        id: 'claude-haiku-5-5',
        match: { regex: '^claude-haiku-5-5(-\\d{8})?$' },
        context_window: 1_000_000,
        prices: {
          input_mtok: above100k(0.1, 0.5),
          output_mtok: above100k(0.5, 2.5),
          cache_read_mtok: above100k(0.01, 0.05),
          cache_write_mtok: above100k(0.125, 0.625),
          cache_write_1h_mtok: above100k(0.2, 1),
        },
        source: 'https://platform.claude.com/docs/en/models/haiku-5-5/overview, read 2026-11-23',
      },
    ],
  ],
  // The Messages endpoint's names without a date; the list has only the dated ones, at these prices.
  ['aws', [undated('anthropic.claude-haiku-4-5', 1.1, 5.5), undated('anthropic.claude-sonnet-4-5', 3.3, 16.5)]],
])

function undated(id: string, input: number, output: number): OverlayModel {
  return {
    id,
    match: { equals: id },
    context_window: 200_000,
    prices: { input_mtok: input, output_mtok: output, cache_read_mtok: input / 10, cache_write_mtok: input * 1.25 },
    source: 'genai-prices 0.1.8, regional.anthropic.claude-*-4-5-2025*',
  }
}

function anthropicPrice(input: number, output: number, cacheRead: number): Record<string, number> {
  return {
    input_mtok: input,
    output_mtok: output,
    cache_read_mtok: cacheRead,
    cache_write_mtok: input * 1.25,
    cache_write_1h_mtok: input * 2,
  }
}

/** The whole call moves to the higher rate when its input, cached or not, exceeds 100,000 tokens. */
function above100k(base: number, price: number): { base: number; tiers: { start: number; price: number }[] } {
  return { base, tiers: [{ start: 100_000, price }] }
}

/** USD per thousand searches, where the list has none. */
export const webSearchPer1000: ReadonlyMap<string, { readonly usd: number; readonly source: string }> = new Map([
  ['anthropic', { usd: 10, source: anthropicPricing }],
  ['openai', { usd: 10, source: openaiPricing }],
])

export interface Factor {
  readonly provider: string
  readonly on: 'serviceTier' | 'inferenceGeo' | 'speed'
  readonly value: string
  /** Over the model's name, lower case. */
  readonly models: RegExp
  readonly ratio: Ratio
  readonly source: string
}

/** Words that mean the list price, whoever says them. */
export const neutralWords: Readonly<Record<Factor['on'], ReadonlySet<string>>> = {
  serviceTier: new Set(['standard', 'default', 'auto', 'on_demand']),
  inferenceGeo: new Set(['global', 'not_available', 'default']),
  speed: new Set(['standard', 'default']),
}

const half: Ratio = { times: 1, per: 2 }
const double: Ratio = { times: 2, per: 1 }

/** The first line that fits decides. What a vendor says and neither this nor `neutralWords` knows leaves the call unpriced. */
export const factors: readonly Factor[] = [
  { provider: 'anthropic', on: 'serviceTier', value: 'batch', models: /./, ratio: half, source: anthropicPricing },
  // Drawn from a commitment bought before; the list price is what it replaces.
  { provider: 'anthropic', on: 'serviceTier', value: 'priority', models: /./, ratio: listPrice, source: anthropicPricing },
  {
    provider: 'anthropic',
    on: 'inferenceGeo',
    value: 'us',
    models: /^claude-(opus|sonnet|haiku|fable|mythos)-(4-[6-9]|[5-9])/,
    ratio: { times: 11, per: 10 },
    source: anthropicPricing,
  },
  // Earlier models take no geography, and are billed at the list price wherever they ran.
  { provider: 'anthropic', on: 'inferenceGeo', value: 'us', models: /./, ratio: listPrice, source: anthropicPricing },
  fastMode(/^claude-opus-4-[67]/, 6),
  fastMode(/^claude-opus-(4-8|5)/, 2),
  { provider: 'openai', on: 'serviceTier', value: 'batch', models: /./, ratio: half, source: openaiPricing },
  { provider: 'openai', on: 'serviceTier', value: 'flex', models: /^(gpt-[5-9]|o[34])/, ratio: half, source: openaiPricing },
  ...openaiPriority([
    [/^gpt-5\.5(?!-pro)/, { times: 5, per: 2 }],
    [/^gpt-5-mini/, { times: 9, per: 5 }],
    [/^gpt-4\.1-nano/, double],
    [/^gpt-4\.1/, { times: 7, per: 4 }],
    [/^gpt-4o-mini/, { times: 5, per: 3 }],
    [/^gpt-4o-2024-05-13/, { times: 7, per: 4 }],
    [/^gpt-4o/, { times: 17, per: 10 }],
    [/^o3(?!-)/, { times: 7, per: 4 }],
    [/^o4-mini/, { times: 20, per: 11 }],
    [/^gpt-(5\.[1246]|5|6)(?!-(pro|nano|image)|\.|\d)/, double],
  ]),
  {
    provider: 'groq',
    on: 'serviceTier',
    value: 'flex',
    models: /./,
    ratio: listPrice,
    source: 'https://console.groq.com/docs/flex-processing',
  },
]

/** OpenRouter lists the fast variants at the same factors. */
function fastMode(models: RegExp, times: number): Factor {
  const source = 'https://platform.claude.com/docs/en/build-with-claude/fast-mode, read 2026-11-23'
  return { provider: 'anthropic', on: 'speed', value: 'fast', models, ratio: { times, per: 1 }, source }
}

/** Published as rates; each pair of rates (input, cached, output) has the same ratio to the list price. */
function openaiPriority(rows: readonly (readonly [RegExp, Ratio])[]): Factor[] {
  return rows.flatMap(([models, ratio]) =>
    ['priority', 'fast'].map((value) => ({
      provider: 'openai',
      on: 'serviceTier' as const,
      value,
      models,
      ratio,
      source: openaiFastMode,
    })),
  )
}
