// A request's body in one piece, which Bun has ready where a web stream would be made for it: for bodies that say how short they are.
import { webReadBody } from '../../src/gateway/web-ports.ts'
import { GatewayError } from '../../src/ir/errors.ts'
import type { ReadBody } from '../../src/services.ts'

/** Read whole, a body has one limit of time instead of one on its silences: short enough for any line that is alive. */
const WHOLE_BYTES = 64 * 1024
const WHOLE_MS = 20_000

export const bunReadBody: ReadBody = (request, limitBytes) => {
  return isShort(request.headers, limitBytes) ? readWhole(request) : webReadBody(request, limitBytes)
}

function isShort(headers: Headers, limitBytes: number): boolean {
  if (headers.has('transfer-encoding') || headers.has('content-encoding')) return false
  return Number(headers.get('content-length') ?? Number.NaN) <= Math.min(WHOLE_BYTES, limitBytes)
}

/** Bun's server takes no more of a body than its Content-Length says. */
function readWhole(request: Request): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new GatewayError('timeout', 'request_timeout', `The request body was not complete after ${WHOLE_MS / 1000} s.`))
    }, WHOLE_MS)
    request.arrayBuffer().then(
      (whole) => {
        clearTimeout(timer)
        resolve(new Uint8Array(whole))
      },
      (cause: unknown) => {
        clearTimeout(timer)
        const message = 'The client left before its request was complete.'
        reject(new GatewayError('CANCELLED', 'client_closed_request', message, { cause }))
      },
    )
  })
}
