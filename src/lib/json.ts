// Where things stand in a JSON text, without parsing it: what same-shape requests are spliced by, so that bytes nobody has a
// reason to touch stay as they are (performance.md, "What follows" 3). Tolerant: whether the text is JSON at all is
// JSON.parse's to say.

export interface JsonEntry {
  /** Unescaped: `mod\u0065l` is `model`. */
  readonly key: string
  /** Quotes included. */
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
}

export interface JsonScan {
  readonly depthExceeded: boolean
  /** Entries of the top-level object, in order, duplicates included; empty for anything else. */
  readonly topLevel: readonly JsonEntry[]
}

export interface JsonSpan {
  /** Present for entries of an object. */
  readonly key?: string
  readonly keyStart?: number
  readonly start: number
  readonly end: number
}

export interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const DEFAULT_MAX_DEPTH = 128
const textDecoder = new TextDecoder()

/** One pass over the bytes, with native hops over strings. */
export function scanJson(bytes: Uint8Array, options: { readonly maxDepth?: number } = {}): JsonScan {
  const maxDepth = options.maxDepth ?? DEFAULT_MAX_DEPTH
  const length = bytes.byteLength
  const start = skipSpace(bytes, 0)
  const isObject = bytes[start] === OPEN_BRACE
  const topLevel: JsonEntry[] = []
  let depth = 0
  let key: { readonly start: number; readonly end: number } | null = null
  let valueStart = -1
  let lastString: { readonly start: number; readonly end: number } | null = null

  const closeEntry = (at: number) => {
    if (key === null || valueStart < 0) return
    topLevel.push({
      key: unescapeKey(bytes, key.start, key.end),
      keyStart: key.start,
      keyEnd: key.end,
      valueStart,
      valueEnd: trimEnd(bytes, valueStart, at),
    })
    key = null
    valueStart = -1
  }

  for (let at = start; at < length; at += 1) {
    switch (bytes[at]) {
      case QUOTE: {
        const end = endOfString(bytes, at)
        if (depth === 1) lastString = { start: at, end }
        at = end - 1
        break
      }
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth += 1
        if (depth > maxDepth) return { depthExceeded: true, topLevel: [] }
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (depth === 1 && isObject) closeEntry(at)
        depth -= 1
        if (depth === 0) return { depthExceeded: false, topLevel }
        break
      case COLON:
        if (depth === 1 && isObject && key === null) {
          key = lastString
          valueStart = skipSpace(bytes, at + 1)
        }
        break
      case COMMA:
        if (depth === 1 && isObject) closeEntry(at)
        break
    }
  }
  return { depthExceeded: false, topLevel }
}

/** Entries of the object, or elements of the array, that begins at `start`; empty for anything else. */
export function childSpans(bytes: Uint8Array, start: number): readonly JsonSpan[] {
  const open = bytes[start]
  if (open !== OPEN_BRACE && open !== OPEN_BRACKET) return []
  const spans: JsonSpan[] = []
  let depth = 0
  let begin = skipSpace(bytes, start + 1)
  let key: { readonly start: number; readonly end: number } | null = null
  const close = (at: number) => {
    const end = trimEnd(bytes, begin, at)
    if (end <= begin) return
    spans.push(
      key === null
        ? { start: begin, end }
        : { key: unescapeKey(bytes, key.start, key.end), keyStart: key.start, start: begin, end },
    )
    key = null
  }
  for (let at = start; at < bytes.byteLength; at += 1) {
    switch (bytes[at]) {
      case QUOTE:
        at = endOfString(bytes, at) - 1
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth += 1
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth -= 1
        if (depth === 0) {
          close(at)
          return spans
        }
        break
      case COLON:
        if (depth === 1 && open === OPEN_BRACE && key === null) {
          key = { start: begin, end: trimEnd(bytes, begin, at) }
          begin = skipSpace(bytes, at + 1)
        }
        break
      case COMMA:
        if (depth === 1) {
          close(at)
          begin = skipSpace(bytes, at + 1)
        }
        break
    }
  }
  return spans
}

/** A copy with the edits made. Edits may come in any order and must not overlap; an insertion has `start` = `end`. */
export function spliceBytes(bytes: Uint8Array, edits: readonly Edit[]): Uint8Array {
  if (edits.length === 0) return bytes
  const encoder = new TextEncoder()
  const sorted = [...edits].sort((left, right) => left.start - right.start || left.end - right.end)
  const pieces: Uint8Array[] = []
  let position = 0
  for (const edit of sorted) {
    if (edit.start < position) throw new RangeError('edits overlap')
    pieces.push(bytes.subarray(position, edit.start), encoder.encode(edit.text))
    position = edit.end
  }
  pieces.push(bytes.subarray(position))
  const whole = new Uint8Array(pieces.reduce((size, piece) => size + piece.byteLength, 0))
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.byteLength
  }
  return whole
}

/** Just after the closing quote; the end of the text when there is none. */
function endOfString(bytes: Uint8Array, open: number): number {
  let quote = bytes.indexOf(QUOTE, open + 1)
  while (quote >= 0) {
    let backslashes = 0
    while (bytes[quote - 1 - backslashes] === BACKSLASH && quote - 1 - backslashes > open) backslashes += 1
    if (backslashes % 2 === 0) return quote + 1
    quote = bytes.indexOf(QUOTE, quote + 1)
  }
  return bytes.byteLength
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

function skipSpace(bytes: Uint8Array, from: number): number {
  let at = from
  while (isSpace(bytes[at])) at += 1
  return at
}

function trimEnd(bytes: Uint8Array, from: number, to: number): number {
  let end = to
  while (end > from && isSpace(bytes[end - 1])) end -= 1
  return end
}

function unescapeKey(bytes: Uint8Array, start: number, end: number): string {
  const text = textDecoder.decode(bytes.subarray(start, end))
  if (!text.includes('\\')) return text.slice(1, -1)
  try {
    return String(JSON.parse(text))
  } catch {
    // Not JSON: whoever parses the whole will say so.
    return text.slice(1, -1)
  }
}
