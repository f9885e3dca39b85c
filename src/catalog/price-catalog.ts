// Where prices come from, in order: the user's own, our overlay, the price list of @pydantic/genai-prices. The list is imported
// when first asked for, so that a start does not pay for it.
import type { ModelInfo, ModelPrice } from '@pydantic/genai-prices'
import type { Config, PriceOverride, ProviderConfig } from '../config/schema.ts'
import { totalInputOf, type Usage } from '../ir/usage.ts'
import { shortHash } from '../lib/identifiers.ts'
import { demoTwinOf } from './demo-models.ts'
import { factors, neutralWords, overlayModels, webSearchPer1000, type Factor } from './overlay.ts'
import { activePrice, findModel, rateAt } from './price-match.ts'
import { listPrice, multiplyRatios, picoRateOf, type Price, type PriceCatalog, type Ratio } from './prices.ts'

/** The one function of the package that we use. */
export interface PriceSource {
  findProvider(options: { providerId: string }): PriceList | undefined
}

/** Who sells models of others at their price names them: Azure OpenAI's. */
interface PriceList {
  readonly models: ModelInfo[]
  readonly fallback_model_providers?: string[]
}

/** Held equal to the installed package by a test. */
export const priceListVersion = 'genai-prices@0.1.8'

/** Names are the clients' to choose: the table of what they matched is emptied when it is full. */
const matchCacheLimit = 5000

export function createPriceCatalog(config: Config, load: () => Promise<PriceSource> = loadPrices): PriceCatalog {
  const overrides = config.prices.map(compileOverride).sort((a, b) => b.literal - a.literal)
  const providers = new Map(config.providers.map((provider) => [provider.name, provider]))
  const matched = new Map<string, ModelInfo | null>()
  let source: PriceSource | null = null
  let loading: Promise<void> | null = null

  function modelOf(list: string, name: string, prices: PriceSource): ModelInfo | null {
    const key = `${list}\n${name}`
    const known = matched.get(key)
    if (known !== undefined) return known
    const own = prices.findProvider({ providerId: list })
    const lists = [list, ...(own?.fallback_model_providers ?? [])]
    const model = lists.map((id) => findIn(id, name, prices)).find((found) => found !== undefined)
    if (matched.size >= matchCacheLimit) matched.clear()
    matched.set(key, model ?? null)
    return model ?? null
  }

  return {
    version: config.prices.length === 0 ? priceListVersion : `${priceListVersion}+${shortHash(JSON.stringify(config.prices))}`,

    ready() {
      loading ??= load().then(
        (loaded) => {
          source = loaded
        },
        (error: unknown) => {
          loading = null
          throw error
        },
      )
      return loading
    },

    priceOf(provider, model, usage, atUs, answeredAs = model) {
      if (source === null) throw new Error('the price list is not loaded: await prices.ready() first')
      const names = answeredAs === model ? [model] : [answeredAs, model]
      for (const name of names) {
        const override = overrides.find((one) => isOverridden(one, provider, name))
        if (override !== undefined) return override.price
      }
      const { list } = listOf(providers.get(provider), provider, model)
      for (const name of pricedAsAsked.has(list) ? names.toReversed() : names) {
        const listed = listOf(providers.get(provider), provider, plainName(name))
        const info = modelOf(listed.list, listed.name, source)
        if (info !== null) return listedPrice(info, listed, usage, atUs)
      }
      return null
    },
  }
}

function findIn(list: string, name: string, prices: PriceSource): ModelInfo | undefined {
  return (
    findModel(overlayModels.get(list) ?? [], name) ?? findModel(prices.findProvider({ providerId: list })?.models ?? [], name)
  )
}

function isOverridden(override: { matches(id: string): boolean }, provider: string, model: string): boolean {
  return override.matches(`${provider}:${model}`) || override.matches(`${provider}:${undated(plainName(model))}`)
}

/** The package, in one dynamic import. */
export function loadPrices(): Promise<PriceSource> {
  return import('@pydantic/genai-prices')
}

/** The list's ids where they are not ours. */
const listIds: ReadonlyMap<string, string> = new Map([
  ['xai', 'x-ai'],
  ['moonshot', 'moonshotai'],
  ['gemini', 'google'],
  ['azure-openai', 'azure'],
  ['bedrock', 'aws'],
  ['vertex', 'google'],
])

/** Of a name that was asked for the prefix decides the price (`us.`, `global.`), and the answer leaves it out. */
const pricedAsAsked: ReadonlySet<string> = new Set(['aws'])

interface Listed {
  /** The price list's provider id. */
  readonly list: string
  readonly name: string
}

