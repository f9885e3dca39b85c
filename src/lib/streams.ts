// Tools for async iterables. Web streams live in gateway/web-ports.ts.

/**
 * Passes items on until the signal aborts; then throws its reason at once, even while the source is silent, and lets the
 * source clean up. One listener for the whole stream: a race per item would pile up reactions on one promise.
 */
export async function* abortable<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T, void, undefined> {
  let fail: (reason: unknown) => void = () => {}
  const abort = (): void => fail(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  const iterator = source[Symbol.asyncIterator]()
  let ended = false
  try {
    for (;;) {
      const result = await new Promise<IteratorResult<T>>((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason)
          return
        }
        fail = reject
        iterator.next().then(resolve, (error: unknown) => {
          ended = true
          reject(error)
        })
      })
      if (result.done === true) {
        ended = true
        return
      }
      yield result.value
    }
  } finally {
    signal.removeEventListener('abort', abort)
    if (!ended) {
      const closed = iterator.return?.()
      // A source that hangs answers return() only when its own wait ends; the reader is not to wait for that.
      if (signal.aborted) closed?.catch(() => {})
      else await closed
    }
  }
}
