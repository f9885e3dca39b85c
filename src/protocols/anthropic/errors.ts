// Failures, both ways: a provider's answer to a GatewayError, a GatewayError to this wire's envelope (translation.md §5,
// reliability.md §12).
import { GatewayError, type ErrorCode } from '../../ir/errors.ts'
import type { EncodedError } from '../protocol.ts'
import { ownAnswerOf, readErrorBody, upstreamErrorOf } from '../upstream-error.ts'
import { overflowMessageOf } from './overflow.ts'

/** @param body as text; its words are read when it is JSON of any known form */
export function decodeError(status: number, headers: Headers, body: string): GatewayError {
  return upstreamErrorOf({ shape: 'anthropic', status, headers, body, ...readErrorBody(body) })
}

/** An error that came with status 200, in a stream or as a whole body: its type names the status that was meant. */
export function errorOfBody(body: string): GatewayError {
  const { type } = readErrorBody(body)
  const error = decodeError((type === undefined ? undefined : statusByType[type]) ?? 500, new Headers(), body)
  return error.code === 'upstream_error'
    ? new GatewayError(error.errorClass, 'upstream_bad_response', error.message, error.details)
    : error
}

/** What is not an answer of this wire at all; none of its text is shown. */
export function badResponse(message: string, cause?: unknown): GatewayError {
  return new GatewayError('other', 'upstream_bad_response', message, cause === undefined ? {} : { cause })
}

export function encodeError(error: GatewayError, requestId: string): EncodedError {
  const own = ownAnswerOf(error, 'anthropic')
  return {
    status: own?.status ?? statusOf(error),
    body: own?.body ?? JSON.stringify(envelopeOf(error, requestId)),
  }
}

function envelopeOf(error: GatewayError, requestId: string): Record<string, unknown> {
  const { param, fields, upstream } = error.details
  const message = error.errorClass === 'context_overflow' ? overflowMessageOf(error.message) : error.message
  const words = { type: typeOf(error), message, code: upstream?.code ?? error.code }
  return { type: 'error', error: { ...words, ...(param === undefined ? {} : { param }), ...fields }, request_id: requestId }
}

function statusOf(error: GatewayError): number {
  // 529 is this wire's own word for it: clients of it wait and come back.
  return isProvidersWord(error) && error.errorClass === 'overloaded' ? 529 : error.status
}

/** Named by the status that the provider meant, not by a code of ours. */
function isProvidersWord(error: GatewayError): boolean {
  return error.code === 'upstream_error' || (error.code === 'upstream_bad_response' && error.details.upstream !== undefined)
}

const statusByType: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
}

const typeByStatus: Readonly<Record<number, string>> = {
  402: 'billing_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

const typeByCode: Readonly<Record<ErrorCode, string>> = {
  invalid_json: 'invalid_request_error',
  invalid_value: 'invalid_request_error',
  unsupported_endpoint: 'invalid_request_error',
  thread_unsupported_request: 'invalid_request_error',
  invalid_api_key: 'authentication_error',
  key_revoked: 'authentication_error',
  key_expired: 'authentication_error',
  own_credential_refused: 'authentication_error',
  model_not_allowed: 'permission_error',
  host_not_allowed: 'permission_error',
  origin_not_allowed: 'permission_error',
  route_not_found: 'not_found_error',
  model_not_found: 'not_found_error',
  method_not_allowed: 'invalid_request_error',
  request_timeout: 'timeout_error',
  request_too_large: 'request_too_large',
  unsupported_media_type: 'invalid_request_error',
  unsupported_encoding: 'invalid_request_error',
  quota_exceeded: 'rate_limit_error',
  rate_limit_exceeded: 'rate_limit_error',
  runaway_stopped: 'rate_limit_error',
  internal_error: 'api_error',
  upstream_error: 'api_error',
  upstream_unreachable: 'api_error',
  upstream_bad_response: 'api_error',
  provider_auth_failed: 'api_error',
  routing_failed: 'api_error',
  store_unavailable: 'overloaded_error',
  overloaded: 'overloaded_error',
  shutting_down: 'overloaded_error',
  upstream_timeout: 'timeout_error',
  client_closed_request: 'api_error',
}

function typeOf(error: GatewayError): string {
  if (!isProvidersWord(error)) return typeByCode[error.code]
  const status = statusOf(error)
  return typeByStatus[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error')
}
