// The way upstream on Node: an undici Agent driven at its lowest level. The global fetch costs 2.5–5 × the CPU (performance.md).
import { channel } from 'node:diagnostics_channel'
import { Agent, type Dispatcher } from 'undici'
import { UpstreamFailure, type Send, type UpstreamFault, type UpstreamResponse } from '../../src/services.ts'
import { decompress } from './decompress.ts'
import { createNodeHeaders } from './headers.ts'
import { UpstreamBody } from './upstream-body.ts'

const MAX_HEADER_BYTES = 16 * 1024
/** Below what most servers and balancers keep, so that we rarely meet a connection that is about to close. */
const KEEP_ALIVE_MS = 10_000

export interface NodeSend {
  readonly send: Send
  close(): Promise<void>
}

export function createSend(options: { readonly connectMs: number }): NodeSend {
  const agent = new Agent({
    connect: { timeout: options.connectMs },
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: MAX_HEADER_BYTES,
    // The wire's own limits are in the provider; timeouts are per request.
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const reuse = watchReuse()
  return {
    send(request, signal) {
      return new Promise<UpstreamResponse>((resolve, reject) => {
        const exchange = new Exchange(signal, resolve, reject, reuse.starting)
        const url = new URL(request.url)
        agent.dispatch(
          {
            origin: url.origin,
            path: url.pathname + url.search,
            method: request.method,
            headers: request.headers,
            body: request.body ?? null,
            headersTimeout: request.firstByteMs,
            bodyTimeout: request.idleMs,
          },
          exchange,
        )
      })
    },
    async close() {
      reuse.stop()
      await agent.destroy()
    },
  }
}

/** One request and its answer: undici's handler on one side, a promise and an async iterable on the other. */
class Exchange implements Dispatcher.DispatchHandler {
  reused = false
  readonly #signal: AbortSignal
  readonly #resolve: (response: UpstreamResponse) => void
  readonly #reject: (error: unknown) => void
  readonly #starting: (exchange: Exchange) => void
  #controller: Dispatcher.DispatchController | null = null
  #body: UpstreamBody | null = null
  #settled = false
  readonly #onAbort = () => this.#abort()

  constructor(
    signal: AbortSignal,
    resolve: (response: UpstreamResponse) => void,
    reject: (error: unknown) => void,
    starting: (exchange: Exchange) => void,
  ) {
    this.#signal = signal
    this.#resolve = resolve
    this.#reject = reject
    this.#starting = starting
    if (signal.aborted) this.#abort()
    else signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#signal.aborted) controller.abort(aborted(this.#signal))
    else this.#starting(this)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx: the answer is still to come.
    if (status < 200) return
    this.#settled = true
    const lines = new Map<string, string>()
    for (const name of Object.keys(headers)) {
      const value = headers[name]
      if (value !== undefined) lines.set(name, typeof value === 'string' ? value : value.join(', '))
    }
    this.#body = new UpstreamBody(controller)
    const encoding = lines.get('content-encoding')
    const body = encoding === undefined || encoding === 'identity' ? this.#body : decompress(this.#body, encoding)
    this.#resolve({ status, headers: createNodeHeaders(lines), body })
  }

  onResponseData(_controller: Dispatcher.DispatchController, bytes: Buffer): void {
    this.#body?.push(bytes)
  }

  onResponseEnd(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#body?.end()
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    const failure = this.#signal.aborted
      ? aborted(this.#signal)
      : new UpstreamFailure(faultOf(error, this.#body !== null, this.reused), error)
    if (this.#body !== null) this.#body.fail(failure)
    else if (!this.#settled) this.#reject(failure)
    this.#settled = true
  }

  #abort(): void {
    const reason = aborted(this.#signal)
    if (!this.#settled) this.#reject(reason)
    this.#settled = true
    this.#controller?.abort(reason)
  }
}

function aborted(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('aborted', 'AbortError')
}

function faultOf(error: Error, answering: boolean, reused: boolean): UpstreamFault {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  if (code === 'UND_ERR_CONNECT_TIMEOUT') return 'connect_timeout'
  if (code === 'UND_ERR_HEADERS_TIMEOUT') return 'first_byte_timeout'
  if (code === 'UND_ERR_BODY_TIMEOUT') return 'idle_timeout'
  if (code.startsWith('HPE_') || code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return 'malformed'
  if (answering) return 'reset'
  if (code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE') return reused ? 'stale' : 'reset'
  return 'connect'
}

/**
 * Tells an exchange whether its connection has carried another before: only then is a close without an answer a stale
 * connection. undici announces the socket right after `onRequestStart`, in the same call.
 */
function watchReuse(): { starting: (exchange: Exchange) => void; stop: () => void } {
  const sendHeaders = channel('undici:client:sendHeaders')
  const used = new WeakSet<object>()
  let current: Exchange | null = null
  const onSend = (message: unknown) => {
    if (current === null || typeof message !== 'object' || message === null || !('socket' in message)) return
    const { socket } = message
    if (typeof socket !== 'object' || socket === null) return
    current.reused = used.has(socket)
    used.add(socket)
    current = null
  }
  sendHeaders.subscribe(onSend)
  return {
    starting(exchange) {
      current = exchange
    },
    stop() {
      sendHeaders.unsubscribe(onSend)
    },
  }
}
