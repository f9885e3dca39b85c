// A provider's stream as chunks: one a buffer, bytes at once and meaning on request (translation.md §4, performance.md).
import { GatewayError } from '../../ir/errors.ts'
import type { StreamChunk } from '../../ir/stream.ts'
import { createSseDecoder, type SseEvent } from '../../lib/sse.ts'
import type { EncodedRequest } from '../protocol.ts'
import { badResponse, errorOfBody } from './errors.ts'
import { jsonOf } from './frames.ts'
import { decodeResponse } from './response.ts'
import { createEventReader, type EventReader } from './stream-events.ts'
import { createTap, type Reading } from './stream-meter.ts'

/**
 * Nothing is released before the answer's first event, so that an error in its place can still be retried or become a status.
 * @throws GatewayError the provider's own for an error frame; upstream_bad_response when the bytes stop without message_stop
 */
export async function* decodeStream(bytes: AsyncIterable<Uint8Array>, call: EncodedRequest): AsyncGenerator<StreamChunk> {
  const decoder = createSseDecoder()
  const tap = createTap(call)
  const toChunk = createChunks(call)
  let held: StreamChunk[] = []
  let heldBytes: Uint8Array[] = []
  let begun = false
  let ended = false
  try {
    for await (const buffer of bytes) {
      const { events: frames } = decoder.push(buffer)
      const reading = tap(frames)
      if (reading.error && !begun && !reading.begun) throw errorOfBody(reading.error.data)
      const chunk = toChunk(buffer, frames, reading)
      begun ||= reading.begun
      ended ||= reading.meter.ended
      if (begun) {
        yield* held
        held = []
        heldBytes = []
        yield chunk
      } else {
        held.push(chunk)
        heldBytes.push(buffer)
      }
      if (reading.error && !ended) throw midStreamError(reading.error, call)
    }
  } catch (error) {
    // The answer is whole: a connection that breaks after it took nothing away.
    if (ended && !(error instanceof GatewayError)) return
    throw error
  }
  const { events: frames } = decoder.end()
  const reading = tap(frames)
  if (reading.error && !begun && !reading.begun) throw errorOfBody(reading.error.data)
  begun ||= reading.begun
  if (!begun) {
    yield wholeAnswerOf(concat(heldBytes), call)
    return
  }
  if (frames.length > 0) {
    yield* held
    yield toChunk(new Uint8Array(0), frames, reading)
  }
  if (ended || reading.meter.ended) return
  throw reading.error ? midStreamError(reading.error, call) : stoppedShort()
}

function createChunks(call: EncodedRequest): (buffer: Uint8Array, frames: readonly SseEvent[], reading: Reading) => StreamChunk {
  const verbatim = call.inboundShape === 'anthropic'
  let reader: EventReader | undefined
  return (buffer, frames, { meter, error }) => ({
    ...(verbatim ? { verbatim: { shape: 'anthropic', bytes: buffer } } : {}),
    meter,
    events: () => {
      reader ??= createEventReader(call)
      const end = error ? frames.indexOf(error) : frames.length
      return frames.slice(0, end).flatMap(reader)
    },
  })
}

// A client of this wire has the frame already, as the provider sent it.
function midStreamError(frame: SseEvent, call: EncodedRequest): GatewayError {
  const { errorClass, code, message, details } = errorOfBody(frame.data)
  return new GatewayError(errorClass, code, message, { ...details, delivered: call.inboundShape === 'anthropic' })
}

function stoppedShort(): GatewayError {
  return new GatewayError('network', 'upstream_bad_response', "The provider's stream stopped before its end (no message_stop).")
}

/** Some servers answer with one JSON body although a stream was asked: it becomes a stream of one chunk. */
function wholeAnswerOf(body: Uint8Array, call: EncodedRequest): StreamChunk {
  if (body.length === 0) throw badResponse('The provider answered with nothing.')
  if (jsonOf(new TextDecoder().decode(body)) === undefined)
    throw badResponse('The provider answered with something that is no event stream.')
  const { meter, events } = decodeResponse(body, { ...call, inboundShape: 'openai' })
  return { meter, events }
}

function concat(buffers: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(buffers.reduce((length, buffer) => length + buffer.length, 0))
  let offset = 0
  for (const buffer of buffers) {
    whole.set(buffer, offset)
    offset += buffer.length
  }
  return whole
}
