// One error class and closed sets of words. Each protocol has one table from word to envelope (reliability.md §12);
// only a door turns a GatewayError into an answer.

/** As stored in the trace (contract.md §5). */
export type ErrorClass =
  | 'auth'
  | 'rate_limit'
  | 'server_error'
  | 'overloaded'
  | 'network'
  | 'timeout'
  | 'context_overflow'
  | 'invalid_request'
  | 'other'
  | 'CANCELLED'
  | 'INTERRUPTED'

/** The gateway's own codes, and `upstream_error` for an answer of the provider that is passed on. */
export type ErrorCode = keyof typeof statusByCode

/** Default HTTP status of each code; `details.status` overrides it (a provider's own status). */
export const statusByCode = {
  invalid_json: 400,
  invalid_value: 400,
  unsupported_endpoint: 400,
  thread_unsupported_request: 400,
  invalid_api_key: 401,
  key_revoked: 401,
  key_expired: 401,
  own_credential_refused: 401,
  model_not_allowed: 403,
  host_not_allowed: 403,
  origin_not_allowed: 403,
  route_not_found: 404,
  model_not_found: 404,
  method_not_allowed: 405,
  request_timeout: 408,
  request_too_large: 413,
  unsupported_media_type: 415,
  unsupported_encoding: 415,
  quota_exceeded: 429,
  rate_limit_exceeded: 429,
  runaway_stopped: 429,
  internal_error: 500,
  upstream_error: 502,
  upstream_unreachable: 502,
  upstream_bad_response: 502,
  provider_auth_failed: 502,
  routing_failed: 503,
  store_unavailable: 503,
  overloaded: 503,
  shutting_down: 503,
  upstream_timeout: 504,
  client_closed_request: 499,
} as const

/** What the provider answered, kept so that a door of the same shape can pass it on as it came. */
export interface UpstreamAnswer {
  readonly shape: 'anthropic' | 'openai' | 'openai-responses'
  readonly status: number
  readonly headers: Headers
  /** The body's bytes as text; may hold secrets: redact before it reaches a log or a client of another shape. */
  readonly body: string
  /** The vendor's own words, when the body could be read. */
  readonly type?: string
  readonly code?: string
  readonly param?: string
}

export interface GatewayErrorDetails {
  readonly status?: number
  readonly retryAfterMs?: number
  /** The request's field that is at fault, as a path: `messages[3].content[1].type`. */
  readonly param?: string
  /** Extra fields for the envelope's error object, e.g. `key_id`, `limit_usd`, `tried`. Never secrets. */
  readonly fields?: Readonly<Record<string, unknown>>
  /** `Allow` of a 405. */
  readonly allow?: string
  readonly upstream?: UpstreamAnswer
  /** The client has the provider's own error frame already: a door of the same shape adds none. */
  readonly delivered?: boolean
  readonly cause?: unknown
}

/** Every failure that a client may see. `message` says what is wrong and what mends it, and never holds a secret. */
export class GatewayError extends Error {
  readonly errorClass: ErrorClass
  readonly code: ErrorCode
  readonly details: GatewayErrorDetails

  constructor(errorClass: ErrorClass, code: ErrorCode, message: string, details: GatewayErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'GatewayError'
    this.errorClass = errorClass
    this.code = code
    this.details = details
  }

  get status(): number {
    return this.details.status ?? statusByCode[this.code]
  }
}

export function unsupportedEndpoint(endpoint: string): GatewayError {
  const message = `This model's provider has no ${endpoint}: ask for a model of a provider that speaks OpenAI's wire.`
  return new GatewayError('invalid_request', 'unsupported_endpoint', message, { param: 'model' })
}

/** A request that says something we cannot carry: verdict R of translation.md. */
export function invalidValue(param: string, message: string): GatewayError {
  return new GatewayError('invalid_request', 'invalid_value', message, { param })
}
