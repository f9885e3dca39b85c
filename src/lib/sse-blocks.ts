// The inside of the SSE decoder: a run of whole blocks → events. The run is decoded at once and cut as a string, because a
// native decode and `indexOf` are many times faster than looking at bytes one by one.

export interface SseEvent {
  /** '' when the event has no `event` field. */
  readonly event: string
  /** `data` lines, joined by LF. */
  readonly data: string
  /** Byte offsets within the batch, blank line and comments of the event included: cutting [begin, end) leaves a valid stream. */
  readonly begin: number
  readonly end: number
}

const LF = 10
const CR = 13
const COLON = 58
const SPACE = 32
// A BOM counts only at the start of the stream, so it is taken off here and not by each decode.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** A last block without its blank line counts as whole. null when a block is longer than `maxBytes`. */
export function parseBlocks(bytes: Uint8Array, atStart: boolean, maxBytes: number): SseEvent[] | null {
  const text = utf8.decode(bytes)
  const byteAfter = text.length === bytes.length ? sameOffset : byteCounter(bytes)
  const events: SseEvent[] = []
  let event = ''
  let data: string | null = null
  let begin = 0
  let at = atStart && text.startsWith('\uFEFF') ? 1 : 0
  let nextLf = findOr(text, '\n', at)
  let nextCr = findOr(text, '\r', at)
  for (;;) {
    const lineEnd = Math.min(nextLf, nextCr, text.length)
    if (text.startsWith('data', at)) {
      const value = valueAfter(text, at + 4, lineEnd)
      if (value !== null) data = data === null ? value : `${data}\n${value}`
    } else if (text.startsWith('event', at)) {
      event = valueAfter(text, at + 5, lineEnd) ?? event
    }
    const isBlank = lineEnd === at
    const endsInLf = nextLf === lineEnd || nextLf === lineEnd + 1
    at = nextCr === lineEnd && nextLf === lineEnd + 1 ? lineEnd + 2 : lineEnd + 1
    if (nextLf < at) nextLf = findOr(text, '\n', at)
    if (nextCr < at) nextCr = findOr(text, '\r', at)
    const isLast = at >= text.length
    const end = isLast ? bytes.length : byteAfter(at, endsInLf ? LF : CR)
    if (!isBlank && !isLast) continue
    if (end - begin > maxBytes) return null
    if (data !== null) events.push({ event, data, begin, end })
    if (isLast) return events
    event = ''
    data = null
    begin = end
  }
}

function findOr(text: string, character: string, from: number): number {
  const index = text.indexOf(character, from)
  return index === -1 ? Infinity : index
}

/** null when the line's field only begins like ours. */
function valueAfter(text: string, nameEnd: number, lineEnd: number): string | null {
  if (nameEnd === lineEnd) return ''
  if (text.charCodeAt(nameEnd) !== COLON) return null
  return text.slice(text.charCodeAt(nameEnd + 1) === SPACE ? nameEnd + 2 : nameEnd + 1, lineEnd)
}

type ByteAfter = (textAt: number, lastByte: number) => number

// Each unit of the text came from one byte or more, so equal lengths mean equal offsets.
const sameOffset: ByteAfter = (textAt) => textAt

/** Line ends are the same in text and bytes, whatever stands between: count them along. */
function byteCounter(bytes: Uint8Array): ByteAfter {
  let at = 0
  return (_, lastByte) => {
    at = bytes.indexOf(lastByte, at) + 1
    return at
  }
}
