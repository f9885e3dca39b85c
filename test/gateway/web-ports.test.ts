import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { toReadableStream, webReadBody, webRespond } from '../../src/gateway/web-ports.ts'
import type { AnswerStream } from '../../src/services.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const textOf = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)

interface Source {
  readonly stream: AnswerStream
  /** What happened to the source, in order. */
  readonly log: string[]
  /** Answers the pull that waits longest. */
  readonly give: (text: string) => Promise<void>
  readonly end: () => Promise<void>
  readonly fail: (error: Error) => Promise<void>
}

/** A source under the test's hand: it gives what it is told to, when it is told to. */
function createSource(): Source {
  const log: string[] = []
  const pulls: PromiseWithResolvers<IteratorResult<Uint8Array>>[] = []
  const answer = async (): Promise<PromiseWithResolvers<IteratorResult<Uint8Array>>> => {
    // A stream pulls some microtasks after it is read.
    await vi.advanceTimersByTimeAsync(0)
    const pull = pulls.shift()
    if (pull === undefined) throw new Error('nobody has pulled')
    return pull
  }
  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      log.push('next')
      const pull = withResolvers<IteratorResult<Uint8Array>>()
      pulls.push(pull)
      return pull.promise
    },
    return() {
      log.push('return')
      return Promise.reject(new Error('a failure while closing'))
    },
  }
  const stream = {
    chunks: { [Symbol.asyncIterator]: () => iterator },
    keepAlive: bytesOf(': ping\n\n'),
    keepAliveMs: 15_000,
    cancel: () => void log.push('cancel'),
  }
  return {
    stream,
    log,
    give: async (text) => (await answer()).resolve({ done: false, value: bytesOf(text) }),
    end: async () => (await answer()).resolve({ done: true, value: undefined }),
    fail: async (error) => (await answer()).reject(error),
  }
}

interface PromiseWithResolvers<T> {
  readonly promise: Promise<T>
  readonly resolve: (value: T) => void
  readonly reject: (error: Error) => void
}

