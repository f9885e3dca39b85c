// JSON looked at in its bytes: where keys and values stand, without building anything. Exact for what JSON.parse accepts;
// harmless for what it does not, because the parser is asked too.

export interface JsonEntry {
  /** Unescaped: `"mod\u0065l"` is `model`. */
  readonly key: string
  /** Byte offsets; a key's include its quotes. */
  readonly keyStart: number
  readonly keyEnd: number
  readonly valueStart: number
  readonly valueEnd: number
}

export interface JsonScan {
  /** Deeper than allowed: the scan stopped there and `topLevel` is not complete. */
  readonly depthExceeded: boolean
  /** A number that is no finite double, such as 1e999: JSON.parse makes it Infinity. */
  readonly numberOverflows: boolean
  /** More keys than allowed: `topLevel` holds only the first of them. */
  readonly keysExceeded: boolean
  /** In the order of the bytes, equal keys too. Empty when the document is not an object. */
  readonly topLevel: readonly JsonEntry[]
}

export interface JsonSpan {
  /** Absent in an array. */
  readonly key?: string
  readonly keyStart?: number
  readonly start: number
  readonly end: number
}

export interface JsonEdit {
  /** Bytes [start, end) become `text`. */
  readonly start: number
  readonly end: number
  readonly text: string
}

/** `maxDepth` counts open brackets and is 128 when absent; `maxKeys` counts those of the outermost object. */
export function scanJson(bytes: Uint8Array, options: { readonly maxDepth?: number; readonly maxKeys?: number } = {}): JsonScan {
  const { maxDepth = 128, maxKeys = Infinity } = options
  const topLevel: JsonEntry[] = []
  let keysExceeded = false
  const walked = walk(bytes, 0, maxDepth, (keyStart, keyEnd, valueStart, valueEnd) => {
    if (keyStart < 0) return
    if (topLevel.length === maxKeys) keysExceeded = true
    else topLevel.push({ key: keyOf(bytes, keyStart, keyEnd), keyStart, keyEnd, valueStart, valueEnd })
  })
  return { ...walked, keysExceeded, topLevel }
}

/** The members of the object, or the elements of the array, that begins at `start`; empty for anything else. */
export function childSpans(bytes: Uint8Array, start: number): readonly JsonSpan[] {
  const spans: JsonSpan[] = []
  walk(bytes, start, Infinity, (keyStart, keyEnd, valueStart, end) => {
    spans.push(
      keyStart < 0 ? { start: valueStart, end } : { key: keyOf(bytes, keyStart, keyEnd), keyStart, start: valueStart, end },
    )
  })
  return spans
}

/**
 * The bytes with each edit made, in any order; nothing else moves. An insertion has `start` = `end`.
 * @throws RangeError when edits overlap or lie outside
 */
export function spliceBytes(bytes: Uint8Array, edits: readonly JsonEdit[]): Uint8Array {
  if (edits.length === 0) return bytes
  const encoder = new TextEncoder()
  const sorted = edits
    .map(({ start, end, text }) => ({ start, end, text: encoder.encode(text) }))
    .sort((a, b) => a.start - b.start || a.end - b.end)
  const grown = sorted.reduce((sum, { start, end, text }) => sum + text.length - (end - start), bytes.length)
  const result = new Uint8Array(Math.max(0, grown))
  let read = 0
  let written = 0
  for (const { start, end, text } of sorted) {
    if (start < read || end < start || end > bytes.length)
      throw new RangeError(`edit [${start}, ${end}) overlaps or lies outside`)
    result.set(bytes.subarray(read, start), written)
    written += start - read
    result.set(text, written)
    written += text.length
    read = end
  }
  result.set(bytes.subarray(read), written)
  return result
}

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** `keyStart` is -1 in an array. */
type Visit = (keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) => void

