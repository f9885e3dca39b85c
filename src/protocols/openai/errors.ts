// Errors on this wire, both ways: a provider's refusal to a GatewayError, a GatewayError to `{error:{message,type,param,code}}`
// (translation.md §5, reliability.md §12).
import { GatewayError, type ErrorCode } from '../../ir/errors.ts'
import type { ClientProtocol, ServerProtocol } from '../protocol.ts'
import { isSpendLimit, maskSecrets, ownAnswerOf, readErrorBody, upstreamErrorOf } from '../upstream-error.ts'

/** Both of OpenAI's wires have one envelope; an answer is passed on as it came only to a client of its own. */
export function createErrors(shape: OpenaiShape): Pick<ClientProtocol, 'decodeError'> & Pick<ServerProtocol, 'encodeError'> {
  return {
    decodeError: (status, headers, body) => upstreamErrorOf({ shape, status, headers, body, ...readErrorBody(body) }),
    encodeError(error) {
      const own = ownAnswerOf(error, shape)
      return { status: own?.status ?? error.status, body: own?.body ?? JSON.stringify({ error: errorObjectOf(error) }) }
    },
  }
}

type OpenaiShape = 'openai' | 'openai-responses'

/**
 * An error where an answer was promised: the body of a 200, or a frame of a stream. Its status is the one the error names, else
 * 502. `delivered`: the client gets the provider's own frame, unless that is about our credential.
 */
export function errorInAnswer(text: string, delivered: boolean): GatewayError {
  const words = readErrorBody(text)
  const status = statusNamedBy(words.code, words.type)
  const headers = new Headers()
  const facts = { shape: 'openai' as const, headers, body: text, ...words }
  const guess = upstreamErrorOf({ ...facts, status: status ?? 502 })
  const tooLong = status === undefined && guess.errorClass === 'context_overflow'
  const { errorClass, details } = tooLong ? upstreamErrorOf({ ...facts, status: 400 }) : guess
  if (errorClass === 'auth') return guess
  const message = words.message === undefined ? 'the provider sent an error in place of an answer' : maskSecrets(words.message)
  return new GatewayError(errorClass, 'upstream_bad_response', message, delivered ? { ...details, delivered } : details)
}

/** The bytes are no answer of this wire: HTML, nothing, a cut body, a frame that is not JSON. */
export function badAnswer(message: string, cause?: unknown): GatewayError {
  return new GatewayError('other', 'upstream_bad_response', message, cause === undefined ? {} : { cause })
}

/** The bytes stopped before the answer did. */
export function cutAnswer(): GatewayError {
  return new GatewayError('network', 'upstream_bad_response', 'the provider closed the stream before the end of its answer')
}

/** The error object of an envelope, and of the frame that ends a broken stream. */
export function errorObjectOf(error: GatewayError): Record<string, unknown> {
  const { type, code } = wordsOf(error)
  return { message: error.message, type, param: error.details.param ?? null, code, ...error.details.fields }
}

interface Words {
  readonly type: string
  readonly code: string | null
}

function wordsOf(error: GatewayError): Words {
  const byCode = typeByCode[error.code]
  if (byCode !== undefined) return { type: byCode, code: error.code }
  if (error.errorClass === 'context_overflow') return { type: 'invalid_request_error', code: 'context_length_exceeded' }
  if (isSpendLimit(error)) return { type: 'insufficient_quota', code: 'insufficient_quota' }
  return upstreamWordsOf(error)
}

function upstreamWordsOf(error: GatewayError): Words {
  if (error.errorClass === 'overloaded') return { type: 'server_error', code: 'overloaded' }
  if (error.errorClass === 'rate_limit') return { type: 'rate_limit_error', code: 'rate_limit_exceeded' }
  if (error.status >= 500) return { type: 'server_error', code: error.code }
  if (error.status === 404) return { type: 'invalid_request_error', code: 'model_not_found' }
  if (error.status === 413) return { type: 'invalid_request_error', code: 'request_too_large' }
  return { type: 'invalid_request_error', code: error.details.upstream?.code ?? null }
}

// The two without a type depend on what the provider said.
const typeByCode: { readonly [code in ErrorCode]: string | undefined } = {
  invalid_json: 'invalid_request_error',
  invalid_value: 'invalid_request_error',
  unsupported_endpoint: 'invalid_request_error',
  thread_unsupported_request: 'invalid_request_error',
  invalid_api_key: 'invalid_request_error',
  key_revoked: 'invalid_request_error',
  key_expired: 'invalid_request_error',
  own_credential_refused: 'invalid_request_error',
  model_not_allowed: 'invalid_request_error',
  host_not_allowed: 'invalid_request_error',
  origin_not_allowed: 'invalid_request_error',
  route_not_found: 'invalid_request_error',
  model_not_found: 'invalid_request_error',
  method_not_allowed: 'invalid_request_error',
  request_timeout: 'invalid_request_error',
  request_too_large: 'invalid_request_error',
  unsupported_media_type: 'invalid_request_error',
  unsupported_encoding: 'invalid_request_error',
  quota_exceeded: 'insufficient_quota',
  rate_limit_exceeded: 'rate_limit_error',
  runaway_stopped: 'insufficient_quota',
  internal_error: 'server_error',
  upstream_error: undefined,
  upstream_unreachable: 'server_error',
  upstream_bad_response: undefined,
  provider_auth_failed: 'server_error',
  routing_failed: 'server_error',
  store_unavailable: 'server_error',
  overloaded: 'server_error',
  shutting_down: 'server_error',
  upstream_timeout: 'server_error',
  client_closed_request: 'invalid_request_error',
}

/** OpenRouter puts a status into `code`; others name it by a word. */
function statusNamedBy(code: string | undefined, type: string | undefined): number | undefined {
  const numeric = code === undefined ? Number.NaN : Number(code)
  if (Number.isInteger(numeric) && numeric >= 400 && numeric < 600) return numeric
  for (const word of [code, type]) {
    const status = word === undefined ? undefined : statusByWord.get(word)
    if (status !== undefined) return status
  }
  return undefined
}

const statusByWord = new Map([
  ['invalid_request_error', 400],
  ['context_length_exceeded', 400],
  ['authentication_error', 401],
  ['invalid_api_key', 401],
  ['permission_error', 403],
  ['insufficient_quota', 429],
  ['rate_limit_error', 429],
  ['rate_limit_exceeded', 429],
  ['overloaded_error', 503],
  ['service_unavailable', 503],
])
