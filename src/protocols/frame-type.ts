// What kind of frame an event of a stream is, for the wires that name their events.
import type { SseEvent } from '../lib/sse.ts'
import { isObject, jsonOf } from './wire.ts'

/** By the event's name, else by the data's own `type`: compatible servers leave the name out. '' = says nothing. */
export function frameTypeOf(event: SseEvent): string {
  if (event.event !== '') return event.event
  const [, type] = /^\s*\{\s*"type"\s*:\s*"([\w.]+)"/.exec(event.data) ?? []
  if (type !== undefined) return type
  const data = jsonOf(event.data)
  return isObject(data) && typeof data['type'] === 'string' ? data['type'] : ''
}
