// Events to `chat.completion.chunk` frames, with the state between them. The parts of a chunk that never change are printed once.
import type { PartHead, Stop, StreamEvent } from '../../ir/stream.ts'
import type { Usage } from '../../ir/usage.ts'
import { estimatedUsage } from '../estimate.ts'
import type { AnswerContext } from '../protocol.ts'
import { finishReasonOf } from './stop.ts'
import { wireUsageOf } from './usage.ts'

export interface ChunkEncoder {
  /** The frames of these events as one text, '' when they mean nothing to this wire. */
  encode(events: readonly StreamEvent[]): string
}

export function createChunkEncoder(answer: AnswerContext): ChunkEncoder {
  const head = JSON.stringify({
    id: `chatcmpl-${answer.turnId}`,
    object: 'chat.completion.chunk',
    created: answer.createdS,
    model: answer.model,
  }).slice(0, -1)
  // With include_usage every chunk says so (openai 6.49: "a usage field, but with a null value").
  const tail = answer.includeUsage ? ',"usage":null}\n\n' : '}\n\n'
  const parts = new Map<number, OpenPart>()
  let nextTool = 0
  let textLength = 0
  let stop: Stop = { reason: 'end' }
  let usage: Usage | undefined
  let characters = 0

  return { encode: (events) => events.map(encodeEvent).join('') }

  function encodeEvent(event: StreamEvent): string {
    switch (event.type) {
      case 'start':
        return chunk({ role: 'assistant', content: '' })
      case 'part-start':
        return startPart(event.index, event.part)
      case 'text-delta':
        return textDelta(parts.get(event.index), event.text)
      case 'thinking-delta': {
        const part = parts.get(event.index)
        if (part) part.thinking += event.text
        characters += event.text.length
        return event.text === '' ? '' : chunk({ reasoning_content: event.text })
      }
      case 'args-delta':
        return argsDelta(parts.get(event.index), event.text)
      case 'signature': {
        const part = parts.get(event.index)
        if (part) part.signature = event.signature
        return ''
      }
      case 'citation': {
        const span = { start_index: parts.get(event.index)?.textStart ?? 0, end_index: textLength }
        const citation = { ...span, url: event.url, title: event.title ?? '' }
        return chunk({ annotations: [{ type: 'url_citation', url_citation: citation }] })
      }
      case 'part-end':
        return endPart(parts.get(event.index))
      case 'usage':
        usage = event.usage
        return ''
      case 'stop':
        stop = event.stop
        return ''
      case 'end':
        return finish()
      default:
        return event satisfies never
    }
  }

  function startPart(index: number, head: PartHead): string {
    const part: OpenPart = {
      head,
      tool: head.type === 'toolCall' ? nextTool++ : -1,
      textStart: textLength,
      hasArgs: false,
      thinking: '',
      signature: '',
    }
    parts.set(index, part)
    if (head.type === 'toolCall') {
      const call = { index: part.tool, id: head.id, type: 'function', function: { name: head.name, arguments: '' } }
      return chunk({ tool_calls: [call] })
    }
    if (head.type === 'redactedThinking') return chunk({ thinking_blocks: [{ type: 'redacted_thinking', data: head.data }] })
    return ''
  }

  function textDelta(part: OpenPart | undefined, text: string): string {
    if (text === '') return ''
    characters += text.length
    if (part?.head.type === 'refusal') return chunk({ refusal: text })
    textLength += text.length
    return chunk({ content: text })
  }

  function argsDelta(part: OpenPart | undefined, text: string): string {
    if (part?.head.type !== 'toolCall' || text === '') return ''
    part.hasArgs = true
    characters += text.length
    return chunk({ tool_calls: [{ index: part.tool, function: { arguments: text } }] })
  }

  function endPart(part: OpenPart | undefined): string {
    if (part?.head.type === 'toolCall' && !part.hasArgs && !part.head.custom) return argsDelta(part, '{}')
    // Whole and signed, so that a client can replay it.
    if (!part || part.signature === '') return ''
    return chunk({ thinking_blocks: [{ type: 'thinking', thinking: part.thinking, signature: part.signature }] })
  }

  function finish(): string {
    const explanation = stop.reason === 'refusal' && stop.explanation ? chunk({ refusal: stop.explanation }) : ''
    const last = chunk({}, finishReasonOf(stop))
    const usageChunk = answer.includeUsage
      ? `data: ${head},"choices":[],"usage":${JSON.stringify(wireUsageOf(usage ?? estimatedUsage(answer, characters)))}}\n\n`
      : ''
    return `${explanation}${last}${usageChunk}data: [DONE]\n\n`
  }

  function chunk(delta: Readonly<Record<string, unknown>>, finishReason: string | null = null): string {
    const choice = JSON.stringify({ index: 0, delta, logprobs: null, finish_reason: finishReason })
    return `data: ${head},"choices":[${choice}]${tail}`
  }
}

interface OpenPart {
  readonly head: PartHead
  /** Counts the client's tools alone, from 0; -1 for other parts. */
  readonly tool: number
  /** Where its text begins in the answer's content. */
  readonly textStart: number
  hasArgs: boolean
  thinking: string
  signature: string
}
