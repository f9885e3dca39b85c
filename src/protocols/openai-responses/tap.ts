// What accounting needs of a Responses stream, without decoding it: a few frames are parsed, text is counted between its quotes.
import type { Meter } from '../../ir/stream.ts'
import type { SseEvent } from '../../lib/sse.ts'
import { stringLength } from '../string-end.ts'
import { frameTypeOf } from '../frame-type.ts'
import { readFrame } from './frames.ts'
import { endedSchema, itemEventSchema, startedSchema, type WireAnswer } from './schema.ts'
import { stopOf } from './stop.ts'
import { tellsCounts, usageOf } from './usage.ts'

type Counts = { -readonly [K in keyof Meter]: Meter[K] }

export interface Reading {
  readonly meter: Meter
  /** An event was among the frames. */
  readonly begun: boolean
  /** The provider's own word that the answer failed. */
  readonly error?: SseEvent
}

/** @throws GatewayError upstream_bad_response for a frame that must be read and does not parse */
export function createTap(): (frames: readonly SseEvent[]) => Reading {
  return (frames) => {
    const meter: Counts = { ended: false, toolCalls: 0, thinkingBlocks: 0, outputCharacters: 0 }
    let begun = false
    for (const frame of frames) {
      const type = frameTypeOf(frame)
      switch (type) {
        case 'response.created': {
          const { response } = readFrame(startedSchema, frame)
          if (response.model) meter.model = response.model
          break
        }
        case 'response.output_item.added': {
          const { item } = readFrame(itemEventSchema, frame)
          if (isCall(item.type)) meter.toolCalls += 1
          if (item.type === 'reasoning') meter.thinkingBlocks += 1
          break
        }
        case 'response.completed':
        case 'response.incomplete':
          Object.assign(meter, endOf(readFrame(endedSchema, frame).response))
          break
        case 'response.failed':
        case 'error':
          return { meter, begun, error: frame }
        default:
          if (type.endsWith('.delta')) meter.outputCharacters += stringLength(frame.data, deltaOpening)
      }
      begun ||= type !== ''
    }
    return { meter, begun }
  }
}

const deltaOpening = /"delta"\s*:\s*"/

export function isCall(type: string): boolean {
  return type === 'function_call' || type === 'custom_tool_call'
}

/** How an answer ended, from the object that is its whole. */
export function endOf(answer: WireAnswer): Pick<Meter, 'usage' | 'stop' | 'ended'> {
  const { output, status, incomplete_details: details, usage } = answer
  const facts = {
    hasToolCalls: output.some(({ type }) => isCall(type)),
    hasRefusal: output.some(({ content }) => content?.some(({ type }) => type === 'refusal') === true),
  }
  const searches = output.filter(({ type }) => type === 'web_search_call').length
  return {
    ...(usage && tellsCounts(usage) ? { usage: usageOf(usage, answer.service_tier, searches) } : {}),
    stop: stopOf(status, details?.reason, facts),
    ended: true,
  }
}
