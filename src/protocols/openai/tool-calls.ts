// Which tool call a fragment belongs to, and in which order calls become parts. Providers disagree on both (translation.md §4):
// indexes are missing or always 0, ids come anew with every fragment, and several calls may grow at the same time.
import type { StreamEvent } from '../../ir/stream.ts'
import { shortHash } from '../../lib/identifiers.ts'
import { given } from '../wire.ts'
import type { WireToolCall } from './schema.ts'

export interface ToolCalls {
  /** The events that this fragment makes: none while its call waits for an earlier one. */
  push(fragment: WireToolCall): readonly StreamEvent[]
  /** Ends all calls, those that waited too. */
  flush(): readonly StreamEvent[]
  /** True once a call has begun as a part. */
  readonly any: boolean
  /** Arguments may still come. */
  readonly unfinished: boolean
}

export interface ToolCallContext {
  /** The next part's index, each value once. */
  readonly nextPart: () => number
  /** The name the client knows a tool by. */
  readonly nameOf: (sent: string) => string
  /** Makes ids for calls that come without one unlike those of other answers. */
  readonly answerId: () => string
  /** The id that the client is given for the provider's. */
  readonly freeIdOf: (id: string) => string
}

/**
 * Parts of the IR come one after the other, because not every wire can interleave them: one call streams, later ones wait until
 * its arguments are whole, or text, or the end.
 */
export function createToolCalls(context: ToolCallContext): ToolCalls {
  const byIndex = new Map<number, Call>()
  const queue: Call[] = []
  let last: Call | undefined
  let made = 0
  let any = false

  return {
    get any() {
      return any
    },
    get unfinished() {
      return queue.some(({ args }) => !isWhole(args))
    },
    push(fragment) {
      const call = callOf(fragment)
      last = call
      if (fragment.id) call.id ||= fragment.id
      // Some servers repeat the name with every fragment.
      call.name ||= fragment.function?.name ?? ''
      if (fragment.custom) call.custom = true
      const text = fragment.function?.arguments ?? ''
      call.args += text
      call.unsent += text
      return advance()
    },
    flush() {
      const events = queue.flatMap((call) => [...sent(call), ...ended(call)])
      queue.length = 0
      byIndex.clear()
      last = undefined
      return events
    },
  }

  function callOf(fragment: WireToolCall): Call {
    const known = knownCallOf(fragment)
    if (known && !isAnotherCall(fragment, known)) return known
    const call: Call = { number: made++, id: '', name: '', custom: undefined, args: '', unsent: '', part: undefined }
    byIndex.set(fragment.index ?? call.number, call)
    queue.push(call)
    return call
  }

  function knownCallOf({ index, id }: WireToolCall): Call | undefined {
    if (index !== undefined && index !== null) return byIndex.get(index)
    if (!id) return last
    return [...byIndex.values()].find((call) => call.id === id) ?? (last?.id === '' ? last : undefined)
  }

  function advance(): readonly StreamEvent[] {
    const events: StreamEvent[] = []
    let active = queue[0]
    while (active) {
      events.push(...sent(active))
      if (queue.length === 1 || !isWhole(active.args)) return events
      events.push(...ended(active))
      queue.shift()
      active = queue[0]
    }
    return events
  }

  function sent(call: Call): readonly StreamEvent[] {
    // A call begins with its name; servers that send the id alone first exist.
    if (call.name === '') return []
    const events: StreamEvent[] = []
    if (call.part === undefined) {
      call.part = context.nextPart()
      any = true
      const id = context.freeIdOf(call.id === '' ? `call_${shortHash(context.answerId())}_${call.number}` : call.id)
      events.push({
        type: 'part-start',
        index: call.part,
        part: { type: 'toolCall', id, name: context.nameOf(call.name), ...given('custom', call.custom) },
      })
    }
    if (call.unsent !== '') events.push({ type: 'args-delta', index: call.part, text: call.unsent })
    call.unsent = ''
    return events
  }
}

interface Call {
  readonly number: number
  id: string
  name: string
  /** Takes text. */
  custom: true | undefined
  args: string
  /** The end of `args` that no event has carried yet. */
  unsent: string
  part: number | undefined
}

function ended(call: Call): readonly StreamEvent[] {
  return call.part === undefined ? [] : [{ type: 'part-end', index: call.part }]
}

// Gemini-compatible endpoints give every call index 0 and tell them apart by id. An id that changes while the arguments are
// not whole is the same call: some servers make a new id for each fragment. Without index and id only a name can tell.
export function isAnotherCall({ id, index, function: call }: WireToolCall, known: Pick<Call, 'id' | 'name' | 'args'>): boolean {
  const name = call?.name
  if (!id) return (index ?? null) === null && Boolean(name) && isWhole(known.args)
  if (known.id === '' || id === known.id) return false
  return isWhole(known.args) || (known.args === '' && Boolean(name) && name !== known.name)
}

/** Tried only when another call waits, so a long call is not parsed again and again. */
function isWhole(args: string): boolean {
  if (!args.trimEnd().endsWith('}')) return false
  try {
    JSON.parse(args)
    return true
  } catch {
    return false
  }
}
