// Which headers go down to a client (reliability.md §7: an allow-list), and our own beside them.
import { formatModelRef } from '../catalog/models.ts'
import type { GatewayError } from '../ir/errors.ts'
import type { Warning } from '../ir/warning.ts'
import type { TurnAnswer } from '../engine/engine.ts'

const passedDown = new Set(['request-id', 'x-request-id', 'anthropic-version', 'openai-version', 'openai-processing-ms'])
const passedDownPrefixes = ['anthropic-ratelimit-', 'x-ratelimit-', 'anthropic-fast-']
const WARNINGS_LIMIT = 1024

/** Of a provider's headers, those that a client may see. */
export function passDown(upstream: Headers): Record<string, string> {
  const headers: Record<string, string> = {}
  upstream.forEach((value, name) => {
    if (passedDown.has(name) || passedDownPrefixes.some((prefix) => name.startsWith(prefix))) headers[name] = value
  })
  return headers
}

export function answerHeaders(turnId: string, answer: TurnAnswer): Record<string, string> {
  const headers = passDown(answer.answer.headers)
  headers['x-metis-turn-id'] = turnId
  headers['x-metis-model'] = headerText(formatModelRef(answer.model))
  if (answer.turn.deferred) headers['x-metis-trace'] = 'deferred'
  addWarnings(headers, answer)
  return headers
}

/** Again when the answer has been read: what it lost on its way is known only then. */
export function addWarnings(headers: Record<string, string>, { answer, turn }: TurnAnswer): void {
  // Between two ends of one wire there is nothing to tell, and this is asked twice for each answer.
  if (answer.warnings.length + turn.tally.warnings.length === 0) return
  const names = warningNames([...answer.warnings, ...turn.tally.warnings])
  if (names !== '') headers['x-metis-warnings'] = names
}

/** @param passRetryAfter keeps the provider's own wait */
export function errorHeaders(error: GatewayError, turnId: string | null, requestIdHeader: string): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'x-content-type-options': 'nosniff',
    'x-metis-error': error.code,
    // Told not to, Claude Code would not fetch itself a new login either.
    ...(error.code === 'own_credential_refused' ? {} : { 'x-should-retry': retryHelps(error) ? 'true' : 'false' }),
  }
  if (error.details.upstream !== undefined) Object.assign(headers, passDown(error.details.upstream.headers))
  if (turnId !== null) {
    headers['x-metis-turn-id'] = turnId
    headers[requestIdHeader] ??= `req_${turnId}`
  }
  const { retryAfterMs, allow } = error.details
  if (retryAfterMs !== undefined) {
    headers['retry-after'] = String(Math.max(1, Math.ceil(retryAfterMs / 1000)))
    if (error.details.upstream?.headers.has('retry-after-ms') === true)
      headers['retry-after-ms'] = String(Math.ceil(retryAfterMs))
  }
  if (allow !== undefined) headers.allow = allow
  return headers
}

/** Only what a wait of seconds cures, and that the gateway has not itself tried again (contract.md §4). */
function retryHelps(error: GatewayError): boolean {
  switch (error.code) {
    // A bad key is no better after a while.
    case 'rate_limit_exceeded':
      return error.details.upstream === undefined && error.details.fields?.['scope'] !== 'address'
    case 'store_unavailable':
    case 'overloaded':
    case 'shutting_down':
    case 'request_timeout':
      return error.details.upstream === undefined
    default:
      return false
  }
}

function warningNames(warnings: readonly Warning[]): string {
  const names = [...new Set(warnings.map((warning) => headerText(warning.field).replaceAll(/[ ,]/g, '_')))]
  let header = ''
  for (const name of names) {
    const next = header === '' ? name : `${header},${name}`
    if (next.length > WARNINGS_LIMIT) break
    header = next
  }
  return header
}

/** A client's text in a header: what is not visible ASCII becomes `_`, for a header that cannot be written loses the answer. */
function headerText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, '_')
}
