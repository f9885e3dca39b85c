// A body's top-level fields, found once in its bytes: for what every wire refuses at the door, and for the splices on the way out.
import { GatewayError } from '../ir/errors.ts'
import { scanJson, type JsonEntry } from '../lib/json.ts'

const maxDepth = 128
/** A hundred times what any client sends. Reading a field that means nothing costs microseconds, and 32 MiB hold five million. */
const maxFields = 1000

// Kept beside the bytes, which nobody changes.
const known = new WeakMap<Uint8Array, readonly JsonEntry[]>()

// What we check must be what a provider reads: parsers disagree on which of two equal keys counts.
const givenOnce = new Set(['model', 'stream', 'messages', 'input'])

/** @throws GatewayError invalid_json for what no wire takes */
export function fieldsOf(bytes: Uint8Array): readonly JsonEntry[] {
  const kept = known.get(bytes)
  if (kept) return kept
  const { depthExceeded, numberOverflows, keysExceeded, topLevel } = scanJson(bytes, { maxDepth, maxKeys: maxFields })
  if (depthExceeded) throw invalidJson(`the body is nested deeper than ${maxDepth} levels`)
  if (numberOverflows) throw invalidJson('the body holds a number that is too large for any reader')
  if (keysExceeded) throw invalidJson(`the body has more than ${maxFields} fields`)
  const seen = new Set<string>()
  for (const { key } of topLevel) {
    if (!givenOnce.has(key)) continue
    if (seen.has(key)) throw invalidJson(`\`${key}\` is given twice`, key)
    seen.add(key)
  }
  known.set(bytes, topLevel)
  return topLevel
}

function invalidJson(message: string, param?: string): GatewayError {
  return new GatewayError('invalid_request', 'invalid_json', message, param === undefined ? {} : { param })
}