// Node 20 has no Promise.withResolvers.
function withResolvers<T>(): PromiseWithResolvers<T> {
  let settle: Omit<PromiseWithResolvers<T>, 'promise'> | undefined
  const promise = new Promise<T>((resolve, reject) => {
    settle = { resolve, reject }
  })
  if (settle === undefined) throw new Error('a promise runs its executor at once')
  return { promise, ...settle }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('toReadableStream', () => {
  it('takes nothing before it is read, and one chunk for one read', async () => {
    const { stream, log, give } = createSource()
    const reader = toReadableStream(stream).getReader()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(log).toEqual([])
    const read = reader.read()
    await give('data: 1\n\n')
    expect(textOf((await read).value)).toBe('data: 1\n\n')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(log).toEqual(['next'])
  })

  it('passes over empty chunks and ends with its source', async () => {
    const { stream, give, end } = createSource()
    const reader = toReadableStream(stream).getReader()
    const read = reader.read()
    await give('')
    await vi.advanceTimersByTimeAsync(0)
    await give('x')
    expect(textOf((await read).value)).toBe('x')
    const last = reader.read()
    await end()
    expect((await last).done).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('sends a keep-alive after each silence, and loses no chunk by it', async () => {
    const { stream, log, give } = createSource()
    const reader = toReadableStream(stream).getReader()
    for (let i = 0; i < 2; i++) {
      const read = reader.read()
      await vi.advanceTimersByTimeAsync(15_000)
      expect(textOf((await read).value)).toBe(': ping\n\n')
    }
    const read = reader.read()
    await give('data: 1\n\n')
    expect(textOf((await read).value)).toBe('data: 1\n\n')
    expect(log).toEqual(['next'])
  })

  it('keeps silent inside a frame, however the frame was cut', async () => {
    const { stream, give } = createSource()
    const reader = toReadableStream(stream).getReader()
    let arrived = ''
    const next = async (text: string): Promise<void> => {
      const read = reader.read()
      await vi.advanceTimersByTimeAsync(60_000)
      await give(text)
      arrived += textOf((await read).value)
    }
    const first = reader.read()
    await give('data: 1\r\n')
    arrived += textOf((await first).value)
    await next('data: 2\r')
    await next('\n')
    await next('\r\n')
    expect(arrived).toBe('data: 1\r\ndata: 2\r\n\r\n')
    const read = reader.read()
    await vi.advanceTimersByTimeAsync(15_000)
    expect(textOf((await read).value)).toBe(': ping\n\n')
  })

  it('tells the upstream first and closes the source second when the reader leaves, and waits for neither', async () => {
    const { stream, log } = createSource()
    const reader = toReadableStream(stream).getReader()
    const read = reader.read()
    await vi.advanceTimersByTimeAsync(0)
    await reader.cancel()
    expect((await read).done).toBe(true)
    expect(log).toEqual(['next', 'cancel', 'return'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('takes a reader that asks for nothing in time for gone, where the runtime does not tell', async () => {
    for (const reads of [0, 1]) {
      const { stream, log, give } = createSource()
      const reader = toReadableStream({ ...stream, takenWithinMs: 20_000 }).getReader()
      for (let nth = 0; nth < reads; nth++) {
        const read = reader.read()
        await vi.advanceTimersByTimeAsync(10_000)
        await give('data: 1\n\n')
        await read
      }
      await vi.advanceTimersByTimeAsync(19_999)
      expect(log).not.toContain('cancel')
      await vi.advanceTimersByTimeAsync(1)
      expect(log.slice(-2)).toEqual(['cancel', 'return'])
      expect(vi.getTimerCount()).toBe(0)
    }
  })

  it('survives a source that fails or answers after the reader has left', async () => {
    for (const settle of ['give', 'fail'] as const) {
      const source = createSource()
      const reader = toReadableStream(source.stream).getReader()
      void reader.read()
      await vi.advanceTimersByTimeAsync(0)
      await reader.cancel()
      if (settle === 'give') await source.give('late')
      else await source.fail(new Error('late'))
      await vi.advanceTimersByTimeAsync(60_000)
      expect(source.log).toEqual(['next', 'cancel', 'return'])
    }
  })

  it("breaks with its source's failure, not with an end", async () => {
    const { stream, fail } = createSource()
    const reader = toReadableStream(stream).getReader()
    const read = reader.read()
    const broken = expect(read).rejects.toThrow('broken')
    await fail(new Error('broken'))
    await broken
  })

  it('does not tell the upstream to stop after a whole answer', async () => {
    const { stream, log, end } = createSource()
    const reader = toReadableStream(stream).getReader()
    const read = reader.read()
    await end()
    await read
    await reader.cancel()
    expect(log).toEqual(['next'])
  })
})

describe('webRespond', () => {
  it.each([
    ['text', 'é'],
    ['bytes', bytesOf('xé').subarray(1)],
  ])('answers with %s', async (_, body) => {
    const response = webRespond(201, { 'x-a': 'b' }, body)
    expect([response.status, response.headers.get('x-a'), await response.text()]).toEqual([201, 'b', 'é'])
  })

  it('answers without a body', () => {
    expect(webRespond(204, {}, null).body).toBeNull()
  })

  it('answers with a stream', async () => {
    const { stream, give, end } = createSource()
    const response = webRespond(200, { 'content-type': 'text/event-stream' }, stream)
    const text = response.text()
    await vi.advanceTimersByTimeAsync(0)
    await give('data: 1\n\n')
    await vi.advanceTimersByTimeAsync(0)
    await end()
    expect(await text).toBe('data: 1\n\n')
  })
})

describe('webReadBody', () => {
  const limit = 10

  interface Body {
    readonly request: Request
    readonly pulled: () => number
    readonly cancelled: () => boolean
  }

  /** A body that arrives in parts, then does as told. */
  function bodyOf(
    parts: readonly string[],
    headers: Record<string, string> = {},
    then: 'close' | 'hang' | Error = 'close',
  ): Body {
    let pulled = 0
    let cancelled = false
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const part = parts[pulled++]
          if (part !== undefined) controller.enqueue(bytesOf(part))
          else if (then === 'close') controller.close()
          else if (then instanceof Error) controller.error(then)
          else return new Promise<void>(() => {})
          return undefined
        },
        cancel() {
          cancelled = true
        },
      },
      { highWaterMark: 0 },
    )
    const init = { method: 'POST', body, headers, duplex: 'half' } as const
    return { request: new Request('http://localhost/', init), pulled: () => pulled, cancelled: () => cancelled }
  }

  it('joins what arrives', async () => {
    expect(textOf(await webReadBody(bodyOf(['01234', '56789']).request, limit))).toBe('0123456789')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('reads no body as no bytes', async () => {
    expect(await webReadBody(new Request('http://localhost/'), limit)).toHaveLength(0)
  })

  it('counts bytes, not characters', async () => {
    await expect(webReadBody(bodyOf(['éééééé']).request, limit)).rejects.toMatchObject({ code: 'request_too_large' })
  })

  it.each([
    ['no Content-Length', {}],
    ['a Content-Length that lies', { 'content-length': '5' }],
    ['a Content-Length that is no number', { 'content-length': 'x' }],
  ])('stops at the limit, with %s', async (_, headers) => {
    const body = bodyOf(['01234', '56789', 'a', 'never read'], headers)
    await expect(webReadBody(body.request, limit)).rejects.toMatchObject({ code: 'request_too_large', status: 413 })
    expect([body.pulled(), body.cancelled()]).toEqual([3, true])
  })

  it('reads nothing of a body that says it is too large', async () => {
    const body = bodyOf(['0'], { 'content-length': '11' })
    await expect(webReadBody(body.request, limit)).rejects.toMatchObject({ code: 'request_too_large' })
    expect(body.pulled()).toBe(0)
  })

  it.each(['gzip', 'br', 'GZIP', 'identity, gzip'])('refuses content-encoding %s unread', async (encoding) => {
    const body = bodyOf(['0'], { 'content-encoding': encoding })
    await expect(webReadBody(body.request, limit)).rejects.toMatchObject({ code: 'unsupported_encoding', status: 415 })
    expect(body.pulled()).toBe(0)
  })

  it.each(['identity', 'Identity', ''])('takes content-encoding %j', async (encoding) => {
    expect(textOf(await webReadBody(bodyOf(['0'], { 'content-encoding': encoding }).request, limit))).toBe('0')
  })

  it('gives up on a body that stops for 20 s, and closes it', async () => {
    const body = bodyOf(['0'], {}, 'hang')
    const refused = expect(webReadBody(body.request, limit)).rejects.toMatchObject({ code: 'request_timeout', status: 408 })
    await vi.advanceTimersByTimeAsync(20_000)
    await refused
    expect([body.cancelled(), vi.getTimerCount()]).toEqual([true, 0])
  })

  it('says that the client left when the body breaks off', async () => {
    const body = bodyOf(['0'], {}, new Error('socket hang up'))
    await expect(webReadBody(body.request, limit)).rejects.toMatchObject({
      code: 'client_closed_request',
      errorClass: 'CANCELLED',
    })
  })
})
