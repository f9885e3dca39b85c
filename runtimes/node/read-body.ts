// A request's body off the socket: counted on bytes read, with a limit on silence (reliability.md §3).
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { webReadBody } from '../../src/gateway/web-ports.ts'
import { GatewayError } from '../../src/ir/errors.ts'
import type { ByteText } from '../../src/ir/json-body.ts'
import type { ReadBody } from '../../src/services.ts'
import { incomingOf } from './request.ts'

const IDLE_BODY_MS = 20_000

/** Both steps are native: 40 µs for 200 kB, where decoding takes 330. */
export const nodeByteText: ByteText = (bytes) =>
  isUtf8(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1') : null

/** @param idleMs the longest silence within a body */
export function createReadBody(idleMs: number): ReadBody {
  return (request, limitBytes) => {
    const incoming = incomingOf(request)
    return incoming === null ? webReadBody(request, limitBytes) : readIncoming(incoming, limitBytes, idleMs)
  }
}

export const nodeReadBody: ReadBody = createReadBody(IDLE_BODY_MS)

function readIncoming(incoming: IncomingMessage, limitBytes: number, idleMs: number): Promise<Uint8Array> {
  const encoding = incoming.headers['content-encoding']
  if (encoding !== undefined && encoding !== 'identity') return Promise.reject(unsupportedEncoding())
  if (Number(incoming.headers['content-length'] ?? 0) > limitBytes) return Promise.reject(tooLarge(limitBytes))
  return new Promise((resolve, reject) => {
    const buffers: Buffer[] = []
    let size = 0
    const idle = setTimeout(() => fail(tooSlow(idleMs)), idleMs)
    const finish = () => {
      clearTimeout(idle)
      incoming.off('data', onData).off('end', onEnd).off('error', onClose).off('close', onClose)
    }
    const fail = (error: unknown) => {
      finish()
      reject(error)
    }
    const onData = (bytes: Buffer) => {
      size += bytes.byteLength
      if (size > limitBytes) {
        fail(tooLarge(limitBytes))
        return
      }
      buffers.push(bytes)
      idle.refresh()
    }
    const onEnd = () => {
      finish()
      const [only] = buffers
      resolve(only !== undefined && buffers.length === 1 ? only : Buffer.concat(buffers, size))
    }
    // Before its end, a body only breaks with its connection; Node tells by an error, a close, or both.
    const onClose = () =>
      fail(new GatewayError('CANCELLED', 'client_closed_request', 'The client left before its request was complete.'))
    incoming.on('data', onData).on('end', onEnd).on('error', onClose).on('close', onClose)
  })
}

function tooLarge(limitBytes: number): GatewayError {
  return new GatewayError('invalid_request', 'request_too_large', `The request body is larger than ${limitBytes} bytes.`)
}

function unsupportedEncoding(): GatewayError {
  return new GatewayError(
    'invalid_request',
    'unsupported_encoding',
    'Compressed request bodies are not accepted; send it without content-encoding.',
  )
}

function tooSlow(idleMs: number): GatewayError {
  return new GatewayError('timeout', 'request_timeout', `The request body stopped for ${idleMs / 1000} s.`)
}
