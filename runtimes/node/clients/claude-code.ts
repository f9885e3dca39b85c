// Claude Code's settings.json: variables in its `env` win over the shell's. What else could bring a key of its own is switched off.
import { homedir } from 'node:os'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { CommandError } from '../commands/faults.ts'
import type { ClientSettings, PointedAt } from './client-settings.ts'

type Json = Record<string, unknown>

export const claudeCode: ClientSettings & { baseUrlIn(text: string): string | null } = {
  client: 'claude-code',
  title: 'Claude Code',
  // CLAUDE_CONFIG_DIR may list several: the first is the one that is written.
  folder: (env) => env['CLAUDE_CONFIG_DIR']?.split(',')[0] || join(env['HOME'] ?? homedir(), '.claude'),
  fileName: 'settings.json',

  pointed(text, access) {
    const settings = objectIn(text)
    const { apiKeyHelper: _helper, ...rest } = settings
    const env = objectAt(settings, 'env')
    const own = 'statusLine' in settings || access.statusLine === undefined
    const statusLine = own ? {} : { statusLine: { type: 'command', command: access.statusLine, padding: 0 } }
    return printed({ ...rest, env: { ...env, ...variablesOf(access, env) }, ...statusLine }, text)
  },

  leftAlone: (text) =>
    'statusLine' in objectIn(text) ? 'its own status line stays; metis-gateway statusline --setting prints ours' : null,

  /** Where the settings send it, whatever the environment says; null = nowhere. */
  baseUrlIn(text) {
    const url = objectAt(objectIn(text), 'env')['ANTHROPIC_BASE_URL']
    return typeof url === 'string' && url !== '' ? url : null
  },

  withoutGateway(text, original, statusLine) {
    const settings = withoutLine(objectIn(text), statusLine)
    const before = objectIn(original)
    const env = restored(objectAt(settings, 'env'), objectAt(before, 'env'))
    const { env: _env, ...rest } = settings
    const result = {
      ...rest,
      ...(Object.keys(env).length > 0 || 'env' in before ? { env } : {}),
      ...('apiKeyHelper' in before && !('apiKeyHelper' in rest) ? { apiKeyHelper: before['apiKeyHelper'] } : {}),
    }
    if (isDeepStrictEqual(result, before)) return original
    return printed(result, text)
  },
}

/** Somebody may have given it another padding; with another command it is theirs. */
function withoutLine(settings: Json, command: string | null): Json {
  if (command === null || objectAt(settings, 'statusLine')['command'] !== command) return settings
  const { statusLine: _line, ...rest } = settings
  return rest
}

/**
 * A bearer token wins over a login and asks nobody for approval; an empty one is none, also where the shell exports one: two
 * credentials of ours and somebody else's in one request are refused. Beside a login of its own the token stands in a header.
 */
function variablesOf({ url, token, ownLogin = false }: PointedAt, env: Json): Readonly<Record<string, string>> {
  const shared = { ANTHROPIC_BASE_URL: url, ANTHROPIC_API_KEY: '' }
  if (!ownLogin) return { ...shared, ANTHROPIC_AUTH_TOKEN: token }
  const others = withoutOurs(textAt(env, 'ANTHROPIC_CUSTOM_HEADERS'))
  const headers = [...(others === '' ? [] : [others]), `${keyHeader}${token}`].join('\n')
  return { ...shared, ANTHROPIC_AUTH_TOKEN: '', ANTHROPIC_CUSTOM_HEADERS: headers }
}

const keyHeader = 'x-metis-key: '
const isOurs = (line: string): boolean => line.startsWith(`${keyHeader}gw_`)
const withoutOurs = (headers: string): string =>
  headers
    .split('\n')
    .filter((line) => !isOurs(line))
    .join('\n')

/** Each of our variables as it was before; somebody who has put in another token since means the others, too. */
function restored(env: Json, before: Json): Json {
  const headers = textAt(env, 'ANTHROPIC_CUSTOM_HEADERS')
  const inHeader = headers.split('\n').some(isOurs)
  if (!inHeader && !textAt(env, 'ANTHROPIC_AUTH_TOKEN').startsWith('gw_')) return env
  const { ANTHROPIC_BASE_URL: _url, ANTHROPIC_AUTH_TOKEN: _token, ANTHROPIC_API_KEY: key, ...others } = env
  const was = Object.entries(before).filter(([name]) => credentials.has(name))
  const result: Json = {
    ...others,
    ...Object.fromEntries(was),
    ...(key === '' || key === undefined ? {} : { ANTHROPIC_API_KEY: key }),
  }
  if (!inHeader) return result
  const { ANTHROPIC_CUSTOM_HEADERS: _headers, ...bare } = result
  const rest = withoutOurs(headers)
  return rest === '' && !('ANTHROPIC_CUSTOM_HEADERS' in before) ? bare : { ...result, ANTHROPIC_CUSTOM_HEADERS: rest }
}

const credentials = new Set(['ANTHROPIC_BASE_URL', 'ANTHROPIC_AUTH_TOKEN', 'ANTHROPIC_API_KEY'])

function textAt(env: Json, name: string): string {
  const value = env[name]
  return typeof value === 'string' ? value : ''
}

function objectIn(text: string | null): Json {
  if (text === null || text.trim() === '') return {}
  try {
    const value: unknown = JSON.parse(text)
    if (isObject(value)) return value
  } catch {
    // Said below: comments are not JSON, and would be lost.
  }
  throw new CommandError('it is not a JSON object')
}

function objectAt(settings: Json, name: string): Json {
  const value = settings[name]
  return isObject(value) ? value : {}
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null && !Array.isArray(value)

/** With the indent that the file had. */
function printed(settings: Json, text: string | null): string {
  const indent = /^\{\r?\n([ \t]+)/.exec(text ?? '')?.[1] ?? '  '
  return `${JSON.stringify(settings, null, indent)}\n`
}
