// The state of a Responses stream being written: items in the order in which they began, each with its own events, all numbered.
import type { PartHead, Stop, StreamEvent } from '../../ir/stream.ts'
import type { Usage } from '../../ir/usage.ts'
import { encodeSse } from '../../lib/sse.ts'
import { estimatedUsage } from '../estimate.ts'
import type { AnswerContext } from '../protocol.ts'
import { endedAnswer, failedAnswer, runningAnswer } from './envelope.ts'
import { createCallItem, createMessageItem, createReasoningItem, type Emit, type OpenItem } from './open-items.ts'

export interface StreamWriter {
  /** The frames of these events, '' when they mean nothing to this wire. */
  write(events: readonly StreamEvent[]): string
  /** The terminal frame of an answer that broke: Codex waits for one. */
  fail(error: { readonly code: string; readonly message: string }, afterNumber?: number): string
}

export function createStreamWriter(answer: AnswerContext): StreamWriter {
  const items: OpenItem[] = []
  /** Which item and place a part of the IR became. */
  const parts = new Map<number, { readonly item: OpenItem; readonly place: number }>()
  let out = ''
  let nextNumber = 0
  let stop: Stop = { reason: 'end' }
  let usage: Usage | undefined
  let characters = 0

  const emit: Emit = (type, fields) => {
    out += encodeSse(type, JSON.stringify({ type, sequence_number: nextNumber++, ...fields }))
  }

  return {
    write(events) {
      for (const event of events) step(event)
      return taken()
    },
    fail(error, afterNumber) {
      if (afterNumber !== undefined) nextNumber = afterNumber + 1
      emit('response.failed', { response: failedAnswer(answer, error) })
      return taken()
    },
  }

  function taken(): string {
    const text = out
    out = ''
    return text
  }

  function step(event: StreamEvent): void {
    switch (event.type) {
      case 'start':
        emit('response.created', { response: runningAnswer(answer) })
        emit('response.in_progress', { response: runningAnswer(answer) })
        return
      case 'part-start':
        return begin(event.index, event.part)
      case 'text-delta':
      case 'thinking-delta':
      case 'args-delta': {
        const part = parts.get(event.index)
        if (part === undefined || event.text === '') return
        characters += event.text.length
        return part.item.add(part.place, event.text)
      }
      case 'signature':
        return parts.get(event.index)?.item.sign?.(event.signature)
      case 'citation': {
        const part = parts.get(event.index)
        return part?.item.cite?.(part.place, event.url, event.title)
      }
      case 'part-end': {
        const part = parts.get(event.index)
        return part?.item.endPart(part.place)
      }
      case 'usage':
        usage = event.usage
        return
      case 'stop':
        stop = event.stop
        return
      case 'end':
        return finish()
      default:
        event satisfies never
    }
  }

  function begin(index: number, head: PartHead): void {
    if (head.type === 'opaque') return
    const last = items.at(-1)
    const place = head.type === 'text' || head.type === 'refusal' ? last?.open?.(head.type) : undefined
    if (last && place !== undefined) {
      parts.set(index, { item: last, place })
      return
    }
    last?.close()
    const item = itemOf(head, items.length)
    items.push(item)
    parts.set(index, { item, place: 0 })
  }

  function itemOf(head: Exclude<PartHead, { type: 'opaque' }>, index: number): OpenItem {
    const context = { emit, index, turnId: answer.turnId }
    switch (head.type) {
      case 'text':
      case 'refusal':
        return createMessageItem(head.type, context)
      case 'thinking':
      case 'redactedThinking':
        return createReasoningItem(head, context)
      case 'toolCall':
        return createCallItem(head, context)
      default:
        return head satisfies never
    }
  }

  function finish(): void {
    if (stop.reason === 'refusal' && stop.explanation) explain(stop.explanation)
    for (const item of items) item.close(true)
    const output = items.map((item) => item.whole())
    const hasRefusal = items.some((item) => item.refuses === true)
    const response = endedAnswer(answer, { stop, hasRefusal, output, usage: usage ?? estimatedUsage(answer, characters) })
    emit(`response.${String(response['status'])}`, { response })
  }

  /** This wire says why it declined in the answer itself. */
  function explain(text: string): void {
    const index = Number.MAX_SAFE_INTEGER
    begin(index, { type: 'refusal' })
    step({ type: 'text-delta', index, text })
  }
}
