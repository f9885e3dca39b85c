// A whole answer, folded from its events: what a unary encoder prints and what tests compare streams with.
import type { PartHead, Stop, StreamEvent } from './stream.ts'
import { noUsage, type Usage } from './usage.ts'

export type AnswerPart =
  | { readonly type: 'text' | 'refusal'; readonly text: string; readonly citations: readonly Citation[] }
  | { readonly type: 'thinking'; readonly text: string; readonly signature?: string }
  | { readonly type: 'redactedThinking'; readonly data: string }
  /** `argsText` is JSON text, never re-printed; '' means no arguments. */
  | {
      readonly type: 'toolCall'
      readonly id: string
      readonly name: string
      readonly custom?: true
      readonly argsText: string
    }
  | Extract<PartHead, { type: 'opaque' }>

export interface Citation {
  readonly url: string
  readonly title?: string
}

export interface LanguageModelResponse {
  /** The provider's id of the answer. */
  readonly id: string
  /** The provider's name of the model. */
  readonly model: string
  readonly parts: readonly AnswerPart[]
  readonly stop: Stop
  readonly usage: Usage
}

/** Folds events into the answer they make. Parts stand in the order in which they started. */
export function foldEvents(events: Iterable<StreamEvent>): LanguageModelResponse {
  let id = ''
  let model = ''
  let stop: Stop = { reason: 'end' }
  let usage = noUsage
  const open = new Map<number, OpenPart>()
  for (const event of events) {
    switch (event.type) {
      case 'start':
        id = event.id
        model = event.model
        break
      case 'part-start':
        open.set(event.index, { head: event.part, text: '', citations: [] })
        break
      case 'text-delta':
      case 'thinking-delta':
      case 'args-delta': {
        const part = open.get(event.index)
        if (part) part.text += event.text
        break
      }
      case 'signature': {
        const part = open.get(event.index)
        if (part) part.signature = event.signature
        break
      }
      case 'citation':
        open.get(event.index)?.citations.push(citationOf(event))
        break
      case 'usage':
        usage = event.usage
        break
      case 'stop':
        stop = event.stop
        break
      case 'part-end':
      case 'end':
        break
      default:
        event satisfies never
    }
  }
  return { id, model, parts: [...open.values()].map(partOf), stop, usage }
}

interface OpenPart {
  readonly head: PartHead
  text: string
  signature?: string
  readonly citations: Citation[]
}

function citationOf(event: { url: string; title?: string }): Citation {
  return event.title === undefined ? { url: event.url } : { url: event.url, title: event.title }
}

function partOf(part: OpenPart): AnswerPart {
  const { head, text, signature, citations } = part
  switch (head.type) {
    case 'text':
    case 'refusal':
      return { type: head.type, text, citations }
    case 'thinking':
      return signature === undefined ? { type: 'thinking', text } : { type: 'thinking', text, signature }
    case 'toolCall':
      return { ...head, argsText: text }
    case 'redactedThinking':
    case 'opaque':
      return head
  }
}
