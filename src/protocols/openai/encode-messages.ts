// The conversation for an OpenAI-shaped provider: tool results become messages of their own, directly after their calls,
// which is all this wire accepts (translation.md §2: tool results, orphan result, call without result, empty text).
import { safeToolId } from '../../lib/identifiers.ts'
import { invalidValue } from '../../ir/errors.ts'
import type { Message, Part, TextPart, ToolCallPart, ToolResultPart } from '../../ir/request.ts'
import { encodeDocument, encodeImage, type WirePart } from './encode-media.ts'
import { standIn } from './thought-signature.ts'
import type { ToolNames } from '../tool-names.ts'
import { encodeResult } from './encode-result.ts'
import type { Warnings } from '../warnings.ts'
import { isObject, jsonOf } from '../wire.ts'

type Json = Record<string, unknown>

export interface MessageOptions {
  readonly names: ToolNames
  readonly warnings: Warnings
  /** The provider takes `reasoning_content` of earlier turns back. */
  readonly replaysReasoning: boolean
  /** The first call of a turn must be signed. */
  readonly signsCalls: boolean
  /** Names of the tools that take text, not JSON. */
  readonly customTools: ReadonlySet<string>
}

/** @throws GatewayError invalid_value with the path of a part that this wire cannot say */
export function encodeMessages(
  { system, messages }: { readonly system: readonly TextPart[]; readonly messages: readonly Message[] },
  options: MessageOptions,
): readonly Json[] {
  const out: Json[] = []
  const instructions = joined(system)
  if (instructions !== '') out.push({ role: 'system', content: instructions })
  const answered = new Set<Part>()
  // Media lifted out of tool results: at the end of the next user message, behind all results.
  let lifted: readonly WirePart[] = []
  for (const [index, message] of messages.entries()) {
    if (message.role === 'user') {
      out.push(...userMessages(message, answered, lifted, options))
      lifted = []
    } else if (message.role === 'system') {
      const content = joined(textsOf(message))
      if (content !== '') out.push({ role: 'system', content })
    } else {
      const turn = assistantTurn(message, messages.slice(index + 1), answered, options)
      out.push(...turn.messages)
      lifted = turn.media
    }
  }
  if (messages.at(-1)?.role === 'assistant') {
    options.warnings.changed('messages', 'this model answers an assistant message at the end, it does not continue it')
  }
  return out
}

/** As OpenAI's own limit for call ids; a longer one is shortened the same way in the call and in its result. */
const maxIdLength = 64

function wireId(id: string): string {
  return id.length > maxIdLength ? safeToolId(id, maxIdLength) : id
}

function joined(parts: readonly TextPart[]): string {
  return parts
    .map((part) => part.text)
    .filter((text) => text !== '')
    .join('\n\n')
}

function textsOf(message: Message): readonly TextPart[] {
  return message.parts.map((part) => (part.type === 'text' ? part : refuse(part, message)))
}

function refuse(part: Part, message: Message): never {
  const kind = part.type === 'opaque' ? part.kind : part.type
  const param = `${message.path}.content[${message.parts.indexOf(part)}].type`
  throw invalidValue(
    param,
    `a \`${kind}\` block in ${message.role === 'assistant' ? 'an assistant' : `a ${message.role}`} message cannot be carried to this model`,
  )
}

interface AssistantTurn {
  readonly messages: readonly Json[]
  readonly media: readonly WirePart[]
}

/** The assistant's message and the results of its calls, wherever in the following user messages they stand. */
function assistantTurn(
  message: Message,
  following: readonly Message[],
  answered: Set<Part>,
  options: MessageOptions,
): AssistantTurn {
  const { own, callIds } = assistantMessage(message, options)
  if (!own) return { messages: [], media: [] }
  const turn: Json[] = [own]
  const media: WirePart[] = []
  const waiting = new Set(callIds)
  for (const { result, path } of resultsNext(following)) {
    if (!waiting.delete(result.callId)) continue
    answered.add(result)
    const encoded = encodeResult(result, path, options.warnings)
    turn.push({ role: 'tool', tool_call_id: wireId(result.callId), content: encoded.text })
    media.push(...encoded.media)
  }
  for (const id of following.length === 0 ? [] : waiting) {
    turn.push({ role: 'tool', tool_call_id: wireId(id), content: 'Error: no result was provided' })
    options.warnings.changed('messages', 'a tool call without a result was given one')
  }
  return { messages: turn, media }
}

