// Server-sent events, one reader for all wires (translation.md §4). Bytes are split at event boundaries first and decoded
// after, so that a character cut in two by the network is whole again and only one decode is paid per buffer.

export interface SseEvent {
  /** '' when the event names none. */
  readonly event: string
  readonly data: string
  /** Where it stands in its batch's `bytes`, blank line included: what to cut out to remove it. */
  readonly begin: number
  readonly end: number
}

export interface SseBatch {
  /** The bytes of exactly these events. */
  readonly bytes: Uint8Array
  readonly events: readonly SseEvent[]
}

export interface SseDecoder {
  /** Events completed by this buffer. */
  push(bytes: Uint8Array): SseBatch
  /** What is left when the bytes are over: a last event without its blank line. */
  end(): SseBatch
}

const LF = 0x0a
const CR = 0x0d
const MAX_EVENT_BYTES = 16 * 1024 * 1024
const empty = new Uint8Array(0)
const nothing: SseBatch = { bytes: empty, events: [] }
/** Keeps the byte order mark: it is stripped once, from the bytes. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** @param options.onTooLong makes the error thrown when one event is larger than `maxEventBytes` (16 MiB) */
export function createSseDecoder(
  options: { readonly maxEventBytes?: number; readonly onTooLong?: () => Error } = {},
): SseDecoder {
  const maxEventBytes = options.maxEventBytes ?? MAX_EVENT_BYTES
  /** Buffers of an event that is not complete yet. */
  let carried: Uint8Array[] = []
  let carriedBytes = 0
  let atStart = true

  function take(bytes: Uint8Array): Uint8Array {
    if (carriedBytes === 0) return bytes
    const whole = concat([...carried, bytes], carriedBytes + bytes.byteLength)
    carried = []
    carriedBytes = 0
    return whole
  }

  function carry(bytes: Uint8Array): void {
    if (bytes.byteLength === 0) return
    if (carriedBytes + bytes.byteLength > maxEventBytes)
      throw options.onTooLong?.() ?? new RangeError('one server-sent event is too large')
    carried.push(bytes)
    carriedBytes += bytes.byteLength
  }

  return {
    push(bytes) {
      // A long event arrives in many buffers: joining them each time would cost the square of its length.
      if (carriedBytes > 0 && !mayCompleteEvent(carried, bytes)) {
        carry(bytes)
        return nothing
      }
      let whole = take(bytes)
      if (atStart) {
        if (whole.byteLength < 3 && isBomPrefix(whole)) {
          carry(whole)
          return nothing
        }
        whole = withoutBom(whole)
        atStart = false
      }
      const boundary = lastBoundary(whole)
      carry(boundary === whole.byteLength ? empty : whole.subarray(boundary))
      return boundary === 0 ? nothing : batchOf(whole.subarray(0, boundary))
    },
    end() {
      const rest = take(empty)
      return rest.byteLength === 0 ? nothing : batchOf(atStart ? withoutBom(rest) : rest)
    },
  }
}

/** The wire's own frame. Data of several lines becomes several `data:` lines. */
export function encodeSse(event: string | null, data: string): string {
  const lines = data.includes('\n') ? data.split('\n').join('\ndata: ') : data
  return event === null ? `data: ${lines}\n\n` : `event: ${event}\ndata: ${lines}\n\n`
}

/**
 * The end of the last complete event: after the last blank line. A CR at the very end is not yet a line end, because its LF
 * may be in the next buffer.
 */
function lastBoundary(bytes: Uint8Array): number {
  for (let at = lastLineEnd(bytes, bytes.byteLength); at > 0; at = lastLineEnd(bytes, at)) {
    // `at` is where a line end begins: blank when another line end stands right before it.
    const before = bytes[at - 1]
    if (before === LF || before === CR) {
      const after = bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : at + 1
      if (bytes[at] === CR && at + 1 === bytes.byteLength) continue
      return after
    }
  }
  return 0
}

