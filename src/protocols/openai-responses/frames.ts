// One frame of a Responses stream as JSON, and the failures that a stream and a whole answer tell in the same words.
import type { GatewayError } from '../../ir/errors.ts'
import type { SseEvent } from '../../lib/sse.ts'
import { badAnswer, errorInAnswer } from '../openai/errors.ts'
import { isObject, jsonOf } from '../wire.ts'

interface Schema<T> {
  safeParse(value: unknown): { readonly success: true; readonly data: T } | { readonly success: false; readonly error: unknown }
}

/** @throws GatewayError upstream_bad_response when the frame does not parse */
export function readFrame<T>(schema: Schema<T>, frame: SseEvent): T {
  const read = schema.safeParse(jsonOf(frame.data))
  if (read.success) return read.data
  throw badAnswer(`the provider sent a \`${frame.event.slice(0, 60)}\` event that cannot be read`, read.error)
}

/** `response.failed`, or `error`, which has its words in the frame itself; also a whole answer that failed. */
export function failureIn(text: string, delivered: boolean): GatewayError {
  const frame = jsonOf(text)
  const response = isObject(frame) && isObject(frame['response']) ? frame['response'] : frame
  const inner = isObject(response) && isObject(response['error']) ? response['error'] : response
  return errorInAnswer(JSON.stringify({ error: inner }), delivered)
}
