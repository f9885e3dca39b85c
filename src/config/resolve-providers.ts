// Providers from the file and from the environment: presets fill in what is not written, and every address and key is checked.
import { baseUrlFault, parseUrl } from './base-url.ts'
import type { ConfigIssue, ConfigWarning } from './errors.ts'
import type { Environment } from './parse-file.ts'
import { addressOf, addressVariableOf, branchesOf, oddNameOf, type Preset } from './preset.ts'
import type { ConfigFile, ProviderConfig, ProviderKey } from './schema.ts'
import { serviceAccountFault, serviceAccountOf } from './service-account.ts'

export interface ProviderSources {
  readonly file: NonNullable<ConfigFile['providers']>
  readonly env: Environment
  readonly presets: readonly Preset[]
  readonly demo: boolean
  readonly selfOrigins: readonly string[]
  /** Faults are added here. */
  readonly issues: ConfigIssue[]
  /** And here what is only worth a word. */
  readonly warnings: ConfigWarning[]
}

type Row = ProviderSources['file'][string]

export function resolveProviders(sources: ProviderSources): readonly ProviderConfig[] {
  const { file, presets, issues } = sources
  const written = Object.entries(file).flatMap(([name, row]) => {
    const preset = presets.find((one) => one.name === name)
    return fromFile(name, row, preset, sources)
  })
  const present = presets
    .filter((preset) => !Object.hasOwn(file, preset.name))
    .flatMap((preset) =>
      preset.wire === 'demo' ? (sources.demo ? [demoFrom(preset, {})] : []) : fromEnvironment(preset, sources),
    )
  const all = [...written, ...present]
  for (const provider of all) {
    if (provider.wire === 'demo') continue
    const fault = baseUrlFault(provider.baseUrl, sources.selfOrigins)
    if (fault !== null) issues.push({ path: addressPath(provider.name, sources), message: fault })
  }
  return all
}

function addressPath(name: string, { file, presets }: ProviderSources): string {
  if (Object.hasOwn(file, name)) return `providers.${name}.base_url`
  const preset = presets.find((one) => one.name === name)
  return (preset && addressVariableOf(preset)) ?? `providers.${name}.base_url`
}

