// How serve answers: JSON with one error shape, `{error: {code, message}}`, whatever went wrong.
import { InvalidParameter } from '../analytics/invalid-parameter.ts'
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

/** A fault that nobody foresaw is told to the log, not to the client. */
export function faultAnswer(thrown: unknown, logger: Logger): Response {
  if (thrown instanceof InvalidParameter) return invalidParameter(thrown)
  if (thrown instanceof GatewayError) return errorAnswer(thrown.status, thrown.code, thrown.message)
  const detail = thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)
  logger.log('error', 'serve could not answer', { error: detail })
  return errorAnswer(500, 'internal_error', 'Something went wrong inside serve; its log says what.')
}

/** A name that the client made up goes into the message, shortened, and never into the code. */
function invalidParameter({ param, message }: InvalidParameter): Response {
  const word = /^[a-z][a-z_]{0,39}$/.test(param) ? param : 'parameter'
  return errorAnswer(400, `invalid_${word}`, `${param.slice(0, 60)} ${message}.`)
}
