// Tools for async iterables. Web streams live in gateway/web-ports.ts.

const over = { done: true, value: undefined } as const

/**
 * Each item as its bytes, none for empty ones; a throw, of the source or of `bytesOf`, becomes `lastOf(error)` and the end. By hand
 * for every chunk of every stream: a generator with `for await` costs three more promises for each. One reader, one item at a time.
 */
export function encodeEach<T>(
  source: AsyncIterable<T>,
  bytesOf: (item: T) => Uint8Array,
  lastOf: (error: unknown) => Uint8Array | null,
): AsyncIterable<Uint8Array> {
  const items = source[Symbol.asyncIterator]()
  let state: 'unread' | 'open' | 'over' = 'unread'
  const iterator: AsyncIterator<Uint8Array> = {
    next() {
      if (state === 'over') return Promise.resolve(over)
      state = 'open'
      return items.next().then(step, fail)
    },
    async return() {
      const wasOpen = state === 'open'
      state = 'over'
      if (wasOpen) await items.return?.()
      return over
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }

  function step(result: IteratorResult<T>): IteratorResult<Uint8Array> | Promise<IteratorResult<Uint8Array>> {
    if (result.done === true) {
      state = 'over'
      return over
    }
    try {
      const bytes = bytesOf(result.value)
      return bytes.length === 0 ? iterator.next() : { done: false, value: bytes }
    } catch (error) {
      return leave(error)
    }
  }

  async function leave(error: unknown): Promise<IteratorResult<Uint8Array>> {
    // The first fault is the one that is told.
    await items.return?.().catch(() => over)
    return fail(error)
  }

  function fail(error: unknown): IteratorResult<Uint8Array> {
    state = 'over'
    const value = lastOf(error)
    return value === null ? over : { done: false, value }
  }
}
