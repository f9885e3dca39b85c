// The conversation as this wire wants it: results directly behind their calls, no empty block anywhere, thinking first
// (translation.md §2: tool results, orphans, empty text, prefill, thinking in history).
import { invalidValue } from '../../ir/errors.ts'
import type { Message, Part, ToolResultPart } from '../../ir/request.ts'
import { blockOf, wireToolId, type Block, type PartContext } from './encode-parts.ts'
import { groupsOf, type Entry, type Group } from './message-groups.ts'
import { withUniqueCalls } from './unique-calls.ts'

export interface EncodeMessagesOptions extends PartContext {
  /** The model continues an assistant message at the end. */
  readonly prefill: boolean
}

export interface WireMessage {
  readonly role: Message['role']
  readonly content: Block[]
}

export interface EncodedMessages {
  readonly messages: readonly WireMessage[]
  /** The last assistant turn calls tools and shows no signed thinking: the API refuses to go on thinking after it. */
  readonly lastToolTurnUnsigned: boolean
  /** The conversation ends in an assistant message that the model is to continue. */
  readonly isPrefilled: boolean
}

/** @throws GatewayError invalid_value naming the message */
export function encodeMessages(messages: readonly Message[], options: EncodeMessagesOptions): EncodedMessages {
  const groups = withResultTurns(withUniqueCalls(groupsOf(messages)))
  const turns = groups.map((group, index) => turnOf(group, groups[index - 1], groups[index + 1], options))
  refuseEmptyUserTurns(turns)
  const trimmed = withPrefill(
    turns.filter(({ content }) => content.length > 0),
    options,
  )
  if (trimmed.length === 0) throw invalidValue('messages', '`messages` holds nothing to answer')
  const lastAssistant = trimmed.findLast(({ role }) => role === 'assistant')
  const types = new Set(lastAssistant?.content.map(({ type }) => type))
  return {
    messages: trimmed.map(({ role, content }) => ({ role, content })),
    lastToolTurnUnsigned: types.has('tool_use') && !types.has('thinking') && !types.has('redacted_thinking'),
    isPrefilled: lastAssistant !== undefined && lastAssistant === trimmed.at(-1) && !types.has('tool_use'),
  }
}

interface Turn extends WireMessage {
  readonly path: string
}

// A call that nobody answered needs a turn to answer in, unless the conversation ends with it.
function withResultTurns(groups: readonly Group[]): readonly Group[] {
  return groups.flatMap((group, index) => {
    const next = groups[index + 1]
    if (!next || next.role === 'user' || callsOf(group).length === 0) return [group]
    return [group, { role: 'user' as const, entries: [], path: group.path }]
  })
}

function turnOf(group: Group, previous: Group | undefined, next: Group | undefined, options: EncodeMessagesOptions): Turn {
  const { role, path } = group
  if (role === 'user') return { role, path, content: userBlocks(group, previous ? callsOf(previous) : [], options) }
  const content = withoutBlankText(blocksOf(group.entries, options))
  if (role === 'system') return { role, path, content }
  const isThinking = ({ type }: Block): boolean => type === 'thinking' || type === 'redacted_thinking'
  const rest = content.filter((block) => !isThinking(block))
  // Thinking alone is no turn, unless the conversation goes on from it.
  return { role, path, content: rest.length === 0 && next ? [] : [...content.filter(isThinking), ...rest] }
}

function callsOf(group: Group): readonly string[] {
  return group.entries.flatMap(({ part }) => (part.type === 'toolCall' ? [part.id] : []))
}

function userBlocks(group: Group, calls: readonly string[], options: EncodeMessagesOptions): Block[] {
  const open = new Set(calls)
  const results: Entry[] = []
  const rest: Entry[] = []
  for (const entry of group.entries) {
    const { part } = entry
    if (part.type === 'toolResult' && open.delete(part.callId)) results.push(entry)
    else if (part.type === 'toolResult') rest.push(...orphanEntries(part, entry.path, options))
    else rest.push(entry)
  }
  for (const callId of open) {
    options.warnings.changed(group.path, `the tool call \`${callId.slice(0, 60)}\` had no result: an error result was added`)
  }
  const missing = [...open].map(noResult)
  const answered = results.flatMap((entry) => blocksOf([entry], options))
  return [...answered, ...missing, ...withoutBlankText(blocksOf(rest, options))]
}

function noResult(callId: string): Block {
  const content = [{ type: 'text', text: 'no result was provided' }]
  return { type: 'tool_result', tool_use_id: wireToolId(callId), content, is_error: true }
}

function orphanEntries(part: ToolResultPart, path: string, options: EncodeMessagesOptions): readonly Entry[] {
  options.warnings.changed(path, `the tool result \`${part.callId.slice(0, 60)}\` follows no call of its id: sent as text`)
  const said = part.parts.flatMap((inner) => (inner.type === 'text' ? [inner.text] : [])).join('\n')
  const text: Part = { type: 'text', text: `[result of an earlier tool call ${part.callId}] ${said}`.trimEnd() }
  const others = part.parts.filter(({ type }) => type !== 'text')
  return [text, ...others].map((inner) => ({ part: inner, path }))
}

function blocksOf(entries: readonly Entry[], context: PartContext): Block[] {
  return entries.flatMap(({ part, path }) => blockOf(part, path, context) ?? [])
}

// The API refuses a turn of nothing but white space, yet takes it beside other content.
function withoutBlankText(blocks: Block[]): Block[] {
  return blocks.every(isBlankText) ? [] : blocks
}

function isBlankText(block: Block): boolean {
  return block.type === 'text' && typeof block['text'] === 'string' && block['text'].trim() === ''
}

// An empty turn is dropped, but a user turn only beside another one: the model would answer something else.
function refuseEmptyUserTurns(turns: readonly Turn[]): void {
  for (const [index, { role, content, path }] of turns.entries()) {
    const besideUser = turns[index - 1]?.role === 'user' || turns[index + 1]?.role === 'user'
    if (role === 'user' && content.length === 0 && !besideUser) {
      throw invalidValue(`${path}.content`, 'a user message must not be empty')
    }
  }
}

function withPrefill(turns: readonly Turn[], options: EncodeMessagesOptions): readonly Turn[] {
  const last = turns.at(-1)
  if (last?.role !== 'assistant' || last.content.some(({ type }) => type === 'tool_use')) return turns
  if (!options.prefill) {
    throw invalidValue(last.path, 'this model does not continue an assistant message: end the conversation with a user message')
  }
  const end = last.content.at(-1)
  if (end?.type !== 'text' || typeof end['text'] !== 'string') return turns
  const text = end['text'].trimEnd()
  const content = [...last.content.slice(0, -1), ...(text === '' ? [] : [{ ...end, text }])]
  return [...turns.slice(0, -1), ...(content.length === 0 ? [] : [{ ...last, content }])]
}
