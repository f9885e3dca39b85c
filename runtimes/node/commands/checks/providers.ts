// Are the providers' keys of the right shape and, when asked, do they open the door?
import type { ProviderConfig } from '../../../../src/config/schema.ts'
import { addProvider } from '../faults.ts'
import type { Finding } from './finding.ts'

/** How vendors' keys begin, where they say so. */
const keyShapes: Readonly<Record<string, RegExp>> = {
  anthropic: /^sk-ant-/,
  openai: /^sk-/,
  openrouter: /^sk-or-/,
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
  return providers.map(checkKey)
}

function checkKey({ name, vendor, apiKey, auth, baseUrl }: ProviderConfig): Finding {
  const at = `${name} (${baseUrl || 'built in'})`
  if (auth === 'none' || apiKey === undefined) return { check: 'providers', level: 'ok', message: `${at}: needs no key` }
  const shape = keyShapes[vendor ?? '']
  if (/\s/.test(apiKey) || (shape !== undefined && !shape.test(apiKey)))
    return {
      check: 'providers',
      level: 'warning',
      message: `${at}: the key does not look like one of theirs`,
      mend: 'check that it was pasted whole and belongs to this vendor; --probe tries it',
    }
  return { check: 'providers', level: 'ok', message: `${at}: has a key` }
}

/** One live call that costs nothing: the provider's list of models. */
export async function probeProvider(provider: ProviderConfig): Promise<Finding> {
  const { name, wire, baseUrl } = provider
  if (wire === 'demo') return { check: 'providers', level: 'ok', message: `${name}: is offline by design` }
  const url = wire === 'anthropic' ? `${baseUrl}/v1/models?limit=1` : `${baseUrl}/models`
  try {
    const answer = await fetch(url, { headers: headersOf(provider), redirect: 'manual', signal: AbortSignal.timeout(probeMs) })
    await answer.body?.cancel()
    if (answer.status === 401 || answer.status === 403)
      return {
        check: 'providers',
        level: 'fault',
        message: `${name}: refuses the key (${answer.status})`,
        mend: 'put in a key that is valid and allowed to list models',
      }
    // Not every server lists its models: an answer is enough.
    return { check: 'providers', level: answer.status < 500 ? 'ok' : 'warning', message: `${name}: answered ${answer.status}` }
  } catch {
    return {
      check: 'providers',
      level: 'fault',
      message: `${name}: cannot be reached at ${new URL(baseUrl).origin}`,
      mend: 'check the network, the proxy settings and base_url',
    }
  }
}

function headersOf({ wire, auth, apiKey, headers }: ProviderConfig): Record<string, string> {
  return {
    ...headers,
    ...(wire === 'anthropic' ? { 'anthropic-version': '2023-06-01' } : {}),
    ...(auth === 'x-api-key' && apiKey !== undefined ? { 'x-api-key': apiKey } : {}),
    ...(auth === 'bearer' && apiKey !== undefined ? { authorization: `Bearer ${apiKey}` } : {}),
  }
}
