// A provider's stream, one StreamChunk for each upstream buffer: the bytes as they came, a cheap meter, and events only for a
// door that asks (translation.md §4, O->A).
import type { GatewayError } from '../../ir/errors.ts'
import type { Meter, StreamChunk, StreamEvent } from '../../ir/stream.ts'
import { createSseDecoder, type SseBatch } from '../../lib/sse.ts'
import type { EncodedRequest } from '../protocol.ts'
import { badAnswer, cutAnswer, errorInAnswer } from './errors.ts'
import { createEventDecoder, type EventDecoder } from './event-decoder.ts'
import { chunkSchema, type WireChunk } from './schema.ts'
import { passesBytes } from './same-shape.ts'
import { createTap, endMark, type Tap } from './tap.ts'

/**
 * Passes whole frames only, so that a keep-alive or an error frame of ours never lands inside one of the provider's. Nothing
 * comes out before the first frame is here: until then a failure can still be answered with a status.
 * @throws GatewayError upstream_bad_response for an error frame, and when the bytes stop before the answer does
 */
export async function* decodeStream(bytes: AsyncIterable<Uint8Array>, call: EncodedRequest): AsyncGenerator<StreamChunk> {
  const sse = createSseDecoder({ onTooLong: () => badAnswer('the provider sent a frame that is too large') })
  const tap = createTap(call)
  const decoder = createEventDecoder(call)
  const held: Uint8Array[] = []
  let ended = false

  try {
    for await (const buffer of bytes) {
      // Bytes behind the end mark mean nothing to anybody; reading them lets the connection be used again.
      if (ended) continue
      const { chunk, error } = stepOf(sse.push(buffer))
      if (chunk) yield chunk
      if (error) throw error
    }
  } catch (error) {
    if (!ended) throw error
  }
  if (ended) return
  const rest = sse.end()
  // A last frame without its blank line counts, half a frame does not.
  if (rest.events.every(({ data }) => isWhole(data.trim()))) {
    const { chunk, error } = stepOf(rest)
    if (chunk) yield chunk
    if (error) throw error
  }
  if (ended) return
  if (!tap.finished) throw cutAnswer()
  yield chunkOf(none, [], true)

  function stepOf(batch: SseBatch): Step {
    if (batch.bytes.length === 0) return {}
    const read = readBatch(batch, tap, call.hidesUsageChunk)
    if (read.error !== undefined && read.isFirst) return { error: errorInAnswer(read.error, false) }
    if (!tap.started) {
      held.push(read.bytes)
      return {}
    }
    ended = read.done
    const error = read.error === undefined ? undefined : errorInAnswer(read.error, passesBytes(call))
    const passesError = error?.details.delivered === true
    const bytes = error && !passesError ? read.beforeError : read.bytes
    if (error && !passesError && read.frames.length === 0) return { error }
    return { chunk: chunkOf(joined(held.splice(0), bytes), read.frames, ended), ...(error ? { error } : {}) }
  }

  function chunkOf(verbatim: Uint8Array, frames: readonly string[], last: boolean): StreamChunk {
    const meter: Meter = tap.take(last)
    const events = (): readonly StreamEvent[] => eventsOf(frames, last, decoder)
    return passesBytes(call) ? { verbatim: { shape: 'openai', bytes: verbatim }, meter, events } : { meter, events }
  }
}

const none = new Uint8Array(0)

/** What one buffer makes: the chunk first, then the failure. */
interface Step {
  readonly chunk?: StreamChunk
  readonly error?: GatewayError
}

function isWhole(data: string): boolean {
  if (data === endMark) return true
  try {
    JSON.parse(data)
    return true
  } catch {
    return false
  }
}

interface ReadBatch {
  readonly bytes: Uint8Array
  /** Data of the frames before the end mark or the error. */
  readonly frames: readonly string[]
  readonly done: boolean
  /** The text of the provider's error frame. */
  readonly error?: string
  readonly beforeError: Uint8Array
  /** No frame came before the error. */
  readonly isFirst: boolean
}

function readBatch(batch: SseBatch, tap: Tap, hidesUsage: boolean): ReadBatch {
  const frames: string[] = []
  const cut: { readonly begin: number; readonly end: number }[] = []
  let isFirst = !tap.started
  for (const { event, data, begin, end } of batch.events) {
    if (data === '') continue
    const text = data.trim()
    const kind = tap.frame(text)
    if (kind === 'error' || event === 'error') {
      return { bytes: batch.bytes, beforeError: batch.bytes.subarray(0, begin), frames, done: false, error: text, isFirst }
    }
    isFirst = false
    if (kind === 'done')
      return { bytes: without(batch.bytes.subarray(0, end), cut), beforeError: none, frames, done: true, isFirst }
    if (kind === 'usageOnly' && hidesUsage) cut.push({ begin, end })
    frames.push(text)
  }
  return { bytes: without(batch.bytes, cut), beforeError: none, frames, done: false, isFirst }
}

function without(bytes: Uint8Array, cut: readonly { readonly begin: number; readonly end: number }[]): Uint8Array {
  if (cut.length === 0) return bytes
  const kept: Uint8Array[] = []
  let from = 0
  for (const { begin, end } of cut) {
    kept.push(bytes.subarray(from, begin))
    from = end
  }
  return joined(kept, bytes.subarray(from))
}

function joined(parts: readonly Uint8Array[], last: Uint8Array): Uint8Array {
  if (parts.length === 0) return last
  const all = [...parts, last]
  const out = new Uint8Array(all.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of all) {
    out.set(part, at)
    at += part.length
  }
  return out
}

function eventsOf(frames: readonly string[], last: boolean, decoder: EventDecoder): readonly StreamEvent[] {
  const events = frames.flatMap((data) => decoder.push(wireChunkOf(data)))
  return last ? [...events, ...decoder.end()] : events
}

function wireChunkOf(data: string): WireChunk {
  try {
    return chunkSchema.parse(JSON.parse(data))
  } catch (cause) {
    throw badAnswer('the provider sent a frame that is not a chat completion chunk', cause)
  }
}
