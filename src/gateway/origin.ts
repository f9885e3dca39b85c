// Localhost is not a trust zone (reliability.md §6): a page in the developer's browser can reach it. Both servers ask here
// first, reads included; what is refused here has met neither routing nor authentication.
import type { Config } from '../config/schema.ts'
import { GatewayError } from '../ir/errors.ts'

type OriginConfig = Pick<Config, 'allowedHosts' | 'corsOrigins'>

/**
 * What to answer a request that another site made the browser send; null = it may pass. A request without Host passes: no
 * browser sends one, so nothing can be rebound with it.
 */
export function refuseForeign(headers: Headers, config: OriginConfig): GatewayError | null {
  const host = headers.get('host')
  if (host !== null && !isOurHost(host, config.allowedHosts)) return hostNotAllowed()
  const origin = headers.get('origin')
  if (origin !== null) return isOurOrigin(origin, host, config.corsOrigins) ? null : originNotAllowed()
  return headers.get('sec-fetch-site') === 'cross-site' ? originNotAllowed() : null
}

/** The grant for an origin in `cors_origins`; empty for all others, so that without that setting no CORS header exists. */
export function corsHeaders(headers: Headers, config: OriginConfig): Readonly<Record<string, string>> {
  const origin = headers.get('origin')
  if (origin === null || !config.corsOrigins.includes(origin)) return {}
  const grant = { 'access-control-allow-origin': origin, vary: 'origin' }
  if (!headers.has('access-control-request-method')) return { ...grant, 'access-control-expose-headers': '*' }
  return {
    ...grant,
    'access-control-allow-methods': 'GET, HEAD, POST, PATCH, DELETE, OPTIONS',
    // Named, because `*` leaves authorization out.
    'access-control-allow-headers': headers.get('access-control-request-headers') ?? 'authorization, content-type',
    'access-control-max-age': '600',
  }
}

const loopbackHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/i

/** Compared whole, port aside: no suffix, no user info, no trailing dot gets through. */
function isOurHost(host: string, allowed: readonly string[]): boolean {
  if (loopbackHost.test(host)) return true
  if (allowed.length === 0) return false
  const whole = host.toLowerCase()
  const name = whole.replace(/:\d{1,5}$/, '')
  return allowed.some((entry) => {
    const wanted = entry.toLowerCase()
    return wanted === whole || wanted === name
  })
}

/** `null` (a sandboxed frame, a file) is nobody's origin. */
function isOurOrigin(origin: string, host: string | null, cors: readonly string[]): boolean {
  if (cors.includes(origin)) return true
  if (host === null) return false
  const own = host.toLowerCase()
  return origin === `http://${own}` || origin === `https://${own}`
}

function hostNotAllowed(): GatewayError {
  return new GatewayError(
    'invalid_request',
    'host_not_allowed',
    'This Host is not served here. Use localhost or 127.0.0.1, or add the name to allowed_hosts in the configuration.',
  )
}

function originNotAllowed(): GatewayError {
  return new GatewayError(
    'invalid_request',
    'origin_not_allowed',
    'Requests from other web sites are refused. Add the origin to cors_origins in the configuration to allow it.',
  )
}
