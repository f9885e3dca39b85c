// The envelope of a request at our door: what every call needs, read once and cheaply. The content is decoded when asked for.
import { invalidValue } from '../../ir/errors.ts'
import type { ByteText } from '../../ir/json-body.ts'
import type { LanguageModelRequest, RequestContent } from '../../ir/request.ts'
import { countRepeats } from '../repeated-calls.ts'
import { isObject } from '../wire.ts'
import { contentOf } from './decode-request.ts'
import { envelopeOf, exactBodyOf } from './envelope.ts'
import { chatBodyOf, isResponsesShaped } from './responses-body.ts'
import { isMixed, traitsOf } from './traits.ts'

/** Never refuses a field it does not know: that is the provider's business, or `content()`'s. */
export function decodeRequest(bytes: Uint8Array, headers: Headers, byteText?: ByteText): LanguageModelRequest {
  const envelope = envelopeOf(bytes, byteText, isResponsesShaped)
  // Cursor posts Responses bodies here (clients.md §7): from this line on they are chat bodies.
  const converted = isResponsesShaped(envelope.body) ? chatBodyOf(envelope.body) : undefined
  const body = converted?.body ?? envelope.body
  const { messages } = body
  if (!Array.isArray(messages)) throw invalidValue('messages', '`messages` must be an array')
  let content: RequestContent | undefined
  return {
    shape: 'openai',
    model: envelope.model,
    stream: envelope.stream,
    includeUsage: isObject(body['stream_options']) && body['stream_options']['include_usage'] === true,
    source: { bytes, headers },
    traits: traitsOf(body, messages, bytes.length),
    mixed: converted !== undefined || isMixed(body, messages),
    repeatedToolCalls: () => countRepeats(messages, callsOf),
    content: () => (content ??= contentOf(converted?.body ?? exactBodyOf(bytes, envelope), converted?.paths)),
  }
}

/** Without their ids, which are always others. */
function callsOf({ role, tool_calls: calls }: Readonly<Record<string, unknown>>): readonly unknown[] | null {
  if (role !== 'assistant') return null
  const called: readonly unknown[] = Array.isArray(calls) ? calls : []
  return called.map((call) => (isObject(call) ? (call['function'] ?? call['custom']) : call))
}
