// Chat's chunks to the IR's events, with the state between them (translation.md §4, O->A): one part open at a time, `finish_reason`
// only remembered, because usage may follow it.
import type { PartHead, StreamEvent } from '../../ir/stream.ts'
import type { Usage } from '../../ir/usage.ts'
import type { EncodedRequest } from '../protocol.ts'
import { createFreeIds } from './free-ids.ts'
import type { WireChunk, WireMessage, WireToolCall } from './schema.ts'
import { spokenOf } from './spoken.ts'
import { stopOf } from './stop.ts'
import { createToolCalls } from './tool-calls.ts'
import { tellsCounts, usageOf } from './usage.ts'

export interface EventDecoder {
  push(chunk: WireChunk): readonly StreamEvent[]
  /** At the wire's end mark, or where it is missing after a finish. */
  end(): readonly StreamEvent[]
}

/** @param call what was asked: how the client knows its tools, and which calls it has already */
export function createEventDecoder({ toolNames, takenCallIds }: AskedOf): EventDecoder {
  let answer: { readonly id: string; readonly model: string } | undefined
  let parts = 0
  let open: { readonly kind: OpenKind; readonly index: number } | undefined
  let finishReason: string | undefined
  let hasRefusal = false
  let usage: Usage | undefined
  /** Said while a call's arguments were still coming: the call's part must close first, and what follows may belong to it. */
  const held: { readonly kind: OpenKind; readonly text: string }[] = []
  const calls = createToolCalls({
    nextPart: () => parts++,
    nameOf: (sent) => toolNames.get(sent) ?? sent,
    answerId: () => answer?.id ?? '',
    freeIdOf: createFreeIds(takenCallIds),
  })

  return {
    push(chunk) {
      const choice = chunk.choices?.find(({ index }) => (index ?? 0) === 0)
      // Azure opens with an empty chunk that holds only its filter's verdict on the prompt.
      if (!choice && !chunk.usage) return []
      const events: StreamEvent[] = []
      begin(events, chunk)
      if (choice?.delta) pushDelta(events, choice.delta)
      if (choice?.finish_reason) finishReason ??= choice.finish_reason
      if (chunk.usage && tellsCounts(chunk.usage)) {
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
    const { thinking, text } = spokenOf(delta)
    say(events, 'thinking', thinking)
    say(events, 'text', text)
    say(events, 'refusal', delta.refusal)
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
    for (const call of delta.tool_calls ?? []) pushCall(events, call)
    if (delta.function_call) pushCall(events, { index: 0, function: delta.function_call })
  }

  function pushCall(events: StreamEvent[], call: WireToolCall): void {
    closeBut(events, 'tools')
    events.push(...calls.push(call))
    if (held.length > 0 && !calls.unfinished) sayHeld(events)
  }

  function say(events: StreamEvent[], kind: OpenKind, text: string | null | undefined): void {
    if (!text) return
    if (kind === 'refusal') hasRefusal = true
    if (held.length > 0 || calls.unfinished) held.push({ kind, text })
    else sayNow(events, kind, text)
  }

  function sayNow(events: StreamEvent[], kind: OpenKind, text: string): void {
    events.push({ type: kind === 'thinking' ? 'thinking-delta' : 'text-delta', index: partOf(events, kind), text })
  }

  function sayHeld(events: StreamEvent[]): void {
    for (const { kind, text } of held.splice(0)) sayNow(events, kind, text)
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
    if (held.length > 0) sayHeld(events)
    if (open) events.push({ type: 'part-end', index: open.index })
    open = undefined
    events.push(...calls.flush())
  }
}

type AskedOf = Pick<EncodedRequest, 'toolNames' | 'takenCallIds'>
type OpenKind = 'text' | 'thinking' | 'refusal'