/** Visits the direct children of the container at `start` and watches all that is nested in it. */
function walk(
  bytes: Uint8Array,
  start: number,
  maxDepth: number,
  visit: Visit,
): { depthExceeded: boolean; numberOverflows: boolean } {
  let at = start
  while (at < bytes.length && isSpace(bytes[at])) at++
  const isObject = bytes[at] === OPEN_BRACE
  let depth = 0
  let numberOverflows = false
  let keyStart = -1
  let keyEnd = -1
  let valueStart = -1
  let valueEnd = -1
  while (at < bytes.length) {
    const byte = bytes[at]
    let end = at + 1
    switch (byte) {
      case QUOTE:
        end = stringEnd(bytes, at)
        if (depth === 1 && isObject && keyStart < 0) {
          keyStart = at
          keyEnd = end
          at = end
          continue
        }
        break
      case OPEN_BRACE:
      case OPEN_BRACKET:
        depth++
        if (depth > maxDepth) return { depthExceeded: true, numberOverflows }
        if (depth === 1) {
          at = end
          continue
        }
        if (depth === 2 && valueStart < 0) valueStart = at
        break
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        depth--
        if (depth > 0) break
        if (valueStart >= 0) visit(keyStart, keyEnd, valueStart, valueEnd)
        return { depthExceeded: false, numberOverflows }
      case COMMA:
        if (depth !== 1) break
        if (valueStart >= 0) visit(keyStart, keyEnd, valueStart, valueEnd)
        keyStart = -1
        valueStart = -1
        at = end
        continue
      case COLON:
        at = end
        continue
      default:
        if (isSpace(byte)) {
          at = end
          continue
        }
        end = scalarEnd(bytes, at)
        if (isTooLarge(bytes, at, end)) numberOverflows = true
    }
    if (depth === 0) break
    if (depth === 1) {
      if (valueStart < 0) valueStart = at
      valueEnd = end
    }
    at = end
  }
  return { depthExceeded: false, numberOverflows }
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09
}

// A native search costs about as much as looking at so many bytes one by one (measured on Node 20).
const nearBytes = 32

/** Behind the closing quote. Short strings are walked; in long texts a native search hops from quote to quote. */
function stringEnd(bytes: Uint8Array, open: number): number {
  let from = open + 1
  for (;;) {
    const quote = nextQuote(bytes, from)
    if (quote === -1) return bytes.length
    let slashes = quote
    while (bytes[slashes - 1] === BACKSLASH) slashes--
    if ((quote - slashes) % 2 === 0) return quote + 1
    from = quote + 1
  }
}

function nextQuote(bytes: Uint8Array, from: number): number {
  const near = Math.min(from + nearBytes, bytes.length)
  for (let at = from; at < near; at++) if (bytes[at] === QUOTE) return at
  return bytes.indexOf(QUOTE, near)
}

/** Behind a number or a word. */
function scalarEnd(bytes: Uint8Array, start: number): number {
  let at = start + 1
  for (; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === COMMA || byte === CLOSE_BRACE || byte === CLOSE_BRACKET || byte === QUOTE || byte === COLON || isSpace(byte))
      break
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) break
  }
  return at
}

// A byte order mark inside a key is part of the key, as it is for JSON.parse.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Only an exponent or more than 308 digits can leave a double's range. */
function isTooLarge(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start] ?? 0
  if (end - start < 4 || !(first === MINUS || (first >= 0x30 && first <= 0x39))) return false
  const text = bytes.subarray(start, end)
  if (end - start <= 308 && !text.includes(0x65) && !text.includes(0x45)) return false
  return Math.abs(Number(utf8.decode(text))) === Infinity
}

function keyOf(bytes: Uint8Array, start: number, end: number): string {
  const raw = utf8.decode(bytes.subarray(start + 1, end - 1))
  if (!raw.includes('\\')) return raw
  try {
    return String(JSON.parse(`"${raw}"`))
  } catch {
    // Not JSON: the parser will refuse the document.
    return raw
  }
}
