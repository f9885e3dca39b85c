// The lines the product stands on: an answer passes through, is tallied, and its turn is closed at its end, whichever end:
// complete, failed, cancelled, in one place.
import { GatewayError } from '../ir/errors.ts'
import type { StreamChunk } from '../ir/stream.ts'
import { asGatewayError } from '../providers/failures.ts'
import { readChunk } from './read-chunk.ts'
import type { Turn } from './turn.ts'

const over = { done: true, value: undefined } as const

/**
 * An iterator by hand: each chunk of each stream goes through here, and a generator with `for await` costs it three more promises.
 * Its reader takes one chunk at a time. Leaving early (`return`) stops the source and closes the turn as cancelled.
 * @throws GatewayError when the answer breaks
 */
export function account(turn: Turn, chunks: AsyncIterable<StreamChunk>, signal: AbortSignal): AsyncIterable<StreamChunk> {
  const source = chunks[Symbol.asyncIterator]()
  let state: 'unread' | 'open' | 'over' = 'unread'
  const iterator: AsyncIterator<StreamChunk> = {
    next() {
      if (state === 'over') return Promise.resolve(over)
      state = 'open'
      return source.next().then(pass, fail)
    },
    async return() {
      const wasOpen = state === 'open'
      state = 'over'
      if (!wasOpen) return over
      try {
        await source.return?.()
      } finally {
        await turn.close('cancelled')
      }
      return over
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }

  function pass(result: IteratorResult<StreamChunk>): IteratorResult<StreamChunk> | Promise<IteratorResult<StreamChunk>> {
    if (result.done === true) return finish()
    const { meter } = result.value
    turn.tally.add(meter)
    turn.firstByte()
    try {
      const chunk = readChunk(result.value)
      if (meter.ended) return passLast(chunk)
      return chunk === result.value ? result : { done: false, value: chunk }
    } catch (thrown) {
      return breakOff(thrown)
    }
  }

  async function passLast(chunk: StreamChunk): Promise<IteratorResult<StreamChunk>> {
    try {
      // On disk before the client sees the end, and the end is not for a client whose turn was closed otherwise meanwhile.
      if ((await turn.close('ok')) !== 'ok') signal.throwIfAborted()
      return { done: false, value: chunk }
    } catch (thrown) {
      return await breakOff(thrown)
    }
  }

  async function breakOff(thrown: unknown): Promise<never> {
    // What failed is on its way up already.
    await source.return?.().catch(() => over)
    return await fail(thrown)
  }

  async function finish(): Promise<IteratorResult<StreamChunk>> {
    state = 'over'
    await turn.close('ok')
    return over
  }

  async function fail(thrown: unknown): Promise<never> {
    state = 'over'
    if (signal.aborted) {
      await turn.close('cancelled')
      throw signal.reason instanceof GatewayError ? signal.reason : thrown
    }
    const error = asGatewayError(thrown)
    await turn.close('failed', error)
    throw error
  }
}
