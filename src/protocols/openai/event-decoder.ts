// Chat's chunks to the IR's events, with the state between them (translation.md §4, O->A): one part open at a time, `finish_reason`
// only remembered, because usage may follow it.
import type { PartHead, StreamEvent } from '../../ir/stream.ts'
import type { Usage } from '../../ir/usage.ts'
import type { WireChunk, WireMessage } from './schema.ts'
import { stopOf } from './stop.ts'
import { createToolCalls } from './tool-calls.ts'
import { usageOf } from './usage.ts'

export interface EventDecoder {
  push(chunk: WireChunk): readonly StreamEvent[]
  /** At the wire's end mark, or where it is missing after a finish. */
  end(): readonly StreamEvent[]
}

/** @param nameOf the client's name of a tool that goes upstream under another */
export function createEventDecoder(nameOf: (sent: string) => string): EventDecoder {
  let answer: { readonly id: string; readonly model: string } | undefined
  let parts = 0
  let open: { readonly kind: OpenKind; readonly index: number } | undefined
  let finishReason: string | undefined
  let hasRefusal = false
  let usage: Usage | undefined
  const calls = createToolCalls({ nextPart: () => parts++, nameOf, answerId: () => answer?.id ?? '' })

  return {
    push(chunk) {
      const choice = chunk.choices?.find(({ index }) => (index ?? 0) === 0)
      // Azure opens with an empty chunk that holds only its filter's verdict on the prompt.
      if (!choice && !chunk.usage) return []
      const events: StreamEvent[] = []
      begin(events, chunk)
      if (choice?.delta) pushDelta(events, choice.delta)
      if (choice?.finish_reason) finishReason ??= choice.finish_reason
      if (chunk.usage) {
        usage = usageOf(chunk.usage, chunk.service_tier)
        events.push({ type: 'usage', usage })
      }
      return events
    },
    end() {
      const events: StreamEvent[] = []
      begin(events, {})
      close(events)
      const facts = { hasToolCalls: calls.any, hasRefusal }
      events.push({ type: 'stop', stop: stopOf(finishReason ?? 'stop', facts) }, { type: 'end' })
      return events
    },
  }

  function begin(events: StreamEvent[], chunk: Pick<WireChunk, 'id' | 'model'>): void {
    if (answer) return
    answer = { id: chunk.id ?? '', model: chunk.model ?? '' }
    events.push({ type: 'start', ...answer })
  }

  function pushDelta(events: StreamEvent[], delta: WireMessage): void {
    const thinking = delta.reasoning_content || delta.reasoning
    if (thinking) events.push({ type: 'thinking-delta', index: partOf(events, 'thinking'), text: thinking })
    if (delta.content) events.push({ type: 'text-delta', index: partOf(events, 'text'), text: delta.content })
    if (delta.refusal) {
      hasRefusal = true
      events.push({ type: 'text-delta', index: partOf(events, 'refusal'), text: delta.refusal })
    }
    for (const { url_citation: citation } of delta.annotations ?? []) {
      if (!citation) continue
      const title = citation.title ?? undefined
      events.push({
        type: 'citation',
        index: partOf(events, 'text'),
        url: citation.url,
        ...(title === undefined ? {} : { title }),
      })
    }
    for (const call of delta.tool_calls ?? []) {
      closeBut(events, 'tools')
      events.push(...calls.push(call))
    }
    if (delta.function_call) {
      closeBut(events, 'tools')
      events.push(...calls.push({ index: 0, function: delta.function_call }))
    }
  }

  function partOf(events: StreamEvent[], kind: PartHead['type'] & OpenKind): number {
    closeBut(events, kind)
    if (!open) {
      open = { kind, index: parts++ }
      events.push({ type: 'part-start', index: open.index, part: { type: kind } })
    }
    return open.index
  }

  function closeBut(events: StreamEvent[], kind: OpenKind | 'tools'): void {
    if (kind !== 'tools') events.push(...calls.flush())
    if (!open || open.kind === kind) return
    events.push({ type: 'part-end', index: open.index })
    open = undefined
  }

  function close(events: StreamEvent[]): void {
    if (open) events.push({ type: 'part-end', index: open.index })
    open = undefined
    events.push(...calls.flush())
  }
}

type OpenKind = 'text' | 'thinking' | 'refusal'
