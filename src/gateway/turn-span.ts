// A turn as a span of OpenTelemetry, in OTLP's JSON: names of the gen_ai conventions (core release 1.42), what they have no name for
// under `metis.`. Numbers, names and ids; never what was said.
import { isUlid, ulidHex } from '../lib/ids.ts'
import type { TurnClosed } from '../store/traces.ts'

type Value =
  | { readonly stringValue: string }
  | { readonly intValue: string }
  | { readonly doubleValue: number }
  | { readonly boolValue: boolean }
  | { readonly arrayValue: { readonly values: readonly { readonly stringValue: string }[] } }

export interface Attribute {
  readonly key: string
  readonly value: Value
}

export interface Span {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  /** 0x301: sampled, and its parent is known to be another process's. */
  readonly flags?: 0x301
  readonly name: string
  /** 3 = client. */
  readonly kind: 3
  /** ns since 1970, as text: JSON's numbers do not hold them. */
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Attribute[]
  /** 2 = error; absent = not set, as the conventions ask of what went well. */
  readonly status: { readonly code?: 2; readonly message?: string }
}

/** null = nothing went upstream. Where the client has no trace of its own, its id is the turn's, in hex. */
export function spanOf({ turnId, call, costNanoUsd, turn, traceParent }: TurnClosed): Span | null {
  if (call === null || !isUlid(turnId)) return null
  const { payload } = call
  const completed = call.type === 'llm.call_completed' ? call.payload : null
  const operation = completed !== null && isEmbedding(completed, turn.payload.status) ? 'embeddings' : 'chat'
  const model = payload.model.slice(payload.provider.length + 1)
  const id = ulidHex(turnId)
  const endUs = call.timestampUs
  return {
    traceId: traceParent?.traceId ?? id,
    spanId: id.slice(16),
    ...(traceParent === undefined ? {} : { parentSpanId: traceParent.spanId, flags: 0x301 }),
    name: `${operation} ${model}`,
    kind: 3,
    startTimeUnixNano: `${endUs - Math.round(payload.latency_ms * 1000)}000`,
    endTimeUnixNano: `${endUs}000`,
    attributes: attributesOf({
      'gen_ai.operation.name': operation,
      'gen_ai.provider.name': payload.provider,
      'gen_ai.request.model': model,
      'gen_ai.request.stream': payload.stream,
      'gen_ai.conversation.id': payload.client_session_id,
      'error.type': payload.error_class,
      ...(completed === null ? {} : usageOf(completed)),
      'metis.turn.id': turnId,
      'metis.turn.status': turn.payload.status,
      'metis.requested_model': payload.requested_model,
      'metis.inbound_shape': payload.inbound_shape,
      'metis.attempts': payload.attempts,
      'metis.cost_nano_usd': costNanoUsd,
      'metis.gateway_key.id': payload.gateway_key_id,
      'metis.user.id': payload.user_id,
      'metis.team.id': payload.team_id,
      'metis.project': payload.project,
      'metis.branch': payload.branch,
      'metis.client': payload.client,
    }),
    status: turn.payload.status === 'failed' ? { code: 2, message: turn.payload.error_code ?? 'failed' } : {},
  }
}

type Completed = Extract<TurnClosed['call'], { type: 'llm.call_completed' }>['payload']

function usageOf(payload: Completed) {
  const { input_tokens, cached_input_tokens, cache_creation_input_tokens, ttft_ms, stop_reason } = payload
  return {
    // All of the input, as the conventions count it; the two below are part of it.
    'gen_ai.usage.input_tokens': input_tokens + cached_input_tokens + cache_creation_input_tokens,
    'gen_ai.usage.cache_read.input_tokens': cached_input_tokens,
    'gen_ai.usage.cache_creation.input_tokens': cache_creation_input_tokens,
    'gen_ai.usage.output_tokens': payload.output_tokens,
    'gen_ai.usage.reasoning.output_tokens': payload.reasoning_tokens,
    'gen_ai.response.finish_reasons': stop_reason === null ? null : [stop_reason],
    'gen_ai.response.time_to_first_chunk': payload.stream && ttft_ms !== null ? { seconds: ttft_ms / 1000 } : null,
    'metis.cost_basis': payload.cost_basis,
  }
}

/** The record does not say which endpoint was asked; only of embeddings nothing comes out and nothing says why it stopped. */
const isEmbedding = (payload: Completed, status: string): boolean =>
  status === 'ok' && payload.output_tokens === 0 && payload.stop_reason === null && !payload.stream

/** A number is whole unless it says that it is seconds. */
type Given = string | number | boolean | readonly string[] | { readonly seconds: number } | null

export function attributesOf(given: Readonly<Record<string, Given>>): readonly Attribute[] {
  return Object.entries(given).flatMap(([key, value]) => (value === null ? [] : { key, value: valueOf(value) }))
}

function valueOf(value: NonNullable<Given>): Value {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'number') return { intValue: String(value) }
  if (typeof value === 'boolean') return { boolValue: value }
  if ('seconds' in value) return { doubleValue: value.seconds }
  return { arrayValue: { values: value.map((text) => ({ stringValue: text })) } }
}