function assistantMessage(
  message: Message,
  options: MessageOptions,
): { readonly own?: Json; readonly callIds: readonly string[] } {
  const calls: Json[] = []
  const callIds: string[] = []
  let text = ''
  let refusal = ''
  let reasoning = ''
  for (const part of message.parts) {
    switch (part.type) {
      case 'text':
        text += part.text
        break
      case 'refusal':
        refusal += part.text
        break
      case 'thinking':
        reasoning += part.text
        break
      case 'redactedThinking':
        break
      case 'toolCall':
        calls.push({ ...wireCallOf(part, options), ...(options.signsCalls && calls.length === 0 ? standIn : {}) })
        callIds.push(part.id)
        break
      default:
        refuse(part, message)
    }
  }
  // A turn of thinking alone: this wire has no place for it.
  if (message.parts.length > 0 && message.parts.every(isThinking)) return { callIds }
  const own = {
    role: 'assistant',
    content: text === '' && (calls.length > 0 || refusal !== '') ? null : text,
    ...(refusal === '' ? {} : { refusal }),
    ...(options.replaysReasoning && reasoning !== '' ? { reasoning_content: reasoning } : {}),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
  return { own, callIds }
}

function wireCallOf({ id, name, argsText }: ToolCallPart, { names, customTools }: MessageOptions): Json {
  if (customTools.has(name)) return { id: wireId(id), type: 'custom', custom: { name, input: customInputOf(argsText) } }
  return { id: wireId(id), type: 'function', function: { name: names.sent(name), arguments: argsText === '' ? '{}' : argsText } }
}

/** As our decoder wraps a text for wires that know JSON only, or the bare text: Cursor replays such calls as functions. */
function customInputOf(argsText: string): string {
  const args = jsonOf(argsText)
  return isObject(args) && typeof args['input'] === 'string' ? args['input'] : argsText
}

function isThinking({ type }: Part): boolean {
  return type === 'thinking' || type === 'redactedThinking'
}

function resultsNext(following: readonly Message[]): readonly { readonly result: ToolResultPart; readonly path: string }[] {
  const end = following.findIndex(({ role }) => role === 'assistant')
  return (end === -1 ? following : following.slice(0, end)).flatMap(({ parts, path }) =>
    parts.flatMap((part, index) => (part.type === 'toolResult' ? [{ result: part, path: `${path}.content[${index}]` }] : [])),
  )
}

function userMessages(
  message: Message,
  answered: ReadonlySet<Part>,
  lifted: readonly WirePart[],
  options: MessageOptions,
): readonly Json[] {
  const own = message.parts.flatMap((part) => (answered.has(part) ? [] : userPart(part, message, options)))
  const content = [...own, ...lifted]
  const first = content[0]
  // Everything in it was a result that stands behind its call already.
  if (first === undefined) return message.parts.some((part) => answered.has(part)) ? [] : [{ role: 'user', content: '' }]
  return [{ role: 'user', content: content.length === 1 && first.type === 'text' ? first['text'] : content }]
}

function userPart(part: Part, message: Message, { warnings }: MessageOptions): readonly WirePart[] {
  const path = `${message.path}.content[${message.parts.indexOf(part)}]`
  switch (part.type) {
    case 'text':
      return part.text === '' ? [] : [{ type: 'text', text: part.text }]
    case 'image':
      return [encodeImage(part, path)]
    case 'document':
      return [encodeDocument(part, path)]
    case 'toolResult': {
      warnings.changed('messages', 'the result of a tool call that is not in the conversation was made text')
      const { text, media } = encodeResult(part, path, warnings)
      return [{ type: 'text', text: `[result of an earlier tool call ${part.callId}] ${text}` }, ...media]
    }
    case 'opaque':
      return part.shape === 'openai' && typeof part.raw === 'object' ? [{ ...part.raw, type: part.kind }] : refuse(part, message)
    default:
      return refuse(part, message)
  }
}
