// A Messages request at our door: the envelope for every call, the content for a provider of another wire.
import { GatewayError, invalidValue } from '../../ir/errors.ts'
import type { ByteText } from '../../ir/json-body.ts'
import type { LanguageModelRequest, Message, Reasoning, RequestContent, Tool, ToolChoice } from '../../ir/request.ts'
import { countRepeats } from '../repeated-calls.ts'
import { given, isObject, readWire } from '../wire.ts'
import { cacheOf, partsOf, textPartsOf, type InputTextOf } from './decode-parts.ts'
import { envelopeOf, exactEnvelopeOf, type Envelope } from './envelope.ts'
import { inputTexts } from './input-texts.ts'
import { inlineToolsOf } from './tool-changes.ts'
import {
  effortSchema,
  functionToolSchema,
  messageSchema,
  parametersSchema,
  systemSchema,
  tierSchema,
  toolSchema,
  type Parameters,
  type WireToolChoice,
} from './schema.ts'
import { traitsOf } from './traits.ts'

/** Never refuses a field, a role or a block that it does not know: that is the provider's business, or `content()`'s. */
export function decodeRequest(bytes: Uint8Array, headers: Headers, byteText?: ByteText): LanguageModelRequest {
  const envelope = envelopeOf(bytes, byteText)
  let content: RequestContent | undefined
  return {
    shape: 'anthropic',
    model: envelope.model,
    stream: envelope.stream,
    includeUsage: true,
    source: { bytes, headers },
    traits: traitsOf(envelope, bytes.length),
    repeatedToolCalls: () => countRepeats(envelope.messages, callsOf),
    content: () => (content ??= contentOf(exactEnvelopeOf(bytes, envelope), bytes)),
  }
}

/** Without their ids, which are always others. */
function callsOf({ role, content }: Readonly<Record<string, unknown>>): readonly unknown[] | null {
  if (role !== 'assistant') return null
  const blocks: readonly unknown[] = Array.isArray(content) ? content : []
  return blocks.flatMap((block) => (isObject(block) && block['type'] === 'tool_use' ? [[block['name'], block['input']]] : []))
}

function contentOf(envelope: Envelope, bytes: Uint8Array): RequestContent {
  const { body } = envelope
  refuseThread(body['thread'])
  const wire = readWire(parametersSchema, body, '')
  if (wire.mcp_servers && wire.mcp_servers.length > 0) {
    throw invalidValue('mcp_servers', '`mcp_servers` cannot be carried to this model: it has no connector of its own')
  }
  if (envelope.messages.length === 0) throw invalidValue('messages', '`messages` must not be empty')
  const inputTextOf = inputTexts(bytes, envelope)
  const output = wire.output_config?.format ?? wire.output_format
  const reasoning = reasoningOf(wire)
  return {
    system: textPartsOf(readWire(systemSchema, body['system'], 'system'), 'system').filter(
      ({ text }) => text !== '' && !isBillingHeader(text),
    ),
    messages: messagesOf(envelope.messages, inputTextOf),
    tools: toolsOf(wire.tools ?? [], envelope.messages),
    ...toolChoiceOf(wire.tool_choice),
    ...given('maxOutputTokens', wire.max_tokens),
    stop: wire.stop_sequences ?? [],
    ...given('temperature', wire.temperature),
    ...given('topP', wire.top_p),
    ...given('topK', wire.top_k),
    ...given('reasoning', reasoning),
    ...(output ? { output: { type: 'jsonSchema', schema: output.schema } } : {}),
    ...given('userId', wire.metadata?.user_id),
    ...given('serviceTier', tierSchema.safeParse(wire.service_tier).data),
    unmapped: unmappedOf(body, wire),
  }
}

// The vendor's own words: its SDK's tool runner then sends the whole history without `thread` (clients.md §0.3).
function refuseThread(thread: unknown): void {
  if (thread === undefined || thread === null) return
  throw new GatewayError(
    'invalid_request',
    'thread_unsupported_request',
    '`thread` is not supported by the model this request is routed to. Send the full conversation without `thread`.',
    { param: 'thread', fields: { details: { error_code: 'thread_unsupported_request', unsupported: ['thread'] } } },
  )
}

