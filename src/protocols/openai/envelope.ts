// What every request in one of OpenAI's two shapes has: an object with a model and a stream switch, parsed once.
import { GatewayError, invalidValue } from '../../ir/errors.ts'
import { isBeyondAscii, parseJsonBytes, parseJsonShape, type ByteText } from '../../ir/json-body.ts'
import { fieldsOf } from '../fields.ts'
import { isObject } from '../wire.ts'
import { envelopeSchema } from './schema.ts'

export interface Envelope {
  readonly model: string
  readonly stream: boolean
  readonly body: Record<string, unknown>
  /** False: strings beyond ASCII in `body` are as `parseJsonShape` reads them. */
  readonly isExact: boolean
}

/** @param mustBeExact of bodies whose words are read here, not only their structure */
export function envelopeOf(
  bytes: Uint8Array,
  byteText: ByteText | undefined,
  mustBeExact: (body: Record<string, unknown>) => boolean = () => false,
): Envelope {
  fieldsOf(bytes)
  const shape = objectOf(parseJsonShape(bytes, byteText))
  const isExact = byteText === undefined || isBeyondAscii(shape['model']) || mustBeExact(shape)
  const body = isExact && byteText !== undefined ? objectOf(parseJsonBytes(bytes)) : shape
  const envelope = envelopeSchema.safeParse(body)
  if (!envelope.success) throw wrongEnvelope(envelope.error.issues[0])
  return { model: envelope.data.model ?? '', stream: envelope.data.stream ?? false, body, isExact }
}

/** The same with every string as the client wrote it. */
export function exactBodyOf(bytes: Uint8Array, { body, isExact }: Envelope): Record<string, unknown> {
  return isExact ? body : objectOf(parseJsonBytes(bytes))
}

function objectOf(parsed: unknown): Record<string, unknown> {
  if (isObject(parsed)) return parsed
  throw new GatewayError('invalid_request', 'invalid_json', 'the body is not a JSON object')
}

function wrongEnvelope(issue: { readonly path: readonly PropertyKey[] } | undefined): GatewayError {
  const field = String(issue?.path[0] ?? '')
  return invalidValue(field, field === 'model' ? '`model` must be a string' : '`stream` must be a boolean')
}