/** Where the last line end before `limit` begins (its CR, when it is CR LF); -1 = none. */
function lastLineEnd(bytes: Uint8Array, limit: number): number {
  const feed = limit === 0 ? -1 : bytes.lastIndexOf(LF, limit - 1)
  const carriage = limit === 0 ? -1 : bytes.lastIndexOf(CR, limit - 1)
  if (carriage < 0) return feed
  if (feed === carriage + 1) return carriage
  return Math.max(feed, carriage)
}

function mayCompleteEvent(carried: readonly Uint8Array[], bytes: Uint8Array): boolean {
  const last = carried.at(-1)
  const lastByte = last?.[last.byteLength - 1]
  if (lastByte === LF || lastByte === CR) return true
  return bytes.includes(LF) || bytes.includes(CR)
}

function batchOf(bytes: Uint8Array): SseBatch {
  const text = decoder.decode(bytes)
  // Offsets in the text are offsets in the bytes only while every character is one byte.
  const events = text.length === bytes.byteLength ? readEvents(text, null) : readEvents(text, bytes)
  return { bytes, events }
}

/** @param bytes given when the text holds characters of several bytes: then offsets are found in the bytes */
function readEvents(text: string, bytes: Uint8Array | null): SseEvent[] {
  const events: SseEvent[] = []
  let name = ''
  let data: string | null = null
  let begin = 0
  let position = 0
  let bytePosition = 0
  const hasCarriage = text.includes('\r')
  while (position < text.length) {
    const lineEnd = hasCarriage ? nextLineEnd(text, position) : text.indexOf('\n', position)
    const stop = lineEnd < 0 ? text.length : lineEnd
    const next = lineEnd < 0 ? stop : text.charCodeAt(stop) === CR && text.charCodeAt(stop + 1) === LF ? stop + 2 : stop + 1
    bytePosition = bytes === null ? next : byteAfterLine(bytes, bytePosition, hasCarriage)
    if (stop === position) {
      if (data !== null || name !== '') events.push({ event: name, data: data ?? '', begin, end: bytePosition })
      name = ''
      data = null
      begin = bytePosition
    } else if (text.startsWith('data', position)) {
      const value = fieldValue(text, position + 4, stop)
      if (value !== null) data = data === null ? value : `${data}\n${value}`
    } else if (text.startsWith('event', position)) {
      name = fieldValue(text, position + 5, stop) ?? name
    }
    position = next
  }
  if (data !== null || name !== '') events.push({ event: name, data: data ?? '', begin, end: bytePosition })
  return events
}

/** The value after the colon, one leading space removed; '' for a field without colon; null for another, longer field name. */
function fieldValue(text: string, colon: number, stop: number): string | null {
  if (colon === stop) return ''
  if (text.charCodeAt(colon) !== 0x3a) return null
  const start = text.charCodeAt(colon + 1) === 0x20 && colon + 1 < stop ? colon + 2 : colon + 1
  return text.slice(start, stop)
}

function nextLineEnd(text: string, from: number): number {
  const feed = text.indexOf('\n', from)
  const carriage = text.indexOf('\r', from)
  if (carriage < 0) return feed
  return feed < 0 ? carriage : Math.min(feed, carriage)
}

function byteAfterLine(bytes: Uint8Array, from: number, hasCarriage: boolean): number {
  const feed = bytes.indexOf(LF, from)
  const carriage = hasCarriage ? bytes.indexOf(CR, from) : -1
  const at = carriage < 0 ? feed : feed < 0 ? carriage : Math.min(feed, carriage)
  if (at < 0) return bytes.byteLength
  return bytes[at] === CR && bytes[at + 1] === LF ? at + 2 : at + 1
}

function isBomPrefix(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && (bytes.byteLength < 2 || bytes[1] === 0xbb)
}

function withoutBom(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}

function concat(buffers: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size)
  let offset = 0
  for (const bytes of buffers) {
    whole.set(bytes, offset)
    offset += bytes.byteLength
  }
  return whole
}
