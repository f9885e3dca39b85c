// A Responses body as a chat body, field by field, so that everything behind this file knows chat only: for /v1/responses on its
// way to another wire, and for Cursor, which posts such bodies to /chat/completions and wants chat back (clients.md §7).
import { invalidValue } from '../../ir/errors.ts'
import { unsealThought } from '../sealed-thinking.ts'
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
  /** Thinking that belongs to the turn that is still to come. */
  let thoughts: Json[] = []
  const add = (message: Json, path: string): Json => {
    messages.push(message)
    paths.push(path)
    return message
  }
  if (isSet(source['instructions'])) add({ role: 'system', content: source['instructions'] }, 'instructions')
  const { input } = source
  if (!Array.isArray(input)) {
    add({ role: 'user', content: input }, 'input')
    return { messages, paths }
  }
  for (const [index, item] of input.entries()) {
    const path = `input[${index}]`
    if (isObject(item) && item['type'] === 'reasoning') {
      thoughts.push(item)
      continue
    }
    const call = callOf(item, path)
    const message = call ? undefined : messageOf(item, path)
    if (message && message['role'] !== 'assistant') {
      // Thoughts that no turn of the model followed belong to none.
      thoughts = []
      add(message, path)
      continue
    }
    // One turn of the model is many items there, one message here.
    const last = messages.at(-1)
    const goesOn = last?.['role'] === 'assistant' && (call !== undefined || Array.isArray(last['tool_calls']))
    const turn = goesOn ? last : add({ role: 'assistant', content: null }, path)
    addThoughts(turn, thoughts)
    thoughts = []
    if (call) turn['tool_calls'] = [...listOf(turn['tool_calls']), call]
    else turn['content'] = turn['content'] === null ? message?.['content'] : [...blocksOf(turn), ...blocksOf(message)]
  }
  return { messages, paths }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function blocksOf(message: Json | undefined): readonly unknown[] {
  const content = message?.['content']
  return typeof content === 'string' ? [{ type: 'text', text: content }] : listOf(content)
}

/** What we sealed goes back signed; another's encrypted reasoning is for its own endpoint, and only its summary can be read. */
function addThoughts(turn: Json, thoughts: readonly Json[]): void {
  const sealed = thoughts.flatMap(({ encrypted_content: blob }) => unsealThought(blob) ?? [])
  if (sealed.length > 0) turn['thinking_blocks'] = [...listOf(turn['thinking_blocks']), ...sealed]
  const texts = thoughts.flatMap((thought) => {
    const blocks = [...listOf(thought['summary']), ...listOf(thought['content'])]
    return blocks.flatMap((block) => (isObject(block) && typeof block['text'] === 'string' ? [block['text']] : []))
  })
  const before = turn['reasoning_content']
  if (texts.length > 0) turn['reasoning_content'] = [...(typeof before === 'string' ? [before] : []), ...texts].join('\n\n')
}

function callOf(item: unknown, path: string): Json | undefined {
  if (!isObject(item)) return undefined
  const { type } = item
  if (type !== 'function_call' && type !== 'custom_tool_call') return undefined
  const id = textOf(item, 'call_id', path)
  const name = textOf(item, 'name', path)
  return type === 'function_call'
    ? { id, type: 'function', function: { name, arguments: item['arguments'] } }
    : { id, type: 'custom', custom: { name, input: item['input'] } }
}

function textOf(item: Json, field: string, path: string): string {
  const value = item[field]
  if (typeof value === 'string') return value
  throw invalidValue(`${path}.${field}`, `\`${path}.${field}\` must be a string`)
}

function messageOf(item: unknown, path: string): Json {
  if (!isObject(item)) throw invalidValue(path, `\`${path}\` must be an object`)
  const { type } = item
  if (type === undefined || type === 'message') return { role: item['role'], content: item['content'] }
  if (type === 'function_call_output' || type === 'custom_tool_call_output') {
    return { role: 'tool', tool_call_id: textOf(item, 'call_id', path), content: item['output'] }
  }
  throw invalidValue(`${path}.type`, `input items of type \`${String(type).slice(0, 40)}\` cannot be carried to this model`)
}

function responseFormatOf(format: Json): Json {
  const { type, ...rest } = format
  return type === 'json_schema' ? { type, json_schema: rest } : { type }
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null
}
