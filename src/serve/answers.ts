// How serve answers: JSON with one error shape, `{error: {code, message}}`, whatever went wrong.
import { InvalidParameter } from '../analytics/invalid-parameter.ts'
import { SessionError } from '../engine/session-error.ts'
import { GatewayError } from '../ir/errors.ts'
import type { Logger } from '../services.ts'

type ExtraHeaders = Readonly<Record<string, string>>

export function jsonAnswer(status: number, body: unknown, headers: ExtraHeaders = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
      ...headers,
    },
  })
}

export function errorAnswer(status: number, code: string, message: string, headers: ExtraHeaders = {}): Response {
  return jsonAnswer(status, { error: { code, message } }, headers)
}

/** `tried` of a refused route, and the like, beside code and message. */
export function errorBody({ code, message, details }: GatewayError): object {
  return { error: { ...details.fields, code, message } }
}

/** A fault that nobody foresaw is told to the log, not to the client. */
export function faultAnswer(thrown: unknown, logger: Logger): Response {
  if (thrown instanceof InvalidParameter) return invalidParameter(thrown)
  if (thrown instanceof SessionError) return errorAnswer(thrown.status, thrown.code, thrown.message)
  if (thrown instanceof GatewayError && thrown.code !== 'internal_error') return jsonAnswer(thrown.status, errorBody(thrown))
  const cause = thrown instanceof GatewayError ? (thrown.details.cause ?? thrown) : thrown
  const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
  logger.log('error', 'serve could not answer', { error: detail })
  return errorAnswer(500, 'internal_error', 'Something went wrong inside serve; its log says what.')
}

/** A name that the client made up goes into the message, shortened, and never into the code. */
function invalidParameter({ param, message }: InvalidParameter): Response {
  const word = /^[a-z][a-z_]{0,39}$/.test(param) ? param : 'parameter'
  return errorAnswer(400, `invalid_${word}`, `${param.slice(0, 60)} ${message}.`)
}
