// A Messages request to a Messages provider: the client's bytes, with the model's name and nothing else changed. The one
// exception: thinking that is not Anthropic's own, which its API refuses ("Invalid signature").
import type { EncodedRequest, Target } from '../protocol.ts'
import type { LanguageModelRequest } from '../../ir/request.ts'
import { spliceBytes, type JsonSpan } from '../../lib/json.ts'
import { isObject } from '../wire.ts'
import { betasOf } from './betas.ts'
import { envelopeOf, type Envelope } from './envelope.ts'
import { contentSpans, messageSpans } from './input-texts.ts'
import { isForeignSignature } from './signature.ts'

export const defaultVersion = '2023-06-01'

interface Edit {
  readonly start: number
  readonly end: number
  readonly text: string
}

export function encodeSameShape(request: LanguageModelRequest, target: Target): EncodedRequest {
  const { bytes, headers, query = '' } = request.source
  const envelope = envelopeOf(bytes)
  const edits = [...modelEdits(bytes, envelope, target.model), ...foreignThinkingEdits(bytes, envelope)]
  const beta = betasOf(headers.get('anthropic-beta'), target.quirks.betas)
  return {
    path: `/v1/messages${query}`,
    headers: {
      'anthropic-version': headers.get('anthropic-version') ?? defaultVersion,
      ...(beta.header === null ? {} : { 'anthropic-beta': beta.header }),
    },
    body: edits.length === 0 ? bytes : spliceBytes(bytes, edits),
    stream: request.stream,
    warnings: beta.warnings,
    inboundShape: 'anthropic',
    toolNames: new Map(),
    hidesUsageChunk: false,
  }
}

function modelEdits(bytes: Uint8Array, envelope: Envelope, model: string): readonly Edit[] {
  const field = envelope.fields.find(({ key }) => key === 'model')
  if (field)
    return envelope.model === model ? [] : [{ start: field.valueStart, end: field.valueEnd, text: JSON.stringify(model) }]
  const at = bytes.indexOf(openBrace) + 1
  const text = `"model":${JSON.stringify(model)}${envelope.fields.length === 0 ? '' : ','}`
  return [{ start: at, end: at, text }]
}

const openBrace = 0x7b

function foreignThinkingEdits(bytes: Uint8Array, envelope: Envelope): readonly Edit[] {
  const affected = envelope.messages.flatMap((message, index) => {
    const blocks = foreignBlocksOf(message)
    return blocks.length === 0 ? [] : [{ index, blocks }]
  })
  if (affected.length === 0) return []
  const messages = messageSpans(bytes, envelope)
  return affected.flatMap(({ index, blocks }) => removalsOf(contentSpans(bytes, messages[index]), new Set(blocks)))
}

function foreignBlocksOf(message: unknown): readonly number[] {
  if (!isObject(message) || message['role'] !== 'assistant' || !Array.isArray(message['content'])) return []
  return message['content'].flatMap((block: unknown, index) => {
    const foreign = isObject(block) && block['type'] === 'thinking' && isForeignSignature(block['signature'])
    return foreign ? [index] : []
  })
}

// Whole runs at a time, each with the comma that would be left over.
function removalsOf(elements: readonly JsonSpan[], removed: ReadonlySet<number>): readonly Edit[] {
  const edits: Edit[] = []
  for (let first = 0; first < elements.length; first++) {
    if (!removed.has(first)) continue
    let last = first
    while (removed.has(last + 1)) last++
    const [before, head, tail, after] = [elements[first - 1], elements[first], elements[last], elements[last + 1]]
    if (head && tail) {
      const start = after || !before ? head.start : before.end
      edits.push({ start, end: after ? after.start : tail.end, text: '' })
    }
    first = last
  }
  return edits
}
