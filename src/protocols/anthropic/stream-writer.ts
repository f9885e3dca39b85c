// The state of a Messages stream being written. This wire's blocks are strictly sequential: the one that is open streams, what
// begins meanwhile waits until it ends (translation.md §4, O -> A).
import type { PartHead, Stop, StreamEvent } from '../../ir/stream.ts'
import type { Usage } from '../../ir/usage.ts'
import { encodeSse } from '../../lib/sse.ts'
import { estimatedUsage } from '../estimate.ts'
import type { AnswerContext } from '../protocol.ts'
import { wireToolId } from './encode-parts.ts'
import { messageIdOf } from './response.ts'
import { taggedSignature } from './signature.ts'
import { wireStopOf } from './stop.ts'
import { wireUsageOf } from './usage.ts'

export interface StreamWriter {
  /** The frames of one chunk; the first chunk, whatever it holds, begins with message_start. */
  write(events: readonly StreamEvent[]): string
}

type Delta = Extract<StreamEvent, { type: 'text-delta' | 'thinking-delta' | 'args-delta' | 'signature' }>

interface OpenPart {
  readonly head: PartHead
  /** What came before its turn. */
  readonly waiting: Delta[]
  /** Undefined until its first content: this wire has no empty text block. */
  wireIndex?: number
  signed: boolean
  ended: boolean
}

export function createStreamWriter(answer: AnswerContext): StreamWriter {
  // In order of their start; the first one is the open one.
  const parts = new Map<number, OpenPart>()
  let started = false
  let nextWireIndex = 0
  let origin = ''
  let stop: Stop | undefined
  let usage: Usage | undefined
  let characters = 0
  const evidence = { hasToolCalls: false, hasRefusal: false }

  const open = (part: OpenPart): string => {
    if (part.wireIndex !== undefined) return ''
    const index = (part.wireIndex = nextWireIndex++)
    return frame({ type: 'content_block_start', index, content_block: blockOf(part.head) })
  }

  const writeDelta = (part: OpenPart, event: Delta): string => {
    if (event.type !== 'signature' && event.text === '') return ''
    const head = open(part)
    if (event.type === 'signature') part.signed = true
    else characters += event.text.length
    return head + frame({ type: 'content_block_delta', index: part.wireIndex, delta: deltaOf(event) })
  }

  const close = (part: OpenPart): string => {
    // A tool call and an opaque part stand for themselves, even without content.
    const head = part.head.type === 'text' || part.head.type === 'refusal' || part.head.type === 'thinking' ? '' : open(part)
    if (part.wireIndex === undefined) return head
    const signature =
      part.head.type === 'thinking' && !part.signed
        ? frame({
            type: 'content_block_delta',
            index: part.wireIndex,
            delta: { type: 'signature_delta', signature: taggedSignature(origin) },
          })
        : ''
    return head + signature + frame({ type: 'content_block_stop', index: part.wireIndex })
  }

  /** Lets the first part write, and each next one whose turn has come. */
  const advance = (): string => {
    let text = ''
    for (const [index, part] of parts) {
      // The client hears of a tool call as soon as it is its turn, not at its first argument.
      if (part.head.type === 'toolCall') text += open(part)
      for (const event of part.waiting.splice(0)) text += writeDelta(part, event)
      if (!part.ended) break
      text += close(part)
      parts.delete(index)
    }
    return text
  }

  const begin = (index: number, head: PartHead): string => {
    evidence.hasToolCalls ||= head.type === 'toolCall'
    evidence.hasRefusal ||= head.type === 'refusal'
    if (head.type === 'opaque' && head.shape !== 'anthropic') return ''
    parts.set(index, { head, waiting: [], signed: false, ended: false })
    return advance()
  }

  const finish = (): string => {
    for (const part of parts.values()) part.ended = true
    const told = usage ?? estimatedUsage(answer, characters)
    const delta = wireStopOf(stop, evidence)
    return advance() + frame({ type: 'message_delta', delta, usage: wireUsageOf(told) }) + frame({ type: 'message_stop' })
  }

  const step = (event: StreamEvent): string => {
    switch (event.type) {
      case 'start':
        origin = event.model
        return ''
      case 'part-start':
        return begin(event.index, event.part)
      case 'text-delta':
      case 'thinking-delta':
      case 'args-delta':
      case 'signature':
        parts.get(event.index)?.waiting.push(event)
        return advance()
      case 'part-end': {
        const part = parts.get(event.index)
        if (part) part.ended = true
        return advance()
      }
      case 'usage':
        usage = event.usage
        return ''
      case 'stop':
        stop = event.stop
        return ''
      case 'end':
        return finish()
      case 'citation':
        // Citations of this wire point into documents; a bare URL has no place.
        return ''
      default:
        return event satisfies never
    }
  }

  return {
    write(events) {
      const head = started ? '' : messageStart(answer)
      started = true
      return events.reduce((text, event) => text + step(event), head)
    },
  }
}

function frame(data: Readonly<Record<string, unknown>> & { readonly type: string }): string {
  return encodeSse(data.type, JSON.stringify(data))
}

// Output 0: LangChain adds it to message_delta's count (clients.md §0.9). Claude Code shows the input count at once.
function messageStart(answer: AnswerContext): string {
  const message = {
    id: messageIdOf(answer),
    type: 'message',
    role: 'assistant',
    model: answer.model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: wireUsageOf(estimatedUsage(answer, 0)),
  }
  return frame({ type: 'message_start', message }) + frame({ type: 'ping' })
}

function blockOf(head: PartHead): unknown {
  switch (head.type) {
    case 'text':
    case 'refusal':
      return { type: 'text', text: '' }
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' }
    case 'redactedThinking':
      return { type: 'redacted_thinking', data: head.data }
    case 'toolCall':
      // Clients read the input only from the deltas.
      return { type: 'tool_use', id: wireToolId(head.id), name: head.name, input: {} }
    case 'opaque':
      return head.raw
    default:
      return head satisfies never
  }
}

function deltaOf(event: Delta): unknown {
  switch (event.type) {
    case 'text-delta':
      return { type: 'text_delta', text: event.text }
    case 'thinking-delta':
      return { type: 'thinking_delta', thinking: event.text }
    case 'args-delta':
      return { type: 'input_json_delta', partial_json: event.text }
    case 'signature':
      return { type: 'signature_delta', signature: event.signature }
    default:
      return event satisfies never
  }
}
