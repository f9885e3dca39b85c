// The JSON text of every tool call's input as the client wrote it: parsing and printing again would round 64-bit integers.
import { childSpans, type JsonSpan } from '../../lib/json.ts'
import type { InputTextOf } from './decode-parts.ts'
import type { Envelope } from './envelope.ts'

/** Looks nothing up before the first call is asked for, and each message once. */
export function inputTexts(bytes: Uint8Array, envelope: Envelope): InputTextOf {
  const decoder = new TextDecoder()
  const blocksOf = new Map<number, readonly JsonSpan[]>()
  let messages: readonly JsonSpan[] | undefined
  return (path) => {
    const [, message, block] = /^messages\[(\d+)\]\.content\[(\d+)\]$/.exec(path) ?? []
    if (message === undefined || block === undefined) return undefined
    const index = Number(message)
    messages ??= messageSpans(bytes, envelope)
    const blocks = blocksOf.get(index) ?? contentSpans(bytes, messages[index])
    blocksOf.set(index, blocks)
    const span = blocks[Number(block)]
    const input = span && lastOf(childSpans(bytes, span.start), 'input')
    return input && decoder.decode(bytes.subarray(input.start, input.end))
  }
}

export function messageSpans(bytes: Uint8Array, envelope: Envelope): readonly JsonSpan[] {
  const field = envelope.fields.find(({ key }) => key === 'messages')
  return field ? childSpans(bytes, field.valueStart) : []
}

/** The blocks of one message; none when its content is a string. */
export function contentSpans(bytes: Uint8Array, message: JsonSpan | undefined): readonly JsonSpan[] {
  const content = message && lastOf(childSpans(bytes, message.start), 'content')
  return content && bytes[content.start] === openBracket ? childSpans(bytes, content.start) : []
}

const openBracket = 0x5b

// JSON.parse keeps the last of equal keys, so must we.
function lastOf(spans: readonly JsonSpan[], key: string): JsonSpan | undefined {
  return spans.findLast((span) => span.key === key)
}
