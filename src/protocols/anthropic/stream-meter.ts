// The tap on a same-shape stream: counts, stop and end by the events' names, with JSON.parse only for the few frames that
// carry them (performance.md: what follows, 2).
import type { Meter, Stop } from '../../ir/stream.ts'
import type { Usage } from '../../ir/usage.ts'
import type { SseEvent } from '../../lib/sse.ts'
import { blockStartSchema, messageDeltaSchema, messageStartSchema, type WireBlock, type WireUsage } from './answer-schema.ts'
import type { EncodedRequest } from '../protocol.ts'
import { kindOf, printedInput } from './block-events.ts'
import { frameTypeOf } from '../frame-type.ts'
import { stringLength } from '../string-end.ts'
import { readFrame } from './frames.ts'
import { lostOf } from './losses.ts'
import { stopForClient, stopOf } from './stop.ts'
import { mergeUsage, tellsCounts, usageOf } from './usage.ts'

export interface Reading {
  readonly meter: Meter
  /** The answer has begun: an event other than a ping was among the frames. */
  readonly begun: boolean
  /** The provider's own error frame, which ends the answer. */
  readonly error?: SseEvent
}

/** @throws GatewayError upstream_bad_response for a frame that must be read and does not parse */
export function createTap(call: EncodedRequest): (frames: readonly SseEvent[]) => Reading {
  let wireUsage: WireUsage | undefined
  const seen = { answered: false, called: false }
  const crosses = call.inboundShape !== 'anthropic'

  return (frames) => {
    const meter: { -readonly [K in keyof Meter]: Meter[K] } = {
      ended: false,
      toolCalls: 0,
      thinkingBlocks: 0,
      outputCharacters: 0,
    }
    let begun = false
    const blocks: WireBlock[] = []
    const count = (usage: WireUsage | null | undefined): void => {
      if (!usage) return
      wireUsage = mergeUsage(wireUsage, usage)
      if (tellsCounts(wireUsage)) meter.usage = usageOf(wireUsage) satisfies Usage
    }
    for (const frame of frames) {
      const type = frameTypeOf(frame)
      switch (type) {
        case 'content_block_delta':
          meter.outputCharacters += stringLength(frame.data, contentOpening)
          break
        case 'message_start': {
          const { message } = readFrame(messageStartSchema, frame)
          if (message.model) meter.model = message.model
          count(message.usage)
          break
        }
        case 'content_block_start': {
          const block = readFrame(blockStartSchema, frame).content_block
          const kind = kindOf(block, call)
          if (kind === 'opaque') blocks.push(block)
          else meter.outputCharacters += startCharactersOf(block)
          if (kind === 'tool') meter.toolCalls += 1
          if (kind === 'thinking' || kind === 'redacted') meter.thinkingBlocks += 1
          seen.called ||= kind === 'tool'
          seen.answered ||= kind === 'answer'
          break
        }
        case 'message_delta': {
          const { delta, usage } = readFrame(messageDeltaSchema, frame)
          count(usage)
          const stop: Stop | undefined = stopForClient(stopOf(delta ?? {}), seen)
          if (stop) meter.stop = stop
          break
        }
        case 'message_stop':
          meter.ended = true
          break
        case 'error':
          return { meter, begun, error: frame }
      }
      begun ||= type !== 'ping' && type !== ''
    }
    return { meter: crosses ? Object.assign(meter, lostOf(call, { ...meter, blocks })) : meter, begun }
  }
}

/** What some servers say whole in a block's start, where Anthropic itself says nothing yet. */
function startCharactersOf({ text, thinking, input }: WireBlock): number {
  const args = printedInput(input)
  return (text?.length ?? 0) + (thinking?.length ?? 0) + (args === '{}' ? 0 : args.length)
}

const contentOpening = /"(?:text|thinking|partial_json)"\s*:\s*"/
