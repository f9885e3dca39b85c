// What a client is told by its environment: where the gateway is, what opens it, and the headers that say what is worked on.
import { basename } from 'node:path'
import type { Access } from './clients.ts'
import type { Io } from './io.ts'

export interface Attributed extends Access {
  readonly project: string
  readonly branch: string | null
  /** The client is billed by its own login: the token stands in a header beside it. */
  readonly ownLogin: boolean
}

export type Family = 'claude-code' | 'codex' | 'other'

export function familyOf(command: string): Family {
  const name = basename(command).replace(/\.(?:exe|cmd)$/, '')
  return name === 'claude' ? 'claude-code' : name === 'codex' ? 'codex' : 'other'
}

export function environmentFor(family: Family, to: Attributed, env: Io['env']): Io['env'] {
  const headers = Object.entries(headersOf(to)).map(([name, value]) => `${name}: ${value}`)
  // A run inside a run: the outer one's key beside this one's would be refused, and its work is not this one's.
  const others = (env['ANTHROPIC_CUSTOM_HEADERS'] ?? '').split('\n').filter((line) => line !== '' && !ownHeader.test(line))
  const custom = [...others, ...headers].join('\n')
  switch (family) {
    case 'claude-code': {
      // As a bearer token it wins over a login and asks nobody for approval; a key beside it would be another credential.
      const { ANTHROPIC_API_KEY: _key, ANTHROPIC_AUTH_TOKEN: _token, ...rest } = env
      if (to.ownLogin)
        return { ...rest, ANTHROPIC_BASE_URL: to.url, ANTHROPIC_CUSTOM_HEADERS: `${custom}\nx-metis-key: ${to.token}` }
      return { ...rest, ANTHROPIC_BASE_URL: to.url, ANTHROPIC_AUTH_TOKEN: to.token, ANTHROPIC_CUSTOM_HEADERS: custom }
    }
    case 'codex':
      return { ...env, METIS_GATEWAY_KEY: to.token }
    case 'other': {
      const { ANTHROPIC_AUTH_TOKEN: _token, ...rest } = env
      return {
        ...rest,
        ANTHROPIC_BASE_URL: to.url,
        ANTHROPIC_API_KEY: to.token,
        ANTHROPIC_CUSTOM_HEADERS: custom,
        OPENAI_BASE_URL: `${to.url}/v1`,
        OPENAI_API_KEY: to.token,
        METIS_GATEWAY_KEY: to.token,
      }
    }
    default:
      return family satisfies never
  }
}

const ownHeader = /^\s*x-metis-(?:key|project|branch)\s*:/i

/** Codex takes a provider from no variable: the arguments that go before its own. The token stays in the environment. */
export function overridesFor(family: Family, to: Attributed): readonly string[] {
  if (family !== 'codex') return []
  const headers = Object.entries(headersOf(to)).map(([name, value]) => `${JSON.stringify(name)} = ${JSON.stringify(value)}`)
  const provider = [
    'name = "Metis gateway"',
    `base_url = ${JSON.stringify(`${to.url}/v1`)}`,
    'env_key = "METIS_GATEWAY_KEY"',
    'wire_api = "responses"',
    'request_max_retries = 0',
    'stream_max_retries = 0',
    `http_headers = { ${headers.join(', ')} }`,
  ]
  return ['-c', 'model_provider="metis"', '-c', `model_providers.metis={ ${provider.join(', ')} }`]
}

function headersOf({ project, branch }: Attributed): Readonly<Record<string, string>> {
  return { 'x-metis-project': inHeader(project), ...(branch === null ? {} : { 'x-metis-branch': inHeader(branch) }) }
}

/** A header holds printable ASCII; a folder may be called anything. */
const inHeader = (text: string): string =>
  text
    .replaceAll(/[^\x20-\x7e]/gu, '_')
    .trim()
    .slice(0, 200)
