// The request's outside: parsed once, with the spans of its top-level fields, so that checking and splicing read the same bytes.
import { GatewayError, invalidValue } from '../../ir/errors.ts'
import { isBeyondAscii, parseJsonBytes, parseJsonShape, type ByteText } from '../../ir/json-body.ts'
import type { JsonEntry } from '../../lib/json.ts'
import { fieldsOf } from '../fields.ts'
import { isObject } from '../wire.ts'
import { envelopeSchema } from './schema.ts'

export interface Envelope {
  readonly model: string
  readonly stream: boolean
  /** False: strings beyond ASCII in `body` and `messages` are as `parseJsonShape` reads them, but for `model` and `metadata`. */
  readonly isExact: boolean
  /** The whole body, parsed; read by own keys only. */
  readonly body: Readonly<Record<string, unknown>>
  readonly messages: readonly unknown[]
  readonly fields: readonly JsonEntry[]
}

// Kept beside the bytes, so that the encoder of a same-shape call neither scans nor parses again.
const known = new WeakMap<Uint8Array, Envelope>()

/** @throws GatewayError invalid_json, invalid_value */
export function envelopeOf(bytes: Uint8Array, byteText?: ByteText): Envelope {
  const kept = known.get(bytes)
  if (kept) return kept
  const envelope = readEnvelope(bytes, byteText)
  known.set(bytes, envelope)
  return envelope
}

/** The same with every string as the client wrote it. */
export function exactEnvelopeOf(bytes: Uint8Array, envelope: Envelope): Envelope {
  return envelope.isExact ? envelope : { ...checked(parseJsonBytes(bytes)), isExact: true, fields: envelope.fields }
}

function readEnvelope(bytes: Uint8Array, byteText: ByteText | undefined): Envelope {
  const fields = fieldsOf(bytes)
  const shape = checked(parseJsonShape(bytes, byteText))
  const isExact = byteText === undefined || isBeyondAscii(shape.model) || isBeyondAscii(userIdOf(shape.body))
  return { ...(isExact && byteText !== undefined ? checked(parseJsonBytes(bytes)) : shape), isExact, fields }
}

function checked(body: unknown): Pick<Envelope, 'model' | 'stream' | 'body' | 'messages'> {
  if (!isObject(body)) throw invalidJson('the body is not a JSON object')
  const envelope = envelopeSchema.safeParse(body)
  if (!envelope.success) throw wrongField(String(envelope.error.issues[0]?.path[0] ?? ''))
  const { model = '', stream = false, messages } = envelope.data
  return { model, stream, body, messages }
}

function userIdOf({ metadata }: Readonly<Record<string, unknown>>): unknown {
  return isObject(metadata) ? metadata['user_id'] : undefined
}

function wrongField(field: string): GatewayError {
  if (field === 'model') return invalidValue('model', '`model` must be a string')
  if (field === 'stream') return invalidValue('stream', '`stream` must be a boolean')
  return invalidValue('messages', '`messages` must be an array')
}

function invalidJson(message: string): GatewayError {
  return new GatewayError('invalid_request', 'invalid_json', message)
}
