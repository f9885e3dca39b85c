// Are the providers' keys of the right shape and, when asked, do they open the door?
import type { ProviderConfig } from '../../../../src/config/schema.ts'
import { serviceAccountOf } from '../../../../src/config/service-account.ts'
import { addProvider } from '../faults.ts'
import type { Finding } from './finding.ts'

/** How vendors' keys begin, where they say so. */
const keyShapes: Readonly<Record<string, RegExp>> = {
  anthropic: /^sk-ant-/,
  openai: /^sk-/,
  openrouter: /^sk-or-/,
  gemini: /^(AIza|AQ\.)/,
  bedrock: /^(ABSK|bedrock-api-key-)/,
  groq: /^gsk_/,
  xai: /^xai-/,
  fireworks: /^fw_/,
  cerebras: /^csk-/,
}

const probeMs = 15_000

export function checkProviders(providers: readonly ProviderConfig[], configPath: string): readonly Finding[] {
  if (providers.length === 0)
    return [
      {
        check: 'providers',
        level: 'warning',
        message: 'no provider is configured: every request will be refused',
        mend: addProvider(configPath),
      },
    ]
  return providers.flatMap(checkKeys)
}

/** One of a provider's keys, and how to speak of it: by its place in the configuration, never by what it is. */
interface NamedKey {
  readonly apiKey: string
  readonly name: string
}

function keysOf({ apiKey, keyPool }: ProviderConfig): readonly NamedKey[] {
  if (keyPool !== undefined)
    return keyPool.map((key, index) => ({ apiKey: key.apiKey, name: `key ${index + 1} of ${keyPool.length}` }))
  return apiKey === undefined ? [] : [{ apiKey, name: 'the key' }]
}

function checkKeys(provider: ProviderConfig): readonly Finding[] {
  const { name, vendor, auth, baseUrl } = provider
  const at = `${name} (${baseUrl || 'built in'})`
  if (auth === 'google')
    return [{ check: 'providers', level: 'ok', message: `${at}: has the service account ${accountOf(provider)}` }]
  const keys = auth === 'none' ? [] : keysOf(provider)
  const shape = keyShapes[vendor ?? '']
  const odd = keys.filter(({ apiKey }) => /\s/.test(apiKey) || (shape !== undefined && !shape.test(apiKey)))
  if (odd.length > 0)
    return odd.map((key) => ({
      check: 'providers',
      level: 'warning',
      message: `${at}: ${key.name} does not look like one of theirs`,
      mend: 'check that it was pasted whole and belongs to this vendor; --probe tries it',
    }))
  const has = keys.length === 0 ? 'needs no key' : keys.length === 1 ? 'has a key' : `has ${keys.length} keys`
  return [{ check: 'providers', level: 'ok', message: `${at}: ${has}` }]
}

function accountOf({ apiKey = '' }: ProviderConfig): string {
  return serviceAccountOf(apiKey)?.clientEmail ?? ''
}

/** One live call that costs nothing with each of its keys: the provider's list of models. */
export function probeProvider(provider: ProviderConfig): Promise<readonly Finding[]> {
  const keys = keysOf(provider)
  return Promise.all(keys.length === 0 ? [probe(provider, null)] : keys.map((key) => probe(provider, key)))
}

async function probe(provider: ProviderConfig, key: NamedKey | null): Promise<Finding> {
  const { name, wire, auth, baseUrl, keyPool } = provider
  if (wire === 'demo') return { check: 'providers', level: 'ok', message: `${name}: is offline by design` }
  if (auth === 'google')
    return { check: 'providers', level: 'ok', message: `${name}: was not tried: it answers nothing that costs nothing` }
  const url = wire === 'anthropic' ? `${baseUrl}/v1/models?limit=1` : `${baseUrl}/models`
  const headers = headersOf(provider, key?.apiKey)
  try {
    const answer = await fetch(url, { headers, redirect: 'manual', signal: AbortSignal.timeout(probeMs) })
    if (await refusesKey(answer))
      return {
        check: 'providers',
        level: 'fault',
        message: `${name}: refuses ${key?.name ?? 'calls without a key'} (${answer.status})`,
        mend: 'put in a key that is valid and allowed to list models',
      }
    // Not every server lists its models: an answer is enough.
    const answered = `${name}: answered ${answer.status}${keyPool === undefined || key === null ? '' : ` to ${key.name}`}`
    return { check: 'providers', level: answer.status < 500 ? 'ok' : 'warning', message: answered }
  } catch {
    return {
      check: 'providers',
      level: 'fault',
      message: `${name}: cannot be reached at ${new URL(baseUrl).origin}`,
      mend: 'check the network, the proxy settings and base_url',
    }
  }
}

async function refusesKey(answer: Response): Promise<boolean> {
  if (answer.status === 401 || answer.status === 403) return true
  // Google's way of saying it.
  if (answer.status === 400) return (await answer.text()).includes('API_KEY_INVALID')
  await answer.body?.cancel()
  return false
}

function headersOf({ wire, auth, headers }: ProviderConfig, apiKey: string | undefined): Record<string, string> {
  return {
    ...headers,
    ...(wire === 'anthropic' ? { 'anthropic-version': '2023-06-01' } : {}),
    ...(auth === 'x-api-key' && apiKey !== undefined ? { 'x-api-key': apiKey } : {}),
    ...(auth === 'bearer' && apiKey !== undefined ? { authorization: `Bearer ${apiKey}` } : {}),
  }
}
