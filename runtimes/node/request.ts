// A socket's request as a WHATWG `Request` that costs almost nothing: method, URL, headers and signal are read from what Node
// already has; a real Request (20 µs) is only built for whoever asks for anything else. It is no `instanceof Request`: reading
// that global loads all of Node's fetch, 30 ms of a start.
import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { webOnClientGone } from '../../src/gateway/web-ports.ts'
import type { OnClientGone } from '../../src/services.ts'
import { createNodeHeaders, headerLinesOf } from './headers.ts'

/** The origin is ours, never the Host header: routing and authentication must not depend on it (CVE-2026-49468). */
const ORIGIN = 'http://localhost'

class NodeRequest {
  readonly incoming: IncomingMessage
  readonly method: string
  readonly url: string
  #headers: Headers | null = null
  #abort: AbortController | null = null
  #gone = false
  #onGone: (() => void) | null = null
  #whole: Request | null = null

  constructor(incoming: IncomingMessage) {
    this.incoming = incoming
    this.method = incoming.method ?? 'GET'
    this.url = ORIGIN + targetOf(incoming.url ?? '/')
  }
  get headers(): Headers {
    this.#headers ??= createNodeHeaders(headerLinesOf(this.incoming.rawHeaders))
    return this.#headers
  }
  get signal(): AbortSignal {
    if (this.#abort === null) {
      this.#abort = new AbortController()
      if (this.#gone) this.#abort.abort()
    }
    return this.#abort.signal
  }
  /** The client went away before its answer was complete. */
  gone(): void {
    this.#gone = true
    this.#abort?.abort()
    this.#onGone?.()
  }
  /** Without an AbortSignal, which costs more than the rest of this class. */
  whenGone(callback: () => void): void {
    if (this.#gone) callback()
    else this.#onGone = callback
  }
  get whole(): Request {
    if (this.#whole === null) {
      const hasBody = this.method !== 'GET' && this.method !== 'HEAD'
      const init = { method: this.method, headers: [...this.headers] satisfies [string, string][], signal: this.signal }
      this.#whole = new Request(this.url, hasBody ? { ...init, body: webStreamOf(this.incoming), duplex: 'half' } : init)
    }
    return this.#whole
  }
}

const proxied = [
  'body',
  'bodyUsed',
  'cache',
  'credentials',
  'destination',
  'integrity',
  'keepalive',
  'mode',
  'redirect',
  'referrer',
] as const
for (const name of proxied) {
  Object.defineProperty(NodeRequest.prototype, name, {
    get(this: NodeRequest) {
      return this.whole[name]
    },
  })
}
const methods = ['arrayBuffer', 'blob', 'bytes', 'clone', 'formData', 'json', 'text'] as const
for (const name of methods) {
  Object.defineProperty(NodeRequest.prototype, name, {
    value(this: NodeRequest) {
      return Reflect.get(this.whole, name).call(this.whole)
    },
  })
}

export interface SocketRequest {
  readonly request: Request
  /** Fires the request's signal. */
  readonly gone: () => void
}

export function createRequest(incoming: IncomingMessage): SocketRequest {
  const request = new NodeRequest(incoming)
  // The members above make it one; the compiler cannot see that.
  return { request: request as unknown as Request, gone: () => request.gone() }
}

/** What Node parsed, when this request came in through a socket of ours. */
export function incomingOf(request: Request): IncomingMessage | null {
  return request instanceof NodeRequest ? request.incoming : null
}

export const onSocketGone: OnClientGone = (request, gone) => {
  if (request instanceof NodeRequest) request.whenGone(gone)
  else webOnClientGone(request, gone)
}

function targetOf(target: string): string {
  if (target.startsWith('/')) return target
  // Absolute form, as to a proxy: only its path means anything here.
  if (!URL.canParse(target)) return '/'
  const url = new URL(target)
  return url.pathname + url.search
}

function webStreamOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  return Readable.toWeb(incoming) as ReadableStream<Uint8Array>
}
