// Events of this wire to events of the IR, with the state between them. Some servers send a text only with its `done`, or an item
// only whole: what is missing is told then.
import type { PartHead, StreamEvent } from '../../ir/stream.ts'
import type { SseEvent } from '../../lib/sse.ts'
import { frameTypeOf } from '../frame-type.ts'
import { unsealThought } from '../sealed-thinking.ts'
import { readFrame } from './frames.ts'
import {
  endedSchema,
  itemEventSchema,
  placeEventSchema,
  startedSchema,
  type WireAnswer,
  type WireItem,
  type WirePlace,
} from './schema.ts'
import { endOf, isCall } from './tap.ts'

interface Part {
  readonly index: number
  readonly delta: 'text-delta' | 'thinking-delta' | 'args-delta'
  text: string
  ended: boolean
}

export interface EventDecoder {
  /** @throws GatewayError upstream_bad_response for a frame that does not parse */
  push(frame: SseEvent): readonly StreamEvent[]
  /** A whole answer in one. */
  whole(answer: WireAnswer): readonly StreamEvent[]
}

export function createEventDecoder(): EventDecoder {
  const parts = new Map<string, Part>()
  let events: StreamEvent[] = []
  /** Summaries of reasoning that have begun, and items that are whole, by their place. */
  const summaries = new Set<string>()
  const doneItems = new Set<number>()
  let nextIndex = 0
  let started = false

  return {
    push(frame) {
      step(frame)
      return taken()
    },
    whole(answer) {
      start(answer)
      end(answer)
      return taken()
    },
  }

  function taken(): readonly StreamEvent[] {
    const made = events
    events = []
    return made
  }

  function start({ id, model }: { readonly id?: string | null | undefined; readonly model?: string | null | undefined }): void {
    if (started) return
    started = true
    events.push({ type: 'start', id: id ?? '', model: model ?? '' })
  }

  function end(answer: WireAnswer): void {
    start(answer)
    for (const [index, item] of answer.output.entries()) itemDone(index, item)
    for (const part of parts.values()) endPart(part)
    const { usage, stop } = endOf(answer)
    if (usage) events.push({ type: 'usage', usage })
    if (stop) events.push({ type: 'stop', stop })
    events.push({ type: 'end' })
  }

  function step(frame: SseEvent): void {
    const type = frameTypeOf(frame)
    switch (type) {
      case 'response.created':
        return start(readFrame(startedSchema, frame).response)
      case 'response.output_item.added': {
        const { output_index: at, item } = readFrame(itemEventSchema, frame)
        if (isCall(item.type)) callPart(at, item)
        return
      }
      case 'response.output_item.done': {
        const { output_index: at, item } = readFrame(itemEventSchema, frame)
        return itemDone(at, item)
      }
      case 'response.completed':
      case 'response.incomplete':
        return end(readFrame(endedSchema, frame).response)
      default:
        if (/\.(?:delta|done|added)$/.test(type)) place(type, frame)
    }
  }

  function place(type: string, frame: SseEvent): void {
    const kind = placeKinds.get(type)
    if (kind === undefined) return
    const said = readFrame(placeEventSchema, frame)
    const { output_index: at, content_index: content, delta } = said
    switch (kind) {
      case 'text':
      case 'refusal':
        return say(partAt(`${at}.${content ?? 0}`, { type: kind }), delta, said.text ?? said.refusal)
      case 'thinking':
        return think(at, said)
      case 'args': {
        const part = parts.get(`${at}.call`)
        return part && say(part, delta, said.arguments ?? said.input)
      }
      case 'citation':
        return cite(partAt(`${at}.${content ?? 0}`, { type: 'text' }), said.annotation)
      default:
        kind satisfies never
    }
  }

  /** Its summaries, one after the other, are one text; the `done` forms repeat them. */
  function think(at: number, said: WirePlace): void {
    if (!said.delta) return
    const key = `${at}.${said.summary_index ?? 0}`
    const part = partAt(`${at}.thinking`, { type: 'thinking' })
    if (!summaries.has(key) && part.text !== '') add(part, '\n\n')
    summaries.add(key)
    add(part, said.delta)
  }

  function itemDone(at: number, item: WireItem): void {
    if (doneItems.has(at)) return
    doneItems.add(at)
    if (isCall(item.type)) {
      const part = callPart(at, item)
      say(part, undefined, item.arguments ?? item.input)
      endPart(part)
    } else if (item.type === 'message') {
      for (const [place, { type, text, refusal, annotations }] of (item.content ?? []).entries()) {
        const known = parts.has(`${at}.${place}`)
        const part = partAt(`${at}.${place}`, { type: type === 'refusal' ? 'refusal' : 'text' })
        say(part, undefined, text ?? refusal)
        if (!known) for (const annotation of annotations ?? []) cite(part, annotation)
        endPart(part)
      }
    } else if (item.type === 'reasoning') {
      thoughtDone(at, item)
    } else {
      events.push({ type: 'part-start', index: nextIndex, part: { type: 'opaque', shape: 'openai-responses', raw: item } })
      events.push({ type: 'part-end', index: nextIndex++ })
    }
  }

  function thoughtDone(at: number, item: WireItem): void {
    const sealed = unsealThought(item.encrypted_content)
    if (sealed?.type === 'redacted_thinking') {
      return endPart(partAt(`${at}.thinking`, { type: 'redactedThinking', data: sealed.data }))
    }
    const blocks = item.summary?.length ? item.summary : (item.content ?? [])
    const text = blocks.map((block) => block.text ?? '').join('\n\n')
    if (text === '' && !sealed && !parts.has(`${at}.thinking`)) return
    const part = partAt(`${at}.thinking`, { type: 'thinking' })
    say(part, undefined, text)
    if (sealed) events.push({ type: 'signature', index: part.index, signature: sealed.signature })
    endPart(part)
  }

  function callPart(at: number, item: WireItem): Part {
    const custom = item.type === 'custom_tool_call' ? ({ custom: true } as const) : {}
    return partAt(`${at}.call`, { type: 'toolCall', id: item.call_id ?? '', name: item.name ?? '', ...custom })
  }

  function partAt(key: string, head: PartHead): Part {
    const known = parts.get(key)
    if (known) return known
    const delta = head.type === 'toolCall' ? 'args-delta' : head.type === 'thinking' ? 'thinking-delta' : 'text-delta'
    const part: Part = { index: nextIndex++, delta, text: '', ended: false }
    parts.set(key, part)
    events.push({ type: 'part-start', index: part.index, part: head })
    return part
  }

  /** @param whole the text so far, from a `done`: what no delta has told yet is told now */
  function say(part: Part, delta: string | null | undefined, whole: string | null | undefined): void {
    if (delta) add(part, delta)
    else if (whole?.startsWith(part.text)) add(part, whole.slice(part.text.length))
  }

  function add(part: Part, text: string): void {
    if (text === '' || part.ended) return
    part.text += text
    events.push({ type: part.delta, index: part.index, text })
  }

  function endPart(part: Part): void {
    if (part.ended) return
    part.ended = true
    events.push({ type: 'part-end', index: part.index })
  }

  function cite(part: Part, annotation: WirePlace['annotation']): void {
    if (annotation?.type !== 'url_citation' || !annotation.url) return
    const title = annotation.title ? { title: annotation.title } : {}
    events.push({ type: 'citation', index: part.index, url: annotation.url, ...title })
  }
}

const placeKinds = new Map<string, 'text' | 'refusal' | 'thinking' | 'args' | 'citation'>([
  ['response.output_text.delta', 'text'],
  ['response.output_text.done', 'text'],
  ['response.refusal.delta', 'refusal'],
  ['response.refusal.done', 'refusal'],
  ['response.reasoning_summary_text.delta', 'thinking'],
  ['response.reasoning_text.delta', 'thinking'],
  ['response.function_call_arguments.delta', 'args'],
  ['response.function_call_arguments.done', 'args'],
  ['response.custom_tool_call_input.delta', 'args'],
  ['response.custom_tool_call_input.done', 'args'],
  ['response.output_text.annotation.added', 'citation'],
])
