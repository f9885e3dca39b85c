// Gemini 3 and later answer 400 to a tool call of the conversation that comes without the signature Gemini gave it
// (`extra_content.google.thought_signature`). No other wire can hold one, and many clients of this one drop it: Google's own word for
// "made elsewhere" stands in its place (https://ai.google.dev/gemini-api/docs/thought-signatures, read 2026-11-25).
import { childSpans, type JsonEdit, type JsonEntry, type JsonSpan } from '../../lib/json.ts'
import type { Target } from '../protocol.ts'

export const standIn = { extra_content: { google: { thought_signature: 'skip_thought_signature_validator' } } } as const

export function wantsSignatures({ model, quirks }: Target): boolean {
  return quirks.geminiDialect === true && /(?:^|\/)gemini-(?![12][.-])/.test(model)
}

/** Of calls made side by side only the first is signed. */
export function signatureEdits(bytes: Uint8Array, entries: readonly JsonEntry[]): readonly JsonEdit[] {
  const messages = entries.find(({ key }) => key === 'messages')
  if (messages === undefined) return []
  return childSpans(bytes, messages.valueStart).flatMap((message) => {
    const calls = memberOf(bytes, message, 'tool_calls')
    const [first] = calls === undefined ? [] : childSpans(bytes, calls.start)
    return first === undefined || bytes[first.start] !== openBrace ? [] : editOf(bytes, first)
  })
}

function editOf(bytes: Uint8Array, call: JsonSpan): readonly JsonEdit[] {
  const held = memberOf(bytes, call, 'extra_content')
  if (held === undefined) {
    const isEmpty = childSpans(bytes, call.start).length === 0
    const text = JSON.stringify(standIn).slice(1, -1)
    return isEmpty ? [] : [{ start: call.start + 1, end: call.start + 1, text: `${text},` }]
  }
  // Typed clients send what they do not know as null.
  return bytes[held.start] === letterN ? [{ start: held.start, end: held.end, text: JSON.stringify(standIn.extra_content) }] : []
}

function memberOf(bytes: Uint8Array, span: JsonSpan, key: string): JsonSpan | undefined {
  return childSpans(bytes, span.start).find((member) => member.key === key)
}

const openBrace = 0x7b
const letterN = 0x6e
