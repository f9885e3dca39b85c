// The request's outside: parsed once, with the spans of its top-level fields, so that checking and splicing read the same bytes.
import { GatewayError, invalidValue } from '../../ir/errors.ts'
import { parseJsonBytes } from '../../ir/json-body.ts'
import { scanJson, type JsonEntry } from '../../lib/json.ts'
import { isObject } from '../wire.ts'
import { envelopeSchema } from './schema.ts'

export interface Envelope {
  readonly model: string
  readonly stream: boolean
  /** The whole body, parsed; read by own keys only. */
  readonly body: Readonly<Record<string, unknown>>
  readonly messages: readonly unknown[]
  readonly fields: readonly JsonEntry[]
}

const maxDepth = 128
const checkedKeys = new Set(['model', 'stream', 'messages'])

// Kept beside the bytes, so that the encoder of a same-shape call neither scans nor parses again.
const known = new WeakMap<Uint8Array, Envelope>()

/** @throws GatewayError invalid_json, invalid_value */
export function envelopeOf(bytes: Uint8Array): Envelope {
  const kept = known.get(bytes)
  if (kept) return kept
  const envelope = readEnvelope(bytes)
  known.set(bytes, envelope)
  return envelope
}

function readEnvelope(bytes: Uint8Array): Envelope {
  const { depthExceeded, numberOverflows, topLevel } = scanJson(bytes, { maxDepth })
  if (depthExceeded) throw invalidJson(`the body is nested deeper than ${maxDepth} levels`)
  if (numberOverflows) throw invalidJson('the body holds a number that is too large for any reader')
  refuseTwiceSaid(topLevel)
  const body = parseJsonBytes(bytes)
  if (!isObject(body)) throw invalidJson('the body is not a JSON object')
  const envelope = envelopeSchema.safeParse(body)
  if (!envelope.success) throw wrongField(String(envelope.error.issues[0]?.path[0] ?? ''))
  const { model = '', stream = false, messages } = envelope.data
  return { model, stream, body, messages, fields: topLevel }
}

// What we check must be what the provider reads: parsers disagree on which of two equal keys counts.
function refuseTwiceSaid(fields: readonly JsonEntry[]): void {
  const seen = new Set<string>()
  for (const { key } of fields) {
    if (!checkedKeys.has(key)) continue
    if (seen.has(key)) throw new GatewayError('invalid_request', 'invalid_json', `\`${key}\` is given twice`, { param: key })
    seen.add(key)
  }
}

function wrongField(field: string): GatewayError {
  if (field === 'model') return invalidValue('model', '`model` must be a string')
  if (field === 'stream') return invalidValue('stream', '`stream` must be a boolean')
  return invalidValue('messages', '`messages` must be an array')
}

function invalidJson(message: string): GatewayError {
  return new GatewayError('invalid_request', 'invalid_json', message)
}
