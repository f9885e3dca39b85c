// The envelope of a Responses request, read once and cheaply. For a provider of another wire it becomes a chat body, which is
// decoded as one: both wires have the same parts, tools and parameters under other names.
import { invalidValue } from '../../ir/errors.ts'
import type { ByteText } from '../../ir/json-body.ts'
import type { LanguageModelRequest, RequestContent } from '../../ir/request.ts'
import { contentOf as chatContentOf } from '../openai/decode-request.ts'
import { envelopeOf, exactBodyOf } from '../openai/envelope.ts'
import { chatBodyOf } from '../openai/responses-body.ts'
import { traitsOf } from '../openai/traits.ts'
import { countRepeats } from '../repeated-calls.ts'
import { isObject } from '../wire.ts'
import { unmappedOf } from './unmapped.ts'

type Json = Readonly<Record<string, unknown>>

/** Never refuses a field it does not know: that is the provider's business, or `content()`'s. */
export function decodeRequest(bytes: Uint8Array, headers: Headers, byteText?: ByteText): LanguageModelRequest {
  const envelope = envelopeOf(bytes, byteText)
  const { body, model, stream } = envelope
  const { input } = body
  // Absent where the provider holds the conversation.
  if (input !== undefined && input !== null && typeof input !== 'string' && !Array.isArray(input))
    throw invalidValue('input', '`input` must be a string or an array')
  let content: RequestContent | undefined
  return {
    shape: 'openai-responses',
    model,
    stream,
    includeUsage: true,
    source: { bytes, headers },
    traits: traitsOf(asChat(body), Array.isArray(input) ? input : [input], bytes.length),
    repeatedToolCalls: () => (Array.isArray(input) ? countRepeats(input, callsOf) : 0),
    content: () => (content ??= contentOf(exactBodyOf(bytes, envelope))),
  }
}

/** Without their ids, which are always others; each call is an item of its own here. What the user says ends a round. */
function callsOf({ type, role, name, arguments: args, input }: Json): readonly unknown[] | null {
  if (type === 'function_call' || type === 'custom_tool_call') return [[name, args ?? input]]
  return role === 'user' ? [] : null
}

/** The fields that routing asks after, under chat's names. */
function asChat({ tools, text, max_output_tokens: limit }: Json): Record<string, unknown> {
  return { tools, max_tokens: limit, response_format: isObject(text) ? text['format'] : undefined }
}

/** @throws GatewayError invalid_value naming the field, for state we do not hold too */
function contentOf(body: Record<string, unknown>): RequestContent {
  const { input } = body
  if (input === undefined || input === null) {
    // Names the field that stands for it, when there is one.
    chatBodyOf({ ...body, input: [] })
    throw invalidValue('input', '`input` must be a string or an array')
  }
  if (Array.isArray(input) && input.length === 0) throw invalidValue('input', '`input` must not be empty')
  const { body: chat, paths } = chatBodyOf(body)
  const content = chatContentOf(chat, paths)
  return { ...content, unmapped: unmappedOf(body, content.unmapped) }
}