function fromFile(name: string, row: Row, preset: Preset | undefined, sources: ProviderSources): ProviderConfig[] {
  const at = `providers.${name}`
  if (name === 'metis') return refused(sources, at, 'the name is kept for metis://auto and its like; choose another')
  if (preset?.wire === 'demo') {
    const other = Object.keys(row).filter((key) => key !== 'models')
    if (other.length > 0)
      return refused(
        sources,
        `${at}.${other[0]}`,
        'the built-in demo provider takes only "models"; give a provider of your own another name',
      )
    return [demoFrom(preset, row)]
  }
  if (preset === undefined) {
    if (row.wire === undefined) return refused(sources, `${at}.wire`, 'is missing: "anthropic" or "openai"')
    if (row.base_url === undefined)
      return refused(sources, `${at}.base_url`, 'is missing: Anthropic wire: the root; OpenAI wire: with /v1')
  }
  if (row.client_logins === true && (row.wire ?? preset?.wire) !== 'anthropic')
    return refused(sources, `${at}.client_logins`, 'is for the Anthropic wire alone: the logins are of Claude')
  if (row.api_key !== undefined && row.api_keys !== undefined)
    return refused(sources, `${at}.api_keys`, 'stands beside api_key; write one of the two')
  const pool = (row.api_keys ?? []).map(keyOf)
  const key = row.api_key ?? pool[0]?.apiKey ?? keyFrom(preset, sources)?.value
  if (row.api_key?.startsWith('gw_')) return refused(sources, `${at}.api_key`, gatewayTokenFault)
  const gateways = pool.findIndex(({ apiKey }) => apiKey.startsWith('gw_'))
  if (gateways >= 0) return refused(sources, `${at}.api_keys.${gateways}`, gatewayTokenFault)
  const token = Object.entries(row.headers ?? {}).find(([, value]) => /^(bearer\s+)?gw_/i.test(value))
  if (token !== undefined) return refused(sources, `${at}.headers.${token[0]}`, gatewayTokenFault)
  const broken = Object.entries(row.headers ?? {}).find(
    ([header, value]) => !/^[!#$%&'*+.^_`|~\w-]+$/.test(header) || /[\r\n\0]/.test(value),
  )
  if (broken !== undefined)
    return refused(sources, `${at}.headers.${broken[0]}`, 'is not a header: letters, digits and - in the name, one line of value')
  const auth = row.auth ?? preset?.auth ?? (row.wire === 'anthropic' ? 'x-api-key' : 'bearer')
  if (
    key === undefined &&
    preset !== undefined &&
    preset.keyVariables.length > 0 &&
    row.auth !== 'none' &&
    row.headers === undefined
  ) {
    return refused(sources, `${at}.api_key`, `is missing: write it here or set ${preset.keyVariables.join(' or ')}`)
  }
  if (auth === 'google' && row.api_keys !== undefined)
    return refused(sources, `${at}.api_keys`, 'is not for service accounts; write one of them as api_key')
  if (auth === 'google' && key !== undefined && !isServiceAccount(key))
    return refused(sources, `${at}.api_key`, serviceAccountFault)
  if (auth !== 'google' && auth !== 'none' && [key, ...pool.map(({ apiKey }) => apiKey)].some(isServiceAccount))
    return refused(sources, `${at}.auth`, 'must be google: the key is a service account, which would be shown as it is')
  const base = preset ?? { name, wire: row.wire ?? 'openai', baseUrl: '', auth, keyVariables: [] }
  if (row.base_url === undefined && refusesName(base, sources)) return []
  const address = row.base_url ?? addressOf(base, sources.env)
  if (address === null) return refused(sources, `${at}.base_url`, `is missing: write it here or set ${addressVariableOf(base)}`)
  const vendor = preset ?? vendorAt(address, sources.presets)
  const { vendor: _, ...rest } = fromPreset({ ...base, auth: key === undefined ? 'none' : auth }, address, row)
  const isElsewhere = row.base_url !== undefined || row.wire !== undefined
  return [
    {
      ...rest,
      ...(isElsewhere ? {} : branchFields(base, sources, row)),
      ...(vendor === undefined ? {} : { vendor: vendor.name, geminiDialect: vendor.geminiDialect ?? false }),
      ...(key === undefined ? {} : { apiKey: key }),
      ...(pool.length > 1 ? { keyPool: pool } : {}),
    },
  ]
}

function keyOf(written: NonNullable<Row['api_keys']>[number]): ProviderKey {
  return typeof written === 'string' ? { apiKey: written, weight: 1 } : { apiKey: written.key, weight: written.weight ?? 1 }
}

const gatewayTokenFault =
  "is a gateway token (gw_…), not the provider's key: tokens are for clients. Write the key that the provider gave you"

function refused(sources: ProviderSources, path: string, message: string): [] {
  sources.issues.push({ path, message })
  return []
}

function fromEnvironment(preset: Preset, sources: ProviderSources): ProviderConfig[] {
  if (preset.baseUrlVariable !== undefined) {
    const address = sources.env[preset.baseUrlVariable]
    return address === undefined || address === '' ? [] : [fromPreset(preset, address, {})]
  }
  const key = keyFrom(preset, sources)
  if (key === undefined) return []
  if (refusesName(preset, sources)) return []
  const address = addressOf(preset, sources.env)
  if (address === null && preset.keyIsCommon === true) return []
  if (address !== null && preset.auth === 'google' && !isServiceAccount(key.value)) return otherCredential(preset, key, sources)
  if (address !== null) return [{ ...fromPreset(preset, address, {}), ...branchFields(preset, sources, {}), apiKey: key.value }]
  // Not a fault: such a key is there for other programs, too, and its owner may not want it here.
  sources.warnings.push({
    message: `${preset.name} is left out: ${key.variable} is set, but not where it is`,
    mend: `set ${addressVariableOf(preset)} too, or unset ${key.variable}`,
  })
  return []
}

/** Google's variable names other kinds of credentials for other programs: no fault, unless it is ours alone. */
function otherCredential({ name }: Preset, { variable }: FoundKey, sources: ProviderSources): [] {
  if (variable.startsWith('METIS_')) return refused(sources, variable, serviceAccountFault)
  sources.warnings.push({
    message: `${name} is left out: what ${variable} names is no service account`,
    mend: `it ${serviceAccountFault}; or unset ${variable}`,
  })
  return []
}

function isServiceAccount(key: string | undefined): boolean {
  return key !== undefined && serviceAccountOf(key) !== null
}

function refusesName(preset: Pick<Preset, 'baseUrl'>, sources: ProviderSources): boolean {
  const variable = oddNameOf(preset, sources.env)
  if (variable !== undefined) refused(sources, variable, 'must be a name: letters, digits, -, . and :')
  return variable !== undefined
}

function branchFields(preset: Preset, { env }: ProviderSources, { auth }: Row): Pick<ProviderConfig, 'branches'> {
  if (preset.branches === undefined) return {}
  const branches = branchesOf(preset, env)
  return { branches: auth === 'none' ? branches.map((branch) => ({ ...branch, auth })) : branches }
}

function demoFrom(preset: Preset, row: Row): ProviderConfig {
  return fromPreset(preset, addressOf(preset, {}) ?? '', row)
}

interface FoundKey {
  readonly variable: string
  readonly value: string
}

/**
 * The first variable that holds a provider's key. A gateway token there means that the shell has a client's variables set: a
 * fault, unless another variable has the key.
 */
function keyFrom(preset: Preset | undefined, sources: ProviderSources): FoundKey | undefined {
  const found = (preset?.keyVariables ?? []).flatMap((variable) => {
    const value = sources.env[variable]?.trim()
    return value === undefined || value === '' ? [] : [{ variable, value }]
  })
  const usable = found.find(({ value }) => !value.startsWith('gw_'))
  const [token] = found
  if (usable !== undefined || token === undefined || preset === undefined) return usable
  sources.issues.push({
    path: token.variable,
    message:
      `holds a gateway token (gw_…), which is for clients: this shell is set up for a client of the gateway. ` +
      `Start the gateway where ${token.variable} is not set (env -u ${token.variable} metis-gateway), ` +
      `or put the key that ${preset.name} gave you into ${preset.keyVariables[0]}`,
  })
  return undefined
}

function fromPreset(preset: Preset, address: string, row: Row): ProviderConfig {
  const maxTokensField = row.max_tokens_field ?? preset.maxTokensField
  return {
    name: preset.name,
    vendor: preset.name,
    wire: row.wire ?? preset.wire,
    baseUrl: address.replace(/\/+$/, ''),
    auth: row.auth ?? preset.auth,
    headers: row.headers ?? {},
    models: row.models ?? [],
    ...(maxTokensField === undefined ? {} : { maxTokensField }),
    replaysReasoning: row.replays_reasoning ?? preset.replaysReasoning ?? false,
    streamOptions: row.stream_options ?? preset.streamOptions ?? true,
    safetyIdentifier: preset.safetyIdentifier ?? false,
    geminiDialect: preset.geminiDialect ?? false,
    responses: row.responses ?? preset.responses ?? false,
    clientLogins: row.client_logins ?? ((row.wire ?? preset.wire) === 'anthropic' && isAnthropic(address)),
  }
}

/** A server in between is told nobody's login unasked: it may have a key of its own that pays. */
function isAnthropic(baseUrl: string): boolean {
  const url = parseUrl(baseUrl)
  return url?.protocol === 'https:' && url.host === 'api.anthropic.com'
}

/** A vendor under another name is still that vendor, with its prices. */
function vendorAt(address: string, presets: readonly Preset[]): Preset | undefined {
  const host = parseUrl(address)?.hostname
  if (host === undefined) return undefined
  return presets.find(({ baseUrl, baseUrlVariable }) =>
    typeof baseUrl === 'string'
      ? baseUrlVariable === undefined && parseUrl(baseUrl)?.hostname === host
      : baseUrl.hosts.test(host),
  )
}
