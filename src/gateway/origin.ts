// Localhost is not a trust zone (reliability.md §6): a page in the developer's browser can reach it. Host and Origin are
// parsed once and compared whole; nothing else in the program reads them.
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../ir/errors.ts'

const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]'])

/** null = let it in. Applies to reads too. */
export function refuseForeign(headers: Headers, config: Pick<Config, 'allowedHosts' | 'corsOrigins'>): GatewayError | null {
  const host = headers.get('host')
  if (host !== null && !isOwnHost(host, config.allowedHosts)) {
    return new GatewayError(
      'auth',
      'host_not_allowed',
      'This Host is not allowed. Use localhost or 127.0.0.1, or add the name to allowed_hosts in the configuration.',
    )
  }
  const origin = headers.get('origin')
  if (origin !== null && !isOwnOrigin(origin, host, config)) return foreignOrigin()
  if (origin === null && headers.get('sec-fetch-site') === 'cross-site') return foreignOrigin()
  return null
}

function isOwnHost(host: string, allowed: readonly string[]): boolean {
  const name = hostNameOf(host)
  if (name === null) return false
  return loopbackHosts.has(name) || allowed.includes(name) || allowed.includes(host.toLowerCase())
}

/** Without the port; null for what is no host at all. */
function hostNameOf(host: string): string | null {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/i.exec(host)
  return match?.[1]?.toLowerCase() ?? null
}

/** Our own pages come from the host they talk to. */
function isOwnOrigin(origin: string, host: string | null, config: Pick<Config, 'allowedHosts' | 'corsOrigins'>): boolean {
  if (config.corsOrigins.includes(origin)) return true
  const rest = /^https?:\/\/(.+)$/.exec(origin)?.[1]
  return rest !== undefined && host !== null && rest.toLowerCase() === host.toLowerCase() && isOwnHost(rest, config.allowedHosts)
}

function foreignOrigin(): GatewayError {
  return new GatewayError('auth', 'origin_not_allowed', 'Requests from pages of another origin are not allowed.')
}