function listOf(config: ProviderConfig | undefined, provider: string, name: string): Listed {
  if (config?.wire === 'demo') {
    const twin = demoTwinOf(name)
    return { list: listIds.get(twin.provider) ?? twin.provider, name: twin.name }
  }
  // A server that is not known to be a vendor's is unpriced, even if it speaks of a vendor's model.
  const vendor = config === undefined ? provider : (config.vendor ?? '')
  const list = listIds.get(vendor) ?? vendor
  // Vertex names the publisher before the model.
  return { list, name: list === 'google' ? name.replace(/^google\//, '') : name }
}

function listedPrice(info: ModelInfo, listed: Listed, usage: Usage, atUs: number): Price | null {
  const rates = activePrice(info.prices, Math.floor(atUs / 1000))
  const multiplier = multiplierOf(listed, usage)
  if (rates === undefined || multiplier === null) return null
  const totalInput = totalInputOf(usage)
  const input = rateAt(rates['input_mtok'], totalInput)
  const output = rateAt(rates['output_mtok'], totalInput)
  // A row without token rates is either free, and says so, or priced by something we do not count.
  if (input === undefined && output === undefined && !info.id.endsWith(':free')) return null
  return {
    input: picoRateOf(input ?? 0),
    output: picoRateOf(output ?? 0),
    ...optionalRates(rates, totalInput),
    ...webSearchRate(rates, listed.list, totalInput),
    multiplier,
    matchedId: info.id,
  }
}

const optionalKeys = {
  cacheRead: 'cache_read_mtok',
  cacheWrite5m: 'cache_write_mtok',
  cacheWrite1h: 'cache_write_1h_mtok',
  audioInput: 'input_audio_mtok',
  audioOutput: 'output_audio_mtok',
  reasoning: 'output_reasoning_mtok',
} as const

function optionalRates(rates: ModelPrice, totalInput: number): Partial<Record<keyof typeof optionalKeys, number>> {
  const found: Partial<Record<keyof typeof optionalKeys, number>> = {}
  for (const field of ['cacheRead', 'cacheWrite5m', 'cacheWrite1h', 'audioInput', 'audioOutput', 'reasoning'] as const) {
    const rate = rateAt(rates[optionalKeys[field]], totalInput)
    if (rate !== undefined) found[field] = picoRateOf(rate)
  }
  return found
}

/** USD per thousand → pico-USD each. */
function webSearchRate(rates: ModelPrice, list: string, totalInput: number): { webSearch?: number } {
  const usd = rateAt(rates['web_searches_kcount'], totalInput) ?? webSearchPer1000.get(list)?.usd
  return usd === undefined ? {} : { webSearch: Math.round(usd * 1_000_000_000) }
}

/** null = the provider names a tier, a place or a speed whose price nobody told us. */
function multiplierOf(listed: Listed, usage: Usage): Ratio | null {
  let multiplier = listPrice
  for (const on of ['serviceTier', 'inferenceGeo', 'speed'] as const) {
    const value = usage[on]
    if (value === undefined || neutralWords[on].has(value)) continue
    const factor = factorOf(listed, on, value)
    if (factor === undefined) return null
    multiplier = multiplyRatios(multiplier, factor.ratio)
  }
  return multiplier
}

function factorOf(listed: Listed, on: Factor['on'], value: string): Factor | undefined {
  const name = listed.name.toLowerCase()
  return factors.find(
    (factor) => factor.provider === listed.list && factor.on === on && factor.value === value && factor.models.test(name),
  )
}

/** Claude Code shows a long window as `claude-opus-4-8[1m]`; the price is the model's. */
function plainName(model: string): string {
  return model.replace(/\[\d+[mk]\]$/i, '')
}

/** A price that the user gives for a model holds for its dated versions too: answers name those. */
function undated(model: string): string {
  return model.replace(/-(\d{8}|\d{4}-\d{2}-\d{2})$/, '')
}

interface CompiledOverride {
  /** Characters that are not wildcards: the most exact pattern wins. */
  readonly literal: number
  matches(id: string): boolean
  readonly price: Price
}

function compileOverride(override: PriceOverride): CompiledOverride {
  const parts = override.pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
  const regex = new RegExp(`^${parts.join('.*')}$`)
  return {
    literal: override.pattern.replaceAll('*', '').length,
    matches: (id) => regex.test(id),
    price: {
      input: picoRateOf(override.input),
      output: picoRateOf(override.output),
      ...(override.cacheRead === undefined ? {} : { cacheRead: picoRateOf(override.cacheRead) }),
      ...(override.cacheWrite === undefined ? {} : { cacheWrite5m: picoRateOf(override.cacheWrite) }),
      ...(override.cacheWrite1h === undefined ? {} : { cacheWrite1h: picoRateOf(override.cacheWrite1h) }),
      ...(override.webSearchPer1000 === undefined ? {} : { webSearch: Math.round(override.webSearchPer1000 * 1_000_000_000) }),
      multiplier: listPrice,
      matchedId: override.pattern,
    },
  }
}
