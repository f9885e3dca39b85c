// Cursor posts Responses bodies to /chat/completions (clients.md §7). Here they become chat bodies, field by field, so that
// everything behind this file knows chat only; the answer is chat as well.
import { invalidValue } from '../../ir/errors.ts'
import { isObject } from '../wire.ts'

type Json = Record<string, unknown>

export interface ConvertedBody {
  readonly body: Json
  /** Where each of `body.messages` stands in the client's request, for error paths. */
  readonly paths: readonly string[]
}

export function isResponsesShaped(body: Json): boolean {
  return !('messages' in body) && (typeof body['input'] === 'string' || Array.isArray(body['input']))
}

/**
 * Fields that only say how Responses stores and pages (`store`, `include`, `truncation` …) have no meaning here and go.
 * @throws GatewayError invalid_value for state we do not hold and items that would change the meaning if dropped
 */
export function chatBodyOf(source: Json): ConvertedBody {
  for (const field of ['previous_response_id', 'conversation', 'prompt']) {
    if (isSet(source[field]))
      throw invalidValue(field, `\`${field}\` needs state that this endpoint does not hold: send the whole input`)
  }
  if (source['background'] === true) throw invalidValue('background', '`background` is not supported by this endpoint')
  const { messages, paths } = messagesOf(source)
  const body: Json = { messages }
  for (const field of sameFields) if (field in source) body[field] = source[field]
  if (isSet(source['max_output_tokens'])) body['max_completion_tokens'] = source['max_output_tokens']
  const { text } = source
  if (isObject(text)) {
    if (isObject(text['format'])) body['response_format'] = responseFormatOf(text['format'])
    if (isSet(text['verbosity'])) body['verbosity'] = text['verbosity']
  }
  return { body, paths }
}

const sameFields = [
  'model',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
  'parallel_tool_calls',
  'tools',
  'tool_choice',
  'reasoning',
  'user',
  'safety_identifier',
  'service_tier',
  'metadata',
  'prompt_cache_key',
]

function messagesOf(source: Json): { messages: Json[]; paths: string[] } {
  const messages: Json[] = []
  const paths: string[] = []
  const add = (message: Json, path: string): void => {
    messages.push(message)
    paths.push(path)
  }
  if (isSet(source['instructions'])) add({ role: 'system', content: source['instructions'] }, 'instructions')
  const { input } = source
  if (!Array.isArray(input)) {
    add({ role: 'user', content: input }, 'input')
    return { messages, paths }
  }
  for (const [index, item] of input.entries()) {
    const path = `input[${index}]`
    const call = callOf(item)
    const last = messages.at(-1)
    if (!call) {
      const message = messageOf(item, path)
      if (message) add(message, path)
    } else if (last?.['role'] === 'assistant') {
      // One turn of the model is many items there, one message here.
      last['tool_calls'] = [...(Array.isArray(last['tool_calls']) ? last['tool_calls'] : []), call]
    } else {
      add({ role: 'assistant', content: null, tool_calls: [call] }, path)
    }
  }
  return { messages, paths }
}

function callOf(item: unknown): Json | undefined {
  if (!isObject(item)) return undefined
  const { type, call_id: id, name } = item
  if (type === 'function_call') return { id, type: 'function', function: { name, arguments: item['arguments'] } }
  if (type === 'custom_tool_call') return { id, type: 'custom', custom: { name, input: item['input'] } }
  return undefined
}

function messageOf(item: unknown, path: string): Json | undefined {
  if (!isObject(item)) throw invalidValue(path, `\`${path}\` must be an object`)
  const { type } = item
  if (type === undefined || type === 'message') return { role: item['role'], content: item['content'] }
  if (type === 'function_call_output' || type === 'custom_tool_call_output') {
    return { role: 'tool', tool_call_id: item['call_id'], content: item['output'] }
  }
  // Encrypted for the endpoint that made it.
  if (type === 'reasoning') return undefined
  throw invalidValue(`${path}.type`, `input items of type \`${String(type)}\` cannot be carried to a chat model`)
}

function responseFormatOf(format: Json): Json {
  const { type, ...rest } = format
  return type === 'json_schema' ? { type, json_schema: rest } : { type }
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}
