// A provider's Responses stream, one StreamChunk for each upstream buffer: whole frames as they came, a cheap meter, and events
// only when the answer must be printed anew.
import type { StreamChunk, StreamEvent } from '../../ir/stream.ts'
import { concatBytes } from '../../lib/bytes.ts'
import { createSseDecoder, type SseBatch } from '../../lib/sse.ts'
import { badAnswer, cutAnswer } from '../openai/errors.ts'
import { jsonOf } from '../wire.ts'
import { createEventDecoder } from './event-decoder.ts'
import { failureIn } from './frames.ts'
import { createTap } from './tap.ts'

/**
 * Nothing comes out before the first event is here: until then a failure can still be answered with a status.
 * @throws GatewayError the provider's own for `error` and `response.failed`; upstream_bad_response when the bytes stop early
 */
export async function* decodeStream(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<StreamChunk> {
  const sse = createSseDecoder({ onTooLong: () => badAnswer('the provider sent an event that is too large') })
  const tap = createTap()
  const decoder = createEventDecoder()
  let held: Uint8Array[] = []
  let begun = false
  let ended = false

  try {
    for await (const buffer of bytes) {
      // Bytes behind the end mean nothing to anybody; reading them lets the connection be used again.
      if (ended) continue
      yield* chunksOf(sse.push(buffer))
    }
  } catch (error) {
    if (!ended) throw error
  }
  if (ended) return
  const rest = sse.end()
  // A last frame without its blank line counts, half a frame does not.
  if (rest.events.every(({ data }) => jsonOf(data) !== undefined)) yield* chunksOf(rest)
  if (!ended) throw cutAnswer()

  function* chunksOf(batch: SseBatch): Generator<StreamChunk> {
    if (batch.bytes.length === 0) return
    const { meter, begun: begins, error } = tap(batch.events)
    begun ||= begins
    if (error && !begun) throw failureIn(error.data, false)
    held.push(batch.bytes)
    if (!begun) return
    const frames = error ? batch.events.slice(0, batch.events.indexOf(error)) : batch.events
    ended = meter.ended
    const whole = concatBytes(held)
    held = []
    yield {
      verbatim: { shape: 'openai-responses', bytes: whole },
      meter,
      events: (): readonly StreamEvent[] => frames.flatMap((frame) => decoder.push(frame)),
    }
    if (error) throw failureIn(error.data, true)
  }
}
