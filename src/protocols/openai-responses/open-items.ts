// Items of an answer while they grow: each says on the wire what happens to it, and is whole at the end.
import type { PartHead } from '../../ir/stream.ts'
import {
  argsOf,
  callItem,
  citationOf,
  contentPart,
  itemId,
  messageItem,
  reasoningItem,
  type TextContent,
  type Thought,
} from './items.ts'

type Json = Readonly<Record<string, unknown>>
/** One event; its number is given where it is written. */
export type Emit = (type: string, fields: Json) => void

export interface OpenItem {
  readonly refuses?: boolean
  add(place: number, text: string): void
  endPart(place: number): void
  /** Another part of the same item, where it can hold more than one and is still open. */
  open?(kind: TextContent['kind']): number | undefined
  sign?(signature: string): void
  cite?(place: number, url: string, title: string | undefined): void
  /** The next item begins: done, unless a part is still growing and not `forced`. Once. */
  close(forced?: boolean): void
  whole(): Json
}

export interface ItemContext {
  readonly emit: Emit
  readonly index: number
  readonly turnId: string
}

export function createMessageItem(kind: TextContent['kind'], { emit, index, turnId }: ItemContext): OpenItem {
  const id = itemId('message', turnId, index)
  const contents: (TextContent & { ended: boolean })[] = []
  let closing = false
  let done = false
  const at = (place: number): Json => ({ item_id: id, output_index: index, content_index: place })
  emit('response.output_item.added', { output_index: index, item: messageItem(id, 'in_progress', []) })
  open(kind)
  return {
    get refuses() {
      return contents.some((content) => content.kind === 'refusal')
    },
    add(place, text) {
      const content = contents[place]
      if (content === undefined) return
      content.text += text
      if (content.kind === 'refusal') emit('response.refusal.delta', { ...at(place), delta: text })
      else emit('response.output_text.delta', { ...at(place), delta: text, logprobs: [] })
    },
    endPart,
    open,
    cite(place, url, title) {
      const content = contents[place]
      if (content === undefined) return
      const annotation = citationOf(url, title, content.text.length)
      const annotation_index = content.annotations.push(annotation) - 1
      emit('response.output_text.annotation.added', { ...at(place), annotation_index, annotation })
    },
    close,
    whole: () => messageItem(id, 'completed', contents),
  }

  function open(next: TextContent['kind']): number | undefined {
    if (done || closing) return undefined
    const content = { kind: next, text: '', annotations: [], ended: false }
    const place = contents.push(content) - 1
    emit('response.content_part.added', { ...at(place), part: contentPart(content) })
    return place
  }

  function endPart(place: number): void {
    const content = contents[place]
    if (content === undefined || content.ended) return
    content.ended = true
    const { text } = content
    if (content.kind === 'refusal') emit('response.refusal.done', { ...at(place), refusal: text })
    else emit('response.output_text.done', { ...at(place), text, logprobs: [] })
    emit('response.content_part.done', { ...at(place), part: contentPart(content) })
    if (closing) close()
  }

  function close(forced = false): void {
    if (done) return
    closing = true
    if (forced) for (const place of contents.keys()) endPart(place)
    if (done || contents.some(({ ended }) => !ended)) return
    done = true
    emit('response.output_item.done', { output_index: index, item: messageItem(id, 'completed', contents) })
  }
}

export function createReasoningItem(
  head: Extract<PartHead, { type: 'thinking' | 'redactedThinking' }>,
  { emit, index, turnId }: ItemContext,
): OpenItem {
  const id = itemId('reasoning', turnId, index)
  let text = ''
  let signature: string | undefined
  let done = false
  const summary: Json = { item_id: id, output_index: index, summary_index: 0 }
  const whole = (): Json => reasoningItem(id, thought())
  const thought = (): Thought => {
    if (head.type === 'redactedThinking') return head
    return { type: 'thinking', text, ...(signature === undefined ? {} : { signature }) }
  }
  const start = { id, type: 'reasoning', summary: [], encrypted_content: null }
  emit('response.output_item.added', { output_index: index, item: start })
  return {
    add(_place, more) {
      if (text === '') emit('response.reasoning_summary_part.added', { ...summary, part: { type: 'summary_text', text: '' } })
      text += more
      emit('response.reasoning_summary_text.delta', { ...summary, delta: more })
    },
    sign(value) {
      signature = value
    },
    endPart: end,
    close: (forced) => void (forced && end()),
    whole,
  }

  function end(): void {
    if (done) return
    done = true
    if (text !== '') {
      emit('response.reasoning_summary_text.done', { ...summary, text })
      emit('response.reasoning_summary_part.done', { ...summary, part: { type: 'summary_text', text } })
    }
    emit('response.output_item.done', { output_index: index, item: whole() })
  }
}

export function createCallItem(head: Extract<PartHead, { type: 'toolCall' }>, { emit, index, turnId }: ItemContext): OpenItem {
  const id = itemId(head.custom ? 'customCall' : 'call', turnId, index)
  const [event, field] = head.custom
    ? (['response.custom_tool_call_input', 'input'] as const)
    : (['response.function_call_arguments', 'arguments'] as const)
  let argsText = ''
  let done = false
  const at: Json = { item_id: id, output_index: index }
  const whole = (): Json => callItem(id, 'completed', { ...head, argsText: argsOf({ ...head, argsText }) })
  emit('response.output_item.added', { output_index: index, item: callItem(id, 'in_progress', { ...head, argsText: '' }) })
  return {
    add(_place, text) {
      argsText += text
      emit(`${event}.delta`, { ...at, delta: text })
    },
    endPart: end,
    close: (forced) => void (forced && end()),
    whole,
  }

  function end(): void {
    if (done) return
    done = true
    if (argsText === '' && !head.custom) emit(`${event}.delta`, { ...at, delta: '{}' })
    emit(`${event}.done`, { ...at, ...(head.custom ? {} : { name: head.name }), [field]: argsOf({ ...head, argsText }) })
    emit('response.output_item.done', { output_index: index, item: whole() })
  }
}
