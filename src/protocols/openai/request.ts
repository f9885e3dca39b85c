// The envelope of a request at our door: what every call needs, read once and cheaply. The content is decoded when asked for.
import { GatewayError, invalidValue } from '../../ir/errors.ts'
import { isBeyondAscii, parseJsonBytes, parseJsonShape, type ByteText } from '../../ir/json-body.ts'
import type { LanguageModelRequest, RequestContent } from '../../ir/request.ts'
import { countRepeats } from '../repeated-calls.ts'
import { isObject } from '../wire.ts'
import { contentOf } from './decode-request.ts'
import { fieldsOf } from '../fields.ts'
import { chatBodyOf, isResponsesShaped } from './responses-body.ts'
import { envelopeSchema } from './schema.ts'
import { isMixed, traitsOf } from './traits.ts'

/** Never refuses a field it does not know: that is the provider's business, or `content()`'s. */
export function decodeRequest(bytes: Uint8Array, headers: Headers, byteText?: ByteText): LanguageModelRequest {
  fieldsOf(bytes)
  const shape = objectOf(parseJsonShape(bytes, byteText))
  // Whose words are read here is read exactly; of all others only their structure is asked for.
  const isExact = byteText === undefined || isBeyondAscii(shape['model']) || isResponsesShaped(shape)
  const parsed = isExact && byteText !== undefined ? objectOf(parseJsonBytes(bytes)) : shape
  const envelope = envelopeSchema.safeParse(parsed)
  if (!envelope.success) throw wrongEnvelope(envelope.error.issues[0])
  // Cursor posts Responses bodies here (clients.md §7): from this line on they are chat bodies.
  const converted = isResponsesShaped(parsed) ? chatBodyOf(parsed) : undefined
  const body = converted?.body ?? parsed
  const { messages } = body
  if (!Array.isArray(messages)) throw invalidValue('messages', '`messages` must be an array')
  let content: RequestContent | undefined
  return {
    shape: 'openai',
    model: envelope.data.model ?? '',
    stream: envelope.data.stream ?? false,
    includeUsage: isObject(body['stream_options']) && body['stream_options']['include_usage'] === true,
    source: { bytes, headers },
    traits: traitsOf(body, messages, bytes.length),
    mixed: converted !== undefined || isMixed(body, messages),
    repeatedToolCalls: () => countRepeats(messages, callsOf),
    content: () => (content ??= contentOf(isExact ? body : objectOf(parseJsonBytes(bytes)), converted?.paths)),
  }
}

/** Without their ids, which are always others. */
function callsOf({ role, tool_calls: calls }: Readonly<Record<string, unknown>>): readonly unknown[] | null {
  if (role !== 'assistant') return null
  const called: readonly unknown[] = Array.isArray(calls) ? calls : []
  return called.map((call) => (isObject(call) ? (call['function'] ?? call['custom']) : call))
}

function objectOf(parsed: unknown): Record<string, unknown> {
  if (isObject(parsed)) return parsed
  throw new GatewayError('invalid_request', 'invalid_json', 'the body is not a JSON object')
}

function wrongEnvelope(issue: { readonly path: readonly PropertyKey[] } | undefined): GatewayError {
  const field = String(issue?.path[0] ?? '')
  return invalidValue(field, field === 'model' ? '`model` must be a string' : '`stream` must be a boolean')
}
