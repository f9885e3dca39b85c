// The hub's stream: what a provider's decoder emits and a door's encoder consumes. It is nobody's wire (translation.md §1).
import type { Usage } from './usage.ts'
import type { Warning } from './warning.ts'

export type Shape = 'anthropic' | 'openai' | 'openai-responses'

/** Why the model stopped (translation.md §3). */
export type Stop =
  | { readonly reason: 'end' | 'length' | 'toolUse' | 'pause' | 'contextFull' }
  | { readonly reason: 'stopSequence'; readonly text?: string }
  | { readonly reason: 'refusal'; readonly explanation?: string }
  | { readonly reason: 'unknown'; readonly raw: string }

const stopReasons = {
  end: 'end_turn',
  length: 'max_tokens',
  toolUse: 'tool_use',
  pause: 'pause_turn',
  contextFull: 'model_context_window_exceeded',
  stopSequence: 'stop_sequence',
  refusal: 'refusal',
} as const

/** The word that goes on record (contract.md §5, `stop_reason`): one vocabulary for all wires, the one that has most words. */
export function stopReasonOf(stop: Stop): string {
  return stop.reason === 'unknown' ? stop.raw.slice(0, 64) : stopReasons[stop.reason]
}

/** How a part of an answer begins; its content follows in deltas of the same `index`. */
export type PartHead =
  | { readonly type: 'text' }
  | { readonly type: 'thinking' }
  /** Encrypted thinking: whole in its head, no deltas. */
  | { readonly type: 'redactedThinking'; readonly data: string }
  /** `custom`: its arguments are text of the tool's own grammar, not JSON. */
  | { readonly type: 'toolCall'; readonly id: string; readonly name: string; readonly custom?: true }
  /** The model declined in words; its text follows as text-deltas. */
  | { readonly type: 'refusal' }
  /** A part only its own shape understands (server tools and their results), as parsed JSON. */
  | { readonly type: 'opaque'; readonly shape: Shape; readonly raw: unknown }

/** Names are noun-verb. `index` counts parts of the answer from 0 and is never reused. */
export type StreamEvent =
  | { readonly type: 'start'; readonly id: string; readonly model: string }
  | { readonly type: 'part-start'; readonly index: number; readonly part: PartHead }
  /** args-delta: JSON text of a tool call's arguments, never re-printed. */
  | { readonly type: 'text-delta' | 'thinking-delta' | 'args-delta'; readonly index: number; readonly text: string }
  | { readonly type: 'signature'; readonly index: number; readonly signature: string }
  | { readonly type: 'citation'; readonly index: number; readonly url: string; readonly title?: string }
  | { readonly type: 'part-end'; readonly index: number }
  /** Cumulative: the last one wins. */
  | { readonly type: 'usage'; readonly usage: Usage }
  | { readonly type: 'stop'; readonly stop: Stop }
  /** The wire's own end mark; a decoder throws when the bytes stop without it. */
  | { readonly type: 'end' }

/** What only accounting needs of one chunk. Cheap: a tap, not a decode. */
export interface Meter {
  /** Cumulative for the answer so far: the last one wins. */
  readonly usage?: Usage
  readonly stop?: Stop
  /** The wire's end mark is in this chunk: the turn is committed before the chunk is released. */
  readonly ended: boolean
  /** Started in this chunk. */
  readonly toolCalls: number
  readonly thinkingBlocks: number
  /** UTF-16 units of text, thinking and arguments in this chunk: the estimate when an answer is cut. */
  readonly outputCharacters: number
  /** The provider's own name of the model that answered, from the answer's first frame. */
  readonly model?: string
  /** What the client's wire has no place for in this chunk; only across shapes. The same may be said in every chunk. */
  readonly warnings?: readonly Warning[]
}

/** One upstream buffer: a stream is walked once, with one await per buffer. Bytes always, meaning on request. */
export interface StreamChunk {
  /** The bytes as they came. A door of the same shape writes them as they are: same-shape calls are lossless. */
  readonly verbatim?: { readonly shape: Shape; readonly bytes: Uint8Array }
  readonly meter: Meter
  /**
   * Every event of this chunk, decoded when first asked for: across shapes, never on the same-shape path. A decoder keeps state,
   * so whoever asks must ask each chunk once, in order.
   * @throws GatewayError when the wire's own error frame, or a frame that does not parse, is in this chunk
   */
  events(): readonly StreamEvent[]
}
