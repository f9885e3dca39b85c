// Environment + file object → the Config the core runs on. Pure: what the presets are, and which addresses are our own, comes in.
import { nanoUsdOf } from '../lib/money.ts'
import { ConfigError, type ConfigIssue, type ConfigWarning } from './errors.ts'
import { parseConfigFile, type Environment } from './parse-file.ts'
import type { Preset } from './preset.ts'
import { resolveIssuers } from './resolve-issuers.ts'
import { resolveProviders } from './resolve-providers.ts'
import type { Config, ConfigFile, PatternSettings, PriceOverride, ProviderConfig } from './schema.ts'

export interface ConfigSources {
  /** What stands in the file, parsed; null or undefined = no file. */
  readonly file: unknown
  readonly env: Environment
  readonly presets: readonly Preset[]
  /** `true`: the demo provider beside the others. `'only'`: nothing else, whatever file and environment name. */
  readonly demo?: boolean | 'only'
  /** Where this gateway listens, `http://127.0.0.1:8422`: no provider may be there. */
  readonly selfOrigins?: readonly string[]
}

/** @throws ConfigError listing every fault it found */
export function resolveConfig(sources: ConfigSources): Config {
  const file = parseConfigFile(sources.file, sources.env)
  const issues: ConfigIssue[] = []
  const warnings: ConfigWarning[] = []
  const providers = resolveProviders({
    file: sources.demo === 'only' ? {} : (file.providers ?? {}),
    env: sources.demo === 'only' ? {} : sources.env,
    presets: sources.presets,
    demo: sources.demo !== undefined && sources.demo !== false,
    selfOrigins: sources.selfOrigins ?? [],
    issues,
    warnings,
  })
  if (sources.demo !== 'only') checkModelNames(file, providers, sources.presets, issues)
  checkCircles(file.aliases ?? {}, issues)
  const issuers = resolveIssuers(file.issuers ?? {}, issues)
  if (issues.length > 0) throw new ConfigError(issues)
  return {
    providers,
    warnings,
    aliases: file.aliases ?? {},
    prices: Object.entries(file.prices ?? {}).map(priceOverride),
    fallbacks: file.fallbacks ?? {},
    stepDown:
      file.step_down === undefined ? null : { belowShare: file.step_down.below_percent / 100, models: file.step_down.models },
    patternRouting: patternSettings(file.pattern_routing),
    defaultModel: file.default_model ?? null,
    workspaceModels: workspaceModels(file),
    limits: {
      bodyBytes: file.limits?.body_bytes ?? 33_554_432,
      connectMs: file.limits?.connect_ms ?? 10_000,
      firstByteMs: file.limits?.first_byte_ms ?? 600_000,
      idleMs: file.limits?.idle_ms ?? 300_000,
      concurrentTurns: file.limits?.concurrent_turns ?? 1024,
      maxRetries: file.limits?.max_retries ?? 2,
      authFailuresPerMinute: file.limits?.auth_failures_per_minute ?? 60,
    },
    durability: file.durability ?? 'standard',
    allowedHosts: file.allowed_hosts ?? [],
    corsOrigins: file.cors_origins ?? [],
    trustedProxies: file.trusted_proxies ?? [],
    drainMs: file.drain_ms ?? 30_000,
    keepAliveMs: file.keep_alive_ms ?? 15_000,
    sessionFiles: file.session_files ?? true,
    issuers,
    brake: {
      mode: file.brake?.mode ?? 'flag',
      spendFactor: file.brake?.spend_factor ?? 10,
      floorNanoUsd: nanoUsdOf(file.brake?.floor_usd_per_minute ?? 1),
      repeatedToolCalls: file.brake?.repeated_tool_calls ?? 12,
    },
    otlp: otlpOf(file.otlp),
    alerts: file.alerts === undefined ? null : { webhookUrl: file.alerts.webhook_url, secret: file.alerts.secret },
    serveAuth: file.serve?.auth ?? 'loopback',
    hub: file.hub === undefined ? null : { url: file.hub.url, token: file.hub.token, everyMs: (file.hub.every_s ?? 60) * 1000 },
  }
}

