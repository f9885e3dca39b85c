// The ports as every WHATWG runtime has them: bodies read from, and answers written to, web streams. A runtime with a faster
// way brings its own (performance.md, "What follows" 1).
import { GatewayError } from '../ir/errors.ts'
import { concatBytes, ownedBytes } from '../lib/bytes.ts'
import { createSilence } from '../lib/silence.ts'
import { createFrameTracker } from '../lib/sse.ts'
import type { AnswerStream, OnClientGone, ReadBody, Respond } from '../services.ts'

const idleBodyMs = 20_000

/** Counts bytes read, whatever Content-Length says. Also throws client_closed_request when the body breaks off. */
export const webReadBody: ReadBody = async (request, limitBytes) => {
  const encoding = request.headers.get('content-encoding')?.trim().toLowerCase() ?? ''
  if (encoding !== '' && encoding !== 'identity') {
    throw new GatewayError(
      'invalid_request',
      'unsupported_encoding',
      'Compressed request bodies are not accepted; send it without content-encoding.',
    )
  }
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) throw tooLarge(limitBytes)
  if (request.body === null) return new Uint8Array(0)
  const reader = request.body.getReader()
  const parts: Uint8Array[] = []
  let size = 0
  for (;;) {
    const read = await readWithin(reader, idleBodyMs)
    if (read.done) return concatBytes(parts)
    size += read.value.length
    if (size > limitBytes) {
      abandon(reader)
      throw tooLarge(limitBytes)
    }
    parts.push(read.value)
  }
}

export const webOnClientGone: OnClientGone = ({ signal }, gone) => {
  if (signal.aborted) gone()
  else signal.addEventListener('abort', gone, { once: true })
}

export const webRespond: Respond = (status, headers, body) => {
  const init = { status, headers: { ...headers } }
  if (body === null || typeof body === 'string') return new Response(body, init)
  return new Response(body instanceof Uint8Array ? ownedBytes(body) : toReadableStream(body), init)
}

/**
 * Pull-driven: nothing is taken from the source before it is asked for. A keep-alive only goes out between frames, and only to a
 * reader who waits. `cancel()` does not wait for the source to stop.
 */
export function toReadableStream(stream: AnswerStream): ReadableStream<Uint8Array> {
  const iterator = stream.chunks[Symbol.asyncIterator]()
  const frames = createFrameTracker()
  /** After a keep-alive the chunk is still on its way: the next pull waits for the same one. */
  let waiting: Promise<IteratorResult<Uint8Array>> | null = null
  let pull: Pull | null = null
  let cancelled = false
  const silence = createSilence(stream.keepAliveMs, () => {
    if (pull !== null && frames.between) answer(pull, stream.keepAlive)
  })
  const patience = createPatience(stream.takenWithinMs, leave)

  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) => {
        patience.stop()
        if (cancelled) return
        // By hand, as each chunk of each stream goes through here.
        return new Promise((resolve, reject) => {
          pull = { controller, resolve, reject }
          take(pull)
        })
      },
      cancel: leave,
    },
    { highWaterMark: 0 },
  )

  function take(mine: Pull): void {
    silence.start()
    waiting ??= iterator.next()
    waiting.then(
      (result) => {
        // What a keep-alive has answered asks no more, and nobody does who has left.
        if (pull !== mine) return
        waiting = null
        if (result.done === true) {
          settle()
          silence.end()
          mine.controller.close()
          mine.resolve()
        } else if (result.value.length === 0) {
          // A pull that enqueues nothing is not repeated: an empty chunk would end the answer in silence.
          take(mine)
        } else {
          frames.add(result.value)
          answer(mine, result.value)
        }
      },
      (error: unknown) => {
        if (pull !== mine) return
        settle()
        silence.end()
        mine.reject(error)
      },
    )
  }

  function answer(mine: Pull, bytes: Uint8Array): void {
    settle()
    mine.controller.enqueue(bytes)
    patience.start()
    mine.resolve()
  }

  function settle(): void {
    pull = null
    silence.stop()
  }

  function leave(): void {
    patience.stop()
    silence.end()
    cancelled = true
    // First: a generator that waits for the provider only returns once the provider is told to stop.
    stream.cancel()
    pull?.resolve()
    pull = null
    waiting?.catch(() => {})
    iterator.return?.().catch(() => {})
  }
}

interface Pull {
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** From its start, and then from each chunk on: `gone` unless the next one is asked for in time. */
function createPatience(ms: number | undefined, gone: () => void): { start(): void; stop(): void } {
  if (ms === undefined) return { start: () => undefined, stop: () => undefined }
  let timer = setTimeout(gone, ms)
  return {
    start() {
      timer = setTimeout(gone, ms)
    },
    stop: () => clearTimeout(timer),
  }
}

type BodyReader = ReadableStreamDefaultReader<Uint8Array>

async function readWithin(reader: BodyReader, ms: number): ReturnType<BodyReader['read']> {
  let late = false
  // Cancelling ends the read that is waiting: no race, and nothing left behind.
  const timer = setTimeout(() => {
    late = true
    abandon(reader)
  }, ms)
  try {
    const read = await reader.read()
    if (!late) return read
  } catch (cause) {
    const message = 'The client left before its request was complete.'
    throw new GatewayError('CANCELLED', 'client_closed_request', message, { cause })
  } finally {
    clearTimeout(timer)
  }
  throw new GatewayError('timeout', 'request_timeout', `The request body stopped for ${ms / 1000} s.`)
}

function abandon(reader: BodyReader): void {
  reader.cancel().catch(() => {})
}

function tooLarge(limitBytes: number): GatewayError {
  return new GatewayError('invalid_request', 'request_too_large', `The request body is larger than ${limitBytes} bytes.`)
}
