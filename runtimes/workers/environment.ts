// The Worker's environment → what the program reads: text variables and secrets for providers, `METIS_CONFIG` in place of the
// file, `METIS_ROUTING` in place of the global routing.yaml.
import { ConfigError } from '../../src/config/errors.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import type { Config } from '../../src/config/schema.ts'
import { presets } from '../../src/providers/presets.ts'
import type { ReadPolicy } from '../../src/routing/policy/book.ts'
import type { D1Database } from './d1.ts'

/** Bindings of wrangler.toml, beside any number of text variables and secrets. */
export interface Env {
  readonly DB: D1Database
  readonly [name: string]: unknown
}

export interface Environment {
  readonly config: Config
  readonly adminToken: string | undefined
  readonly readPolicy: ReadPolicy | undefined
  /** Whether the cron trigger sums what is past. */
  readonly settles: boolean
}

const noPushing = 'is not for Workers: a Worker is a hub that laptops push to, and pushes to none itself. Take it out'

/** `hosts`: where Cloudflare routes requests from; it grows. @throws ConfigError */
export function readEnvironment(env: Env, hosts: readonly string[]): Environment {
  const text: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) if (typeof value === 'string') text[name] = value
  const config = resolveConfig({
    file: objectOf('METIS_CONFIG', env['METIS_CONFIG']),
    env: text,
    presets,
    demo: text['METIS_DEMO'] === '1',
  })
  // Nothing here runs between requests, so that nothing would ever be pushed.
  if (config.hub !== null) throw new ConfigError([{ path: 'METIS_CONFIG.hub', message: noPushing }])
  const routing = objectOf('METIS_ROUTING', env['METIS_ROUTING'])
  return {
    // A name reaches a Worker only where its owner has routed it here: nothing can be rebound to it.
    config: config.allowedHosts.length > 0 ? config : { ...config, allowedHosts: hosts },
    // Empty is none: what signs its sessions could be computed by anybody.
    adminToken: text['METIS_ADMIN_TOKEN'] || undefined,
    readPolicy: routing === null ? undefined : policyOf(routing),
    settles: isOn('METIS_SETTLE', text['METIS_SETTLE']),
  }
}

function isOn(name: string, value = 'on'): boolean {
  if (value !== 'on' && value !== 'off') throw new ConfigError([{ path: name, message: 'is on or off' }])
  return value === 'on'
}

/** A variable that wrangler.toml gives as a table, or as JSON in text. */
function objectOf(name: string, value: unknown): unknown {
  if (value === undefined || value === '') return null
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    // Not in the engine's words: they show the text around the fault, which may be a key.
    throw new ConfigError([{ path: name, message: 'is not JSON' }])
  }
}

function policyOf(content: unknown): ReadPolicy {
  const start = { line: 1, column: 1 }
  return (workspace, known) => {
    if (workspace !== null) return Promise.resolve({ kind: 'absent' })
    if (known !== null) return Promise.resolve({ kind: 'unchanged' })
    return Promise.resolve({ kind: 'read', path: 'METIS_ROUTING', version: '1', content, faults: [], placeOf: () => start })
  }
}
