// The ports as every WHATWG runtime has them: bodies read from, and answers written to, web streams. A runtime with a faster
// way brings its own (performance.md, "What follows" 1).
import { GatewayError } from '../ir/errors.ts'
import type { AnswerStream, ReadBody, Respond } from '../services.ts'

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Counts bytes read, whatever Content-Length says. */
export const webReadBody: ReadBody = async (request, limitBytes) => {
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity') {
    throw new GatewayError(
      'invalid_request',
      'unsupported_encoding',
      'Compressed request bodies are not accepted; send it without content-encoding.',
    )
  }
  if (Number(request.headers.get('content-length') ?? 0) > limitBytes) throw tooLarge(limitBytes)
  if (request.body === null) return new Uint8Array(0)
  const reader = request.body.getReader()
  const buffers: Uint8Array[] = []
  let size = 0
  for (;;) {
    const read = await reader.read()
    if (read.done) break
    size += read.value.byteLength
    if (size > limitBytes) {
      await reader.cancel()
      throw tooLarge(limitBytes)
    }
    buffers.push(read.value)
  }
  const whole = new Uint8Array(size)
  let offset = 0
  for (const bytes of buffers) {
    whole.set(bytes, offset)
    offset += bytes.byteLength
  }
  return whole
}

export const webRespond: Respond = (status, headers, body) => {
  if (body === null || typeof body === 'string') return new Response(body, { status, headers: { ...headers } })
  if (body instanceof Uint8Array) return new Response(new Uint8Array(body), { status, headers: { ...headers } })
  return new Response(toReadableStream(body), { status, headers: { ...headers } })
}

/** Pull-driven: nothing is taken from the source before it is asked for. A keep-alive only goes out between frames. */
export function toReadableStream(stream: AnswerStream): ReadableStream<Uint8Array> {
  const iterator = stream.chunks[Symbol.asyncIterator]()
  let betweenFrames = true
  let pending: Promise<IteratorResult<Uint8Array>> | null = null
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        pending ??= iterator.next()
        const next = await orSilence(pending, stream.keepAliveMs)
        if (next === 'silence') {
          // An empty enqueue would not count as an answer to this pull: asked again, it waits on the same chunk.
          if (betweenFrames) controller.enqueue(stream.keepAlive)
          else await this.pull?.(controller)
          return
        }
        pending = null
        if (next.done === true) {
          controller.close()
          return
        }
        if (next.value.byteLength === 0) {
          await this.pull?.(controller)
          return
        }
        betweenFrames = endsFrame(next.value)
        controller.enqueue(next.value)
      },
      async cancel() {
        // First: a generator that waits for the provider only returns once the provider is told to stop.
        stream.cancel()
        pending?.catch(() => undefined)
        await iterator.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}

async function orSilence<T>(work: Promise<T>, ms: number): Promise<T | 'silence'> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const silence = new Promise<'silence'>((resolve) => {
    timer = setTimeout(() => resolve('silence'), ms)
  })
  try {
    return await Promise.race([work, silence])
  } finally {
    clearTimeout(timer)
  }
}

/** True when a blank line stood last: the only place where another frame may begin. */
export function endsFrame(bytes: Uint8Array): boolean {
  const last = bytes[bytes.byteLength - 1]
  const before = bytes[bytes.byteLength - 2]
  if (last === LINE_FEED) return before === LINE_FEED || (before === CARRIAGE_RETURN && bytes[bytes.byteLength - 3] === LINE_FEED)
  return last === CARRIAGE_RETURN && before === CARRIAGE_RETURN
}

function tooLarge(limitBytes: number): GatewayError {
  return new GatewayError('invalid_request', 'request_too_large', `The request body is larger than ${limitBytes} bytes.`)
}
