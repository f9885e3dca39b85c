// The way upstream on runtimes whose only client is fetch. Node brings its own (performance.md, "What follows" 1).
import { ownedBytes } from '../lib/bytes.ts'
import { createSilence } from '../lib/silence.ts'
import { UpstreamFailure, type Send, type UpstreamFault } from '../services.ts'

/** fetch, with what a runtime adds to its options. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** @param faultOf what the runtime's own error says; answers have not begun */
export function createWebSend(fetch: Fetch, faultOf: (error: unknown) => UpstreamFault): Send {
  return async (request, signal) => {
    signal.throwIfAborted()
    const abort = new AbortController()
    const onAbort = () => abort.abort(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    // fetch does not tell when it has connected: one limit for both.
    const silence = setTimeout(() => abort.abort(new UpstreamFailure('first_byte_timeout')), request.firstByteMs)
    try {
      const response = await fetch(request.url, {
        method: request.method,
        headers: request.headers,
        body: request.body instanceof Uint8Array ? ownedBytes(request.body) : (request.body ?? null),
        // A redirect would carry the key to another origin.
        redirect: 'manual',
        signal: abort.signal,
      })
      const leave = () => signal.removeEventListener('abort', onAbort)
      return {
        status: response.status,
        headers: response.headers,
        body: bytesOf(response, { abort, idleMs: request.idleMs, leave }),
      }
    } catch (error) {
      signal.removeEventListener('abort', onAbort)
      throw abort.signal.aborted ? abort.signal.reason : new UpstreamFailure(faultOf(error), error)
    } finally {
      clearTimeout(silence)
    }
  }
}

interface Reading {
  readonly abort: AbortController
  readonly idleMs: number
  /** The answer is over, whichever way. */
  readonly leave: () => void
}

const over = { done: true, value: undefined } as const

/** By hand: each chunk of each stream goes through here. One reader, one chunk at a time. */
function bytesOf(response: Response, { abort, idleMs, leave }: Reading): AsyncIterable<Uint8Array> {
  // A short answer that says its length is read in one piece: a web stream would be made for it alone.
  if (isShort(response.headers)) return wholeOf(response, { abort, idleMs, leave })
  const reader = response.body?.getReader()
  const idle = createSilence(idleMs, () => abort.abort(new UpstreamFailure('idle_timeout')))
  let ended = reader === undefined
  const finish = (): void => {
    ended = true
    idle.end()
    leave()
  }
  const pass = ({ value }: { readonly value?: Uint8Array | undefined }): IteratorResult<Uint8Array> => {
    idle.stop()
    if (value !== undefined) return { done: false, value }
    finish()
    return over
  }
  const fail = (error: unknown): never => {
    finish()
    throw abort.signal.aborted ? abort.signal.reason : new UpstreamFailure('reset', error)
  }
  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      if (reader === undefined || ended) {
        leave()
        return Promise.resolve(over)
      }
      idle.start()
      return reader.read().then(pass, fail)
    },
    return() {
      const wasEnded = ended
      finish()
      if (wasEnded) return Promise.resolve(over)
      // The rest of the answer would have to be read before the connection could be used again.
      abort.abort(new DOMException('the answer is not read on', 'AbortError'))
      reader?.cancel().catch(() => undefined)
      return Promise.resolve(over)
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

const SHORT_BYTES = 64 * 1024

/** A stream may say its length too, and an encoded answer says that of what is sent: both are read as they come. */
function isShort(headers: Headers): boolean {
  if (headers.has('content-encoding') || headers.get('content-type')?.startsWith('application/json') !== true) return false
  return Number(headers.get('content-length') ?? Number.NaN) <= SHORT_BYTES
}

/** One chunk, none of an empty body. */
function wholeOf(response: Response, { abort, idleMs, leave }: Reading): AsyncIterable<Uint8Array> {
  let state: 'unread' | 'reading' | 'over' = 'unread'
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      if (state !== 'unread') {
        leave()
        return over
      }
      state = 'reading'
      const idle = setTimeout(() => abort.abort(new UpstreamFailure('idle_timeout')), idleMs)
      try {
        const value = new Uint8Array(await response.arrayBuffer())
        return value.length === 0 ? over : { done: false, value }
      } catch (error) {
        throw abort.signal.aborted ? abort.signal.reason : new UpstreamFailure('reset', error)
      } finally {
        state = 'over'
        clearTimeout(idle)
        leave()
      }
    },
    return() {
      leave()
      if (state !== 'over') abort.abort(new DOMException('the answer is not read on', 'AbortError'))
      state = 'over'
      return Promise.resolve(over)
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}
