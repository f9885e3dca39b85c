// Server-sent events, both ways: one reader for every wire. Bytes go in as they come; out come whole events, and the bytes
// of exactly those events, so that a same-shape stream can pass through untouched.
import { concatBytes } from './bytes.ts'
import { parseBlocks, type SseEvent } from './sse-blocks.ts'

export type { SseEvent }

export interface SseBatch {
  /** The input up to the last blank line, what earlier buffers left over included. A view of the buffer where possible. */
  readonly bytes: Uint8Array
  readonly events: readonly SseEvent[]
}

export interface SseDecoder {
  /** Events that this buffer completes. Throws what `onTooLong` makes; the decoder is of no use afterwards. */
  push(bytes: Uint8Array): SseBatch
  /** The last event when its blank line, or even its line end, is missing. */
  end(): SseBatch
}

export interface SseDecoderOptions {
  /** Of one event with its comments, line ends included; 16 MiB when absent. */
  readonly maxEventBytes?: number
  /** The error for an event beyond the limit; a RangeError when absent. */
  readonly onTooLong?: () => Error
}

const LF = 10
const CR = 13
const nothing: SseBatch = { bytes: new Uint8Array(0), events: [] }

export function createSseDecoder(options: SseDecoderOptions = {}): SseDecoder {
  const { maxEventBytes = 16 * 1024 * 1024, onTooLong = () => new RangeError('a server-sent event is too long') } = options
  let carry: Uint8Array[] = []
  let carryBytes = 0
  let lastByte = LF
  let atStart = true

  const keep = (bytes: Uint8Array): void => {
    if (bytes.length === 0) return
    carry.push(bytes)
    carryBytes += bytes.length
    lastByte = bytes[bytes.length - 1] ?? LF
    if (carryBytes > maxEventBytes) throw onTooLong()
  }

  const release = (head: Uint8Array): SseBatch => {
    const bytes = carryBytes === 0 ? head : concatBytes([...carry, head])
    carry = []
    carryBytes = 0
    lastByte = LF
    const events = parseBlocks(bytes, atStart, maxEventBytes)
    atStart = false
    if (events === null) throw onTooLong()
    return { bytes, events }
  }

  return {
    push(bytes) {
      const boundary = lastBoundary(bytes, lastByte)
      if (boundary === 0) {
        keep(bytes)
        return nothing
      }
      if (boundary === bytes.length) return release(bytes)
      const batch = release(bytes.subarray(0, boundary))
      keep(bytes.subarray(boundary))
      return batch
    },
    end() {
      return carryBytes === 0 ? nothing : release(new Uint8Array(0))
    },
  }
}

/**
 * Where the last blank line ends; 0 when there is none. `before` is the byte in front of the buffer, LF at the start of an event.
 * A CR counts at once, without waiting for its LF: that LF then reads as one more blank line, which means nothing.
 */
function lastBoundary(bytes: Uint8Array, before: number): number {
  let at = lastLineEnd(bytes, bytes.length - 1)
  while (at >= 0) {
    const isCrLf = bytes[at] === LF && (at > 0 ? bytes[at - 1] : before) === CR
    const lineEnd = isCrLf ? at - 1 : at
    if (lineEnd < 0) return 0
    const previous = lineEnd > 0 ? bytes[lineEnd - 1] : before
    if (previous === LF || previous === CR) return at + 1
    at = lastLineEnd(bytes, lineEnd - 1)
  }
  return 0
}

function lastLineEnd(bytes: Uint8Array, from: number): number {
  if (from < 0) return -1
  const last = bytes[from]
  if (last === LF || last === CR) return from
  return Math.max(bytes.lastIndexOf(LF, from), bytes.lastIndexOf(CR, from))
}

/** One event as text, the blank line included; `data` may have several lines. */
export function encodeSse(event: string | null, data: string): string {
  const head = event === null ? 'data: ' : `event: ${event}\ndata: `
  const lines = /[\r\n]/.test(data) ? data.replaceAll(/\r\n|\r|\n/g, '\ndata: ') : data
  return `${head}${lines}\n\n`
}

/** Follows what was written of a stream: whether a frame of our own may stand here. */
export interface FrameTracker {
  add(bytes: Uint8Array): void
  /** True before the first byte and after a blank line. */
  readonly between: boolean
}

export function createFrameTracker(): FrameTracker {
  // Its last three bytes tell: a line end of two and the byte in front of it. Cut only when asked, since this sees every buffer.
  let recent: Uint8Array = Uint8Array.of(LF)
  return {
    add(bytes) {
      if (bytes.length >= 3) recent = bytes
      else if (bytes.length > 0) recent = concatBytes([recent.subarray(-3), bytes])
    },
    get between() {
      const tail = recent.slice(-3)
      return lastBoundary(tail, LF) === tail.length
    },
  }
}
