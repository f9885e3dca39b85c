// The messages of a chat body as a conversation of the IR: leading instructions apart, tool results inside user turns
// (translation.md §2: roles, tool results, legacy).
import * as z from 'zod'
import { invalidValue } from '../../ir/errors.ts'
import type { Message, Part, TextPart, ToolCallPart } from '../../ir/request.ts'
import { cacheOf, partsOf, thinkingPartOf } from './decode-parts.ts'
import { readWire } from '../wire.ts'

export interface Conversation {
  readonly system: readonly TextPart[]
  readonly messages: readonly Message[]
}

/** @param paths where each message stands in the client's request, when that is not `messages[i]` */
export function conversationOf(wire: readonly unknown[], paths?: readonly string[]): Conversation {
  const system: TextPart[] = []
  const messages: OpenMessage[] = []
  const legacy = createLegacyIds()
  for (const [index, value] of wire.entries()) {
    const path = paths?.[index] ?? `messages[${index}]`
    const message = readWire(messageSchema, value, path)
    switch (message.role) {
      case 'system':
      case 'developer': {
        const parts = withMessageCache(textPartsOf(message, path), value)
        if (messages.length === 0) system.push(...parts)
        else if (parts.length > 0) messages.push({ role: 'system', parts: [...parts], path, hasResults: false })
        break
      }
      case 'user': {
        const parts = withMessageCache(partsOf(message.content, `${path}.content`), value)
        const last = messages.at(-1)
        // Results and what the user adds to them are one turn to a wire that keeps results in user turns.
        if (last?.hasResults === true) last.parts.push(...parts)
        else messages.push({ role: 'user', parts: [...parts], path, hasResults: false })
        break
      }
      case 'assistant':
        messages.push({ role: 'assistant', parts: assistantParts(message, value, path, legacy), path, hasResults: false })
        break
      case 'tool':
      case 'function':
        addResult(messages, resultOf(message, value, path, legacy), path)
        break
      default:
        throw invalidValue(`${path}.role`, `the role \`${message.role.slice(0, 40)}\` is not known`)
    }
  }
  return { system, messages: messages.map(({ role, parts, path }) => ({ role, parts, path })) }
}

interface OpenMessage {
  readonly role: Message['role']
  readonly parts: Part[]
  readonly path: string
  /** Made of `tool` messages: further results and the next user message join it. */
  readonly hasResults: boolean
}

const functionCall = z.looseObject({ name: z.string(), arguments: z.string().nullish() })
const toolCall = z.looseObject({
  id: z.string(),
  function: functionCall.nullish(),
  custom: z.looseObject({ name: z.string(), input: z.string().nullish() }).nullish(),
})

const messageSchema = z.looseObject({
  role: z.string(),
  content: z.unknown().optional(),
  name: z.string().nullish(),
  tool_call_id: z.string().nullish(),
  tool_calls: z.array(toolCall).nullish(),
  function_call: functionCall.nullish(),
  refusal: z.string().nullish(),
  audio: z.unknown().optional(),
  thinking_blocks: z.array(z.looseObject({})).nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish().catch(undefined),
})
type WireMessage = z.infer<typeof messageSchema>

function textPartsOf(message: WireMessage, path: string): readonly TextPart[] {
  const texts: TextPart[] = []
  for (const [index, part] of partsOf(message.content, `${path}.content`).entries()) {
    if (part.type !== 'text') throw invalidValue(`${path}.content[${index}].type`, `a ${message.role} message holds only text`)
    if (part.text !== '') texts.push(part)
  }
  return texts
}

// LiteLLM's convention: `cache_control` on a message stands for its last part.
function withMessageCache<T extends Part>(parts: readonly T[], message: unknown): readonly T[] {
  const cache = cacheOf(z.record(z.string(), z.unknown()).catch({}).parse(message))
  const last = parts.at(-1)
  return cache === undefined || last === undefined ? parts : [...parts.slice(0, -1), { ...last, cache }]
}

function assistantParts(message: WireMessage, value: unknown, path: string, legacy: LegacyIds): Part[] {
  if (message.audio) throw invalidValue(`${path}.audio`, 'audio of an earlier answer cannot be carried to this model')
  const parts: Part[] = [...thinkingOf(message, path), ...partsOf(message.content, `${path}.content`)]
  if (message.refusal) parts.push({ type: 'refusal', text: message.refusal })
  for (const call of message.tool_calls ?? []) parts.push(toolCallOf(call, path))
  if (message.function_call) {
    const { name, arguments: argsText } = message.function_call
    parts.push({ type: 'toolCall', id: legacy.called(name), name, argsText: argsText ?? '' })
  }
  return [...withMessageCache(parts, value)]
}

function thinkingOf(message: WireMessage, path: string): readonly Part[] {
  if (message.thinking_blocks && message.thinking_blocks.length > 0) {
    return message.thinking_blocks.map((block, index) => thinkingPartOf(block, `${path}.thinking_blocks[${index}]`))
  }
  const text = message.reasoning_content ?? message.reasoning
  return text ? [{ type: 'thinking', text }] : []
}

function toolCallOf(call: z.infer<typeof toolCall>, path: string): ToolCallPart {
  if (call.function) return { type: 'toolCall', id: call.id, name: call.function.name, argsText: call.function.arguments ?? '' }
  if (!call.custom) throw invalidValue(`${path}.tool_calls`, 'a tool call needs `function` or `custom`')
  // A custom tool takes text, not JSON: other wires see it as one string argument.
  return { type: 'toolCall', id: call.id, name: call.custom.name, argsText: JSON.stringify({ input: call.custom.input ?? '' }) }
}

function resultOf(message: WireMessage, value: unknown, path: string, legacy: LegacyIds): Part {
  const callId = message.tool_call_id ?? (message.role === 'function' ? legacy.answered(message.name ?? '') : undefined)
  if (callId === undefined) throw invalidValue(`${path}.tool_call_id`, 'a tool message needs `tool_call_id`')
  const cache = cacheOf(z.record(z.string(), z.unknown()).catch({}).parse(value))
  const parts = partsOf(message.content, `${path}.content`)
  return { type: 'toolResult', callId, parts, isError: false, ...(cache === undefined ? {} : { cache }) }
}

function addResult(messages: OpenMessage[], result: Part, path: string): void {
  const last = messages.at(-1)
  if (last?.hasResults !== true) {
    messages.push({ role: 'user', parts: [result], path, hasResults: true })
    return
  }
  // Results stand before what the user says with them.
  const firstOther = last.parts.findIndex((part) => part.type !== 'toolResult')
  last.parts.splice(firstOther === -1 ? last.parts.length : firstOther, 0, result)
}

interface LegacyIds {
  called(name: string): string
  answered(name: string): string
}

/** `function_call` has no ids: calls are numbered, and a result answers the oldest call of its name that has none. */
function createLegacyIds(): LegacyIds {
  const open: { readonly id: string; readonly name: string }[] = []
  let next = 0
  return {
    called(name) {
      const id = `call_fn_${next++}`
      open.push({ id, name })
      return id
    },
    answered(name) {
      const index = open.findIndex((call) => call.name === name)
      return index === -1 ? `call_fn_${next++}` : (open.splice(index, 1)[0]?.id ?? '')
    },
  }
}
