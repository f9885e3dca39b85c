// A client that goes round in circles: how often in a row its conversation asks for the very same tool calls.
import { isObject } from './wire.ts'

/**
 * Looks back from the end, at two messages as a rule: it stops at the first that differs.
 * @param callsOf what an assistant message calls, as it stands on the wire; null for a message of somebody else
 * @returns the number of messages; 0 when the last one of the assistant calls nothing
 */
export function countRepeats(
  messages: readonly unknown[],
  callsOf: (message: Readonly<Record<string, unknown>>) => readonly unknown[] | null,
): number {
  let last: readonly unknown[] | null = null
  let count = 0
  for (let place = messages.length - 1; place >= 0; place--) {
    const message = messages[place]
    const calls = isObject(message) ? callsOf(message) : null
    if (calls === null) continue
    if (calls.length === 0 || (last !== null && !isSame(calls, last))) return count
    last = calls
    count += 1
  }
  return count
}

/** Parsed JSON, as deep as a body may be. */
function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, place) => isSame(item, b[place]))
  if (!isObject(a) || !isObject(b)) return false
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]))
}
