// An upstream answer's bytes as an async iterable with back-pressure: what is not read pauses the socket.
import type { Dispatcher } from 'undici'

/** Held in memory for a reader that is behind, before the provider is held back by TCP. */
const HIGH_WATER_BYTES = 64 * 1024

const done = { done: true, value: undefined } as const

interface Waiting {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void
  readonly reject: (error: unknown) => void
}

export class UpstreamBody implements AsyncIterable<Uint8Array>, AsyncIterator<Uint8Array, undefined> {
  readonly #controller: Dispatcher.DispatchController
  readonly #buffers: Uint8Array[] = []
  #size = 0
  #waiting: Waiting | null = null
  #ended = false
  #failure: unknown = null

  constructor(controller: Dispatcher.DispatchController) {
    this.#controller = controller
  }

  push(bytes: Uint8Array): void {
    if (this.#waiting !== null) {
      const { resolve } = this.#waiting
      this.#waiting = null
      resolve({ done: false, value: bytes })
      return
    }
    this.#buffers.push(bytes)
    this.#size += bytes.byteLength
    if (this.#size > HIGH_WATER_BYTES) this.#controller.pause()
  }

  end(): void {
    this.#ended = true
    this.#waiting?.resolve(done)
    this.#waiting = null
  }

  fail(error: unknown): void {
    this.#ended = true
    this.#failure = error
    this.#waiting?.reject(error)
    this.#waiting = null
  }

  next(): Promise<IteratorResult<Uint8Array, undefined>> {
    const value = this.#buffers.shift()
    if (value !== undefined) {
      this.#size -= value.byteLength
      if (this.#controller.paused && this.#size <= HIGH_WATER_BYTES) this.#controller.resume()
      return Promise.resolve({ done: false, value })
    }
    if (this.#failure !== null) return Promise.reject(this.#failure)
    if (this.#ended) return Promise.resolve(done)
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
  }

  /** Nobody reads on: the connection is closed, because the rest of the answer would have to be read before it could be used again. */
  return(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (!this.#ended) this.#controller.abort(new DOMException('the answer is not read on', 'AbortError'))
    this.#buffers.length = 0
    return Promise.resolve(done)
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
