// One frame of a Messages stream: its type, and its data as JSON when somebody must know more.
import type { SseEvent } from '../../lib/sse.ts'
import type { QuickSchema } from '../quick-schema.ts'
import { jsonOf } from '../wire.ts'
import { badResponse } from './errors.ts'

/** @throws GatewayError upstream_bad_response when the frame does not parse */
export function readFrame<T>(schema: QuickSchema<T>, event: SseEvent): T {
  const data = schema.safeParse(jsonOf(event.data))
  if (data.success) return data.data
  throw badResponse(`The provider sent a \`${event.event.slice(0, 40)}\` frame that cannot be read.`, data.error)
}
