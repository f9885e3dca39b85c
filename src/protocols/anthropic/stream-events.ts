// Frames of a Messages stream to events of the IR, for a client of another wire. Keeps state: one reader a stream, each frame
// once, in order.
import type { StreamEvent } from '../../ir/stream.ts'
import type { SseEvent } from '../../lib/sse.ts'
import {
  blockDeltaSchema,
  blockStartSchema,
  blockStopSchema,
  messageDeltaSchema,
  messageStartSchema,
  type WireBlock,
  type WireUsage,
} from './answer-schema.ts'
import {
  citationEvents,
  headEvents,
  inputEvents,
  kindOf,
  printedInput,
  signatureEvents,
  textEvents,
  type AnswerNames,
  type BlockKind,
} from './block-events.ts'
import { jsonOf } from '../wire.ts'
import { frameTypeOf } from '../frame-type.ts'
import { readFrame } from './frames.ts'
import { stopForClient, stopOf } from './stop.ts'
import { mergeUsage, tellsCounts, usageOf } from './usage.ts'

/** @throws GatewayError upstream_bad_response for a frame that does not parse */
export type EventReader = (frame: SseEvent) => readonly StreamEvent[]

interface OpenBlock {
  readonly index: number
  readonly kind: BlockKind
  readonly head: WireBlock
  /** JSON text of the input so far. */
  input: string
}

export function createEventReader(names: AnswerNames): EventReader {
  const open = new Map<number, OpenBlock>()
  let nextIndex = 0
  let started = false
  let usage: WireUsage | undefined
  const seen = { answered: false, called: false }

  const usageEvents = (next: WireUsage | null | undefined): readonly StreamEvent[] => {
    if (!next) return []
    usage = mergeUsage(usage, next)
    return tellsCounts(usage) ? [{ type: 'usage', usage: usageOf(usage) }] : []
  }

  const start = (frame: SseEvent): readonly StreamEvent[] => {
    const { message } = readFrame(messageStartSchema, frame)
    const counted = usageEvents(message.usage)
    // A second message_start (some proxies retry within a stream) tells counts, no new answer.
    if (started) return counted
    started = true
    return [{ type: 'start', id: message.id ?? '', model: message.model ?? '' }, ...counted]
  }

  const openBlock = (wireIndex: number, head: WireBlock): readonly StreamEvent[] => {
    const block: OpenBlock = { index: nextIndex++, kind: kindOf(head, names), head, input: '' }
    open.set(wireIndex, block)
    seen.answered ||= block.kind === 'answer'
    seen.called ||= block.kind === 'tool'
    // An opaque block is told whole, and a server tool's input is still to come.
    return block.kind === 'opaque' ? [] : headEvents(block.index, head, block.kind, names)
  }

  const delta = (frame: SseEvent): readonly StreamEvent[] => {
    const { index: wireIndex, delta } = readFrame(blockDeltaSchema, frame)
    const block = open.get(wireIndex)
    if (!block) return []
    const { index, kind } = block
    switch (delta.type) {
      case 'text_delta':
        return kind === 'text' ? textEvents('text-delta', index, delta.text) : []
      case 'thinking_delta':
        return textEvents('thinking-delta', index, delta.thinking)
      case 'signature_delta':
        return signatureEvents(index, delta.signature)
      case 'citations_delta':
        return citationEvents(index, delta.citation)
      case 'input_json_delta': {
        const text = delta.partial_json ?? ''
        block.input += text
        if (kind === 'tool') return textEvents('args-delta', index, text)
        return kind === 'answer' ? textEvents('text-delta', index, text) : []
      }
      default:
        return []
    }
  }

  const closeBlock = (wireIndex: number): readonly StreamEvent[] => {
    const block = open.get(wireIndex)
    if (!block) return []
    open.delete(wireIndex)
    const { index, kind, head, input } = block
    const end: StreamEvent = { type: 'part-end', index }
    if (kind === 'opaque') {
      const whole = input === '' ? head : { ...head, input: jsonOf(input) ?? input }
      return [...headEvents(index, whole, kind, names), end]
    }
    // The whole input in the block's start and no delta: compatible servers.
    if ((kind === 'tool' || kind === 'answer') && input === '')
      return [...inputEvents(index, kind, printedInput(head.input)), end]
    return [end]
  }

  const messageDelta = (frame: SseEvent): readonly StreamEvent[] => {
    const { delta, usage } = readFrame(messageDeltaSchema, frame)
    const stop = stopForClient(stopOf(delta ?? {}), seen)
    return [...usageEvents(usage), ...(stop ? [{ type: 'stop', stop } as const] : [])]
  }

  return (frame) => {
    switch (frameTypeOf(frame)) {
      case 'message_start':
        return start(frame)
      case 'content_block_start': {
        const { index, content_block } = readFrame(blockStartSchema, frame)
        return openBlock(index, content_block)
      }
      case 'content_block_delta':
        return delta(frame)
      case 'content_block_stop':
        return closeBlock(readFrame(blockStopSchema, frame).index)
      case 'message_delta':
        return messageDelta(frame)
      case 'message_stop':
        return [...[...open.keys()].flatMap(closeBlock), { type: 'end' }]
      default:
        // ping, and what is not known yet.
        return []
    }
  }
}
