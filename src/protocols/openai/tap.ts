// What accounting needs of a stream, without decoding it (performance.md, what follows 2): a frame is parsed only when a search
// says that it may hold usage, a finish, an error or the start of a tool call; text is counted by slicing.
import type { Meter } from '../../ir/stream.ts'
import type { EncodedRequest } from '../protocol.ts'
import { stringEnd } from '../string-end.ts'
import { lostOf } from './losses.ts'
import { chunkSchema, type WireChunk, type WireToolCall } from './schema.ts'
import { spokenOf } from './spoken.ts'
import { stopOf } from './stop.ts'
import { isAnotherCall } from './tool-calls.ts'
import { tellsCounts, usageOf } from './usage.ts'

export const endMark = '[DONE]'

/** `usageOnly`: the chunk that `include_usage` adds, with no choices. */
export type FrameKind = 'done' | 'error' | 'usageOnly' | 'other'

export interface Tap {
  /** One frame's data. Counts into the meter that `take` gives out. */
  frame(data: string): FrameKind
  /** The meter of all frames since the last call. */
  take(ended: boolean): Meter
  /** A `finish_reason` has come. */
  readonly finished: boolean
  /** A frame with data has come. */
  readonly started: boolean
}

export function createTap(call: EncodedRequest): Tap {
  let started = false
  let model = ''
  let finished = false
  let thinking = false
  let hasRefusal = false
  let counts = zero()
  const calls = new Map<number | string, { readonly id: string; readonly name: string; args: string }>()

  return {
    get finished() {
      return finished
    },
    get started() {
      return started
    },
    frame(data) {
      started = true
      if (data === endMark) return 'done'
      if (model === '' || worthParsing.test(data)) {
        const parsed = parse(data)
        if (parsed === 'error') return 'error'
        if (parsed) return read(parsed)
      }
      slice(data)
      return 'other'
    },
    take(ended) {
      const meter = { ...counts, ended }
      counts = zero()
      return meter
    },
  }

  function read(chunk: WireChunk): 'usageOnly' | 'other' {
    if (model === '' && chunk.model) counts.model = model = chunk.model
    if (chunk.usage && tellsCounts(chunk.usage)) counts.usage = usageOf(chunk.usage, chunk.service_tier)
    const { warnings = [] } = lostOf(call, chunk.choices ?? [])
    if (warnings.length > 0) counts.warnings = [...(counts.warnings ?? []), ...warnings]
    for (const { delta, finish_reason: reason } of chunk.choices ?? []) {
      const { thinking: thought, text } = spokenOf(delta ?? {})
      count(thought, true)
      count(text, false)
      count(delta?.refusal ?? '', false)
      if (delta?.refusal) hasRefusal = true
      for (const call of delta?.tool_calls ?? []) {
        countCall(call)
        count(call.function?.arguments ?? '', false)
      }
      if (delta?.function_call) {
        countCall({ index: 0, function: delta.function_call })
        count(delta.function_call.arguments ?? '', false)
      }
      if (!reason || finished) continue
      finished = true
      counts.stop = stopOf(reason, { hasToolCalls: calls.size > 0, hasRefusal })
    }
    return chunk.usage && (chunk.choices ?? []).length === 0 ? 'usageOnly' : 'other'
  }

  function countCall(call: WireToolCall): void {
    const key = call.index ?? call.id ?? 0
    const known = calls.get(key)
    const name = call.function?.name
    const args = call.function?.arguments ?? ''
    if (known && !isAnotherCall(call, known)) known.args += args
    else if (name) {
      calls.set(key, { id: call.id ?? '', name, args })
      counts.toolCalls++
    }
  }

  function count(text: string, isThinking: boolean): void {
    if (text === '') return
    counts.outputCharacters += text.length
    if (isThinking && !thinking) counts.thinkingBlocks++
    thinking = isThinking
  }

  function slice(data: string): void {
    for (const match of data.matchAll(spokenText)) {
      const field = match[1]
      const start = match.index + match[0].length
      const end = stringEnd(data, start)
      const raw = data.slice(start, end === -1 ? data.length : end)
      if (field === 'refusal' && raw !== '') hasRefusal = true
      count(raw.includes('\\') ? unescaped(raw) : raw, field === 'reasoning_content' || field === 'reasoning')
    }
  }
}

type Counts = { -readonly [key in keyof Omit<Meter, 'ended'>]: Meter[key] }

function zero(): Counts {
  return { toolCalls: 0, thinkingBlocks: 0, outputCharacters: 0 }
}

// Inside a JSON string these quotes would be escaped, so text that talks about usage is not mistaken for it.
const worthParsing =
  /"(?:usage|error)"\s*:\s*[{"]|"content"\s*:\s*\[|"(?:finish_reason|name|object)"\s*:\s*"(?!chat\.completion\.chunk")/
const spokenText = /"(content|reasoning_content|reasoning|refusal|arguments)"\s*:\s*"/g

/** A frame that does not parse is left to whoever decodes it: on the same-shape path that is the client. */
function parse(data: string): WireChunk | 'error' | undefined {
  try {
    const value: unknown = JSON.parse(data)
    if (isError(value)) return 'error'
    const chunk = chunkSchema.safeParse(value)
    return chunk.success ? chunk.data : undefined
  } catch {
    return undefined
  }
}

/** OpenAI's `{error}`, and vLLM's `{object:"error"}`. */
function isError(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return ('error' in value && Boolean(value.error)) || ('object' in value && value.object === 'error')
}

function unescaped(raw: string): string {
  try {
    return String(JSON.parse(`"${raw}"`))
  } catch {
    return raw
  }
}