// Claude Code's first system block is a header in disguise: it names the client's build and means nothing to a model.
function isBillingHeader(text: string): boolean {
  return text.startsWith('x-anthropic-billing-header:')
}

function messagesOf(messages: readonly unknown[], inputTextOf: InputTextOf): readonly Message[] {
  const lastUser = messages.findLastIndex((message) => isObject(message) && message['role'] === 'user')
  return messages.flatMap((value, index) => {
    const message = messageOf(value, `messages[${index}]`, inputTextOf)
    if (message.role !== 'system') return [message]
    const cleared = isObject(value) && value['clear_at'] === 'next_user_message' && index < lastUser
    return cleared || message.parts.length === 0 ? [] : [message]
  })
}

function messageOf(value: unknown, path: string, inputTextOf: InputTextOf): Message {
  const { role, content } = readWire(messageSchema, value, path)
  switch (role) {
    case 'system':
      return { role, parts: textPartsOf(content, `${path}.content`), path }
    case 'user':
    case 'assistant':
      return { role, parts: partsOf(content, `${path}.content`, inputTextOf), path }
    default:
      throw invalidValue(`${path}.role`, `the role \`${role.slice(0, 40)}\` is not known`)
  }
}

function toolsOf(declared: readonly unknown[], messages: readonly unknown[]): readonly Tool[] {
  return [
    ...declared.map((tool, index) => toolOf(tool, `tools[${index}]`)),
    ...inlineToolsOf(messages, declared).map(({ definition, path }) => toolOf(definition, path)),
  ]
}

function toolOf(value: unknown, path: string): Tool {
  const { type, name } = readWire(toolSchema, value, path)
  if (type && type !== 'custom') {
    return { kind: 'vendor', shape: 'anthropic', type, ...given('name', name), raw: value }
  }
  const wire = readWire(functionToolSchema, value, path)
  return {
    kind: 'function',
    name: wire.name,
    ...given('description', wire.description),
    ...given('parameters', wire.input_schema),
    ...given('strict', wire.strict),
    ...cacheOf(wire.cache_control),
  }
}

function toolChoiceOf(choice: WireToolChoice | null | undefined): { toolChoice?: ToolChoice; parallelToolCalls?: boolean } {
  if (!choice) return {}
  if (choice.type === 'none') return { toolChoice: { type: 'none' } }
  const parallel = choice.disable_parallel_tool_use === true ? { parallelToolCalls: false } : {}
  if (choice.type === 'tool') return { toolChoice: { type: 'tool', name: choice.name }, ...parallel }
  return { toolChoice: { type: choice.type === 'any' ? 'required' : 'auto' }, ...parallel }
}

function reasoningOf(wire: Parameters): Reasoning | undefined {
  const effort = given('effort', effortSchema.safeParse(wire.output_config?.effort).data)
  const { thinking } = wire
  if (!thinking) return effort.effort === undefined ? undefined : { mode: 'effort', ...effort }
  if (thinking.type === 'disabled') return { mode: 'off', ...effort }
  if (thinking.type === 'enabled') return { mode: 'budget', ...given('budgetTokens', thinking.budget_tokens), ...effort }
  // adaptive, between_tools, and what comes next: the model decides.
  return { mode: 'auto', ...effort }
}

// What the IR has a place for, and what every other wire does by itself (`cache_control`: caching without being told).
const placed = new Set([
  ...Object.keys(parametersSchema.shape),
  'model',
  'stream',
  'messages',
  'system',
  'thread',
  'cache_control',
])

function unmappedOf(body: Readonly<Record<string, unknown>>, wire: Parameters): Readonly<Record<string, unknown>> {
  const rest = Object.entries(body).filter(([field, value]) => !placed.has(field) && value !== null)
  const { effort, format: _format, ...restOfOutput } = wire.output_config ?? {}
  // A word of tomorrow is dropped with a warning: a 400 would break the client over it.
  const words = {
    ...given('service_tier', tierSchema.safeParse(wire.service_tier).success ? null : wire.service_tier),
    ...given('output_config.effort', effortSchema.safeParse(effort).success ? null : effort),
  }
  const outputFields = Object.entries(restOfOutput).map(([field, value]) => [`output_config.${field}`, value] as const)
  return Object.fromEntries([...rest, ...Object.entries(words), ...outputFields.filter(([, value]) => value !== null)])
}
