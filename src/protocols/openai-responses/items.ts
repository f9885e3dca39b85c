// The items of an answer as this wire prints them, whole or growing: the stream's `output_item` events and the body's `output`
// are the same objects.
import type { AnswerPart } from '../../ir/response.ts'
import { sealThought } from '../sealed-thinking.ts'

type Json = Readonly<Record<string, unknown>>
export type ItemStatus = 'in_progress' | 'completed'

export interface TextContent {
  readonly kind: 'text' | 'refusal'
  text: string
  readonly annotations: Json[]
}

export function contentPart({ kind, text, annotations }: TextContent): Json {
  return kind === 'refusal' ? { type: 'refusal', refusal: text } : { type: 'output_text', text, annotations, logprobs: [] }
}

export function messageItem(id: string, status: ItemStatus, content: readonly TextContent[]): Json {
  return { id, type: 'message', status, role: 'assistant', content: content.map(contentPart) }
}

export type Thought = Extract<AnswerPart, { type: 'thinking' | 'redactedThinking' }>

export function reasoningItem(id: string, thought: Thought): Json {
  const text = thought.type === 'thinking' ? thought.text : ''
  return {
    id,
    type: 'reasoning',
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
    encrypted_content: sealedOf(thought),
  }
}

/** What only the wire that signed it can read again. */
function sealedOf(thought: Thought): string | null {
  if (thought.type === 'redactedThinking') return sealThought({ type: 'redacted_thinking', data: thought.data })
  const { text, signature } = thought
  return signature ? sealThought({ type: 'thinking', thinking: text, signature }) : null
}

export type Call = Extract<AnswerPart, { type: 'toolCall' }>

export function callItem(id: string, status: ItemStatus, { id: callId, name, custom, argsText }: Call): Json {
  return custom
    ? { id, type: 'custom_tool_call', status, call_id: callId, name, input: argsText }
    : { id, type: 'function_call', status, call_id: callId, name, arguments: argsText }
}

/** Of an answer that is whole: no arguments are an empty object. */
export function argsOf({ custom, argsText }: Pick<Call, 'custom' | 'argsText'>): string {
  return argsText === '' && !custom ? '{}' : argsText
}

export function citationOf(url: string, title: string | undefined, endIndex: number): Json {
  return { type: 'url_citation', url, title: title ?? '', start_index: 0, end_index: endIndex }
}

const prefixes = { message: 'msg', reasoning: 'rs', call: 'fc', customCall: 'ctc' } as const

/** Unlike those of other answers: clients keep items by their ids. */
export function itemId(kind: keyof typeof prefixes, turnId: string, index: number): string {
  return `${prefixes[kind]}_${turnId}_${index}`
}