function otlpOf(row: ConfigFile['otlp']): Config['otlp'] {
  if (row === undefined) return null
  const endpoint = row.endpoint.replace(/\/+$/, '').replace(/\/v1\/traces$/, '')
  return { endpoint, headers: row.headers ?? {}, serviceName: row.service_name ?? 'metis-gateway' }
}

function patternSettings(row: ConfigFile['pattern_routing']): PatternSettings | null {
  if (row?.enabled !== true) return null
  return {
    costWeight: row.cost_weight ?? 0.1,
    neighbours: row.neighbours ?? 25,
    minSample: row.min_sample ?? 5,
    minConfidence: row.min_confidence ?? 0.25,
  }
}

function priceOverride([pattern, price]: [string, NonNullable<ConfigFile['prices']>[string]]): PriceOverride {
  return {
    pattern,
    input: price.input,
    output: price.output,
    ...(price.cache_read === undefined ? {} : { cacheRead: price.cache_read }),
    ...(price.cache_write === undefined ? {} : { cacheWrite: price.cache_write }),
    ...(price.cache_write_1h === undefined ? {} : { cacheWrite1h: price.cache_write_1h }),
    ...(price.web_search_per_1000 === undefined ? {} : { webSearchPer1000: price.web_search_per_1000 }),
  }
}

function workspaceModels(file: ConfigFile): Record<string, string> {
  const models: Record<string, string> = {}
  for (const [path, { default_model: model }] of Object.entries(file.workspaces ?? {}))
    if (model !== undefined) models[path] = model
  return models
}

/** A canonical id must name a provider that exists; a preset without its key is no fault, the example file names several. */
function checkModelNames(
  file: ConfigFile,
  providers: readonly ProviderConfig[],
  presets: readonly Preset[],
  issues: ConfigIssue[],
): void {
  const known = new Set([...providers.map(({ name }) => name), ...presets.map(({ name }) => name), 'metis', 'ft'])
  const check = (path: string, model: string | undefined): void => {
    const provider = model === undefined ? '' : model.slice(0, Math.max(model.indexOf(':'), 0))
    if (provider === '' || known.has(provider) || Object.hasOwn(file.aliases ?? {}, model ?? '')) return
    issues.push({
      path,
      message: `there is no provider "${provider}"; configured: ${providers.map(({ name }) => name).join(', ') || 'none'}`,
    })
  }
  for (const [alias, target] of Object.entries(file.aliases ?? {})) check(`aliases.${alias}`, target)
  for (const [model, targets] of Object.entries(file.fallbacks ?? {})) {
    check(`fallbacks.${model}`, model)
    for (const [index, target] of targets.entries()) check(`fallbacks.${model}.${index}`, target)
  }
  for (const [model, cheaper] of Object.entries(file.step_down?.models ?? {})) {
    check(`step_down.models.${model}`, model)
    check(`step_down.models.${model}`, cheaper)
  }
  check('default_model', file.default_model)
  for (const [path, { default_model: model }] of Object.entries(file.workspaces ?? {}))
    check(`workspaces.${path}.default_model`, model)
}

function checkCircles(aliases: Readonly<Record<string, string>>, issues: ConfigIssue[]): void {
  for (const alias of Object.keys(aliases)) {
    const seen = new Set([alias])
    let target = aliases[alias]
    // An alias of its own name stands aside for the shipped one.
    if (target === alias) continue
    while (target !== undefined && Object.hasOwn(aliases, target)) {
      if (seen.has(target)) {
        issues.push({ path: `aliases.${alias}`, message: `goes in a circle: ${[...seen, target].join(' → ')}` })
        break
      }
      seen.add(target)
      target = aliases[target]
    }
  }
}
