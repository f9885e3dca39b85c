// A provider's stream as chunks: one a buffer, bytes at once and meaning on request (translation.md §4, performance.md).
import { GatewayError } from '../../ir/errors.ts'
import type { StreamChunk, StreamEvent } from '../../ir/stream.ts'
import { concatBytes } from '../../lib/bytes.ts'
import { createSseDecoder, type SseEvent } from '../../lib/sse.ts'
import type { EncodedRequest } from '../protocol.ts'
import { jsonOf } from '../wire.ts'
import { badResponse, errorOfBody } from './errors.ts'
import { decodeResponse } from './response.ts'
import { createEventReader, type EventReader } from './stream-events.ts'
import { createTap, type Reading } from './stream-meter.ts'

/**
 * Nothing is released before the answer's first event, so that an error in its place can still be retried or become a status.
 * @throws GatewayError the provider's own for an error frame; upstream_bad_response when the bytes stop without message_stop
 */
export async function* decodeStream(bytes: AsyncIterable<Uint8Array>, call: EncodedRequest): AsyncGenerator<StreamChunk> {
  const decoder = createSseDecoder({ onTooLong: () => badResponse('The provider sent an event that is too long.') })
  const tap = createTap(call)
  const chunkOf = createChunks(call)
  /** Buffers before the answer's first event. */
  let held: { readonly buffer: Uint8Array; readonly chunk: StreamChunk }[] = []
  let begun = false
  let ended = false
  try {
    for await (const buffer of bytes) {
      const { events: frames } = decoder.push(buffer)
      const reading = tap(frames)
      begun ||= reading.begun
      ended ||= reading.meter.ended
      if (reading.error && !begun) throw errorOfBody(reading.error.data)
      const chunk = chunkOf(buffer, frames, reading)
      if (begun) {
        for (const earlier of held) yield earlier.chunk
        held = []
        yield chunk
      } else {
        held.push({ buffer, chunk })
      }
      if (reading.error && !ended) throw midStreamError(reading.error, call)
    }
  } catch (error) {
    // The answer is whole: what breaks behind its end takes nothing away.
    if (ended) return
    throw error
  }
  if (ended) return
  const { events: frames } = decoder.end()
  const reading = readLast(tap, frames)
  if (!begun && !reading.begun && !reading.error) {
    yield wholeAnswerOf(concatBytes(held.map(({ buffer }) => buffer)), call)
    return
  }
  if (reading.error) throw begun ? midStreamError(reading.error, call) : errorOfBody(reading.error.data)
  if (!reading.meter.ended) throw stoppedShort()
  for (const earlier of held) yield earlier.chunk
  yield chunkOf(new Uint8Array(0), frames, reading)
}

function createChunks(call: EncodedRequest): (buffer: Uint8Array, frames: readonly SseEvent[], reading: Reading) => StreamChunk {
  const sameShape = call.inboundShape === 'anthropic'
  let reader: EventReader | undefined
  return (buffer, frames, { meter, error }) => {
    const events = (): readonly StreamEvent[] => {
      reader ??= createEventReader(call)
      return frames.slice(0, error ? frames.indexOf(error) : frames.length).flatMap(reader)
    }
    return sameShape ? { verbatim: { shape: 'anthropic', bytes: buffer }, meter, events } : { meter, events }
  }
}

// What is left over when the bytes stop may be half a frame.
function readLast(tap: (frames: readonly SseEvent[]) => Reading, frames: readonly SseEvent[]): Reading {
  try {
    return tap(frames)
  } catch (cause) {
    throw stoppedShort(cause)
  }
}

// A client of this wire has the frame already, as the provider sent it.
function midStreamError(frame: SseEvent, call: EncodedRequest): GatewayError {
  const { errorClass, code, message, details } = errorOfBody(frame.data)
  return new GatewayError(errorClass, code, message, { ...details, delivered: call.inboundShape === 'anthropic' })
}

function stoppedShort(cause?: unknown): GatewayError {
  const message = "The provider's stream stopped before its end."
  return new GatewayError('network', 'upstream_bad_response', message, cause === undefined ? {} : { cause })
}

/** Some servers answer with one JSON body although a stream was asked for: it becomes a stream of one chunk. */
function wholeAnswerOf(body: Uint8Array, call: EncodedRequest): StreamChunk {
  if (body.length === 0) throw badResponse('The provider answered with nothing.')
  if (jsonOf(new TextDecoder().decode(body)) === undefined) {
    throw badResponse('The provider answered with something that is no event stream.')
  }
  const { meter, events } = decodeResponse(body, call)
  return { meter, events }
}
