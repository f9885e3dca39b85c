// Codex's session logs: ~/.codex/sessions/YYYY/MM/DD/rollout-<time>-<session>.jsonl. Usage is in `token_count` events: totals of
// the session so far, and the last call's share; the same totals may be told again, and then nothing was called. A fork begins
// with a copy of its parent's log: what is told there was called once, by the parent.
import * as z from 'zod'
import { mostTokens } from '../../ir/usage.ts'
import { parsedJson } from '../stored-calls.ts'
import { createReplay, type Replay } from './codex-replay.ts'
import type { ImportedCall, LogReader } from './imported-call.ts'

/** The totals of a session may be more than a call's. */
const count = z
  .int()
  .nonnegative()
  .max(1000 * mostTokens)
  .catch(0)
const usage = z.object({
  input_tokens: count,
  /** Of the input. */
  cached_input_tokens: count,
  output_tokens: count,
  /** Of the output. */
  reasoning_output_tokens: count,
})
type CodexUsage = z.infer<typeof usage>

const line = z.object({ timestamp: z.iso.datetime(), type: z.string(), payload: z.looseObject({}) })
const sessionMeta = z.object({
  id: z.string(),
  forked_from_id: z.string().nullish().catch(null),
  cwd: z.string().nullish().catch(null),
  git: z
    .object({ branch: z.string().nullish().catch(null) })
    .nullish()
    .catch(null),
})
const turnContext = z.object({ model: z.string().min(1), cwd: z.string().nullish().catch(null) })
const tokenCount = z.object({
  type: z.literal('token_count'),
  info: z.object({ total_token_usage: usage.nullish().catch(null), last_token_usage: usage.nullish().catch(null) }),
})

const nothing: CodexUsage = { input_tokens: 0, cached_input_tokens: 0, output_tokens: 0, reasoning_output_tokens: 0 }

interface Session {
  readonly id: string
  readonly branch: string | null
  cwd: string | null
  model: string | null
  total: CodexUsage
  /** Calls so far, those of its parent included: what names the next one. */
  calls: number
  /** null = it is nobody's fork. */
  replay: Replay | null
  lastMs: number
}

export function createCodexReader(): LogReader {
  const calls = new Map<string, ImportedCall>()
  /** What each session told, in order. */
  const toldBy = new Map<string, string[]>()
  let session: Session | null = null

  return {
    open() {
      session = null
    },
    read(text) {
      const read = line.safeParse(parsedJson(text))
      if (!read.success) return
      const { type, payload } = read.data
      const atMs = Date.parse(read.data.timestamp)
      if (type === 'session_meta') {
        const meta = sessionMeta.safeParse(payload).data
        if (meta === undefined) return
        session ??= {
          id: meta.id,
          branch: meta.git?.branch ?? null,
          cwd: meta.cwd ?? null,
          model: null,
          total: nothing,
          calls: 0,
          replay: null,
          lastMs: atMs,
        }
        // Its own head comes first, then its parent's: older ones do not say whose fork they are.
        const parent = meta.id === session.id ? meta.forked_from_id : meta.id
        if (parent && session.calls === 0) session.replay ??= createReplay(toldBy.get(parent) ?? null, atMs)
        return
      }
      if (session === null) return
      session.replay?.line(atMs)
      if (type === 'turn_context') {
        const context = turnContext.safeParse(payload).data
        session.model = context?.model ?? session.model
        session.cwd = context?.cwd ?? session.cwd
        session.lastMs = atMs
        return
      }
      const told = type === 'event_msg' ? tokenCount.safeParse(payload).data : undefined
      const used = told === undefined ? null : newUsage(told.info, session)
      if (used === null || session.model === null) return
      session.calls += 1
      const sequence = toldBy.get(session.id) ?? []
      toldBy.set(session.id, sequence)
      const words = Object.values(told?.info.total_token_usage ?? used).join(' ')
      sequence[session.calls - 1] = words
      const callId = `${session.id} ${session.calls}`
      if (session.replay?.holds(words) !== true) calls.set(callId, callOf(session, callId, used, atMs))
      session.lastMs = atMs
    },
    calls: () => [...calls.values()],
  }
}

/** null = told before, or nothing. */
function newUsage(info: z.infer<typeof tokenCount>['info'], session: Session): CodexUsage | null {
  const { total_token_usage: total, last_token_usage: last } = info
  const before = session.total
  if (total) {
    session.total = total
    if (total.input_tokens === before.input_tokens && total.output_tokens === before.output_tokens) return null
  }
  const used = last ?? (total ? minus(total, before) : null)
  if (used === null) return null
  const tokens = used.input_tokens + used.output_tokens
  return tokens === 0 || tokens > mostTokens ? null : used
}

function minus(total: CodexUsage, before: CodexUsage): CodexUsage {
  return {
    input_tokens: Math.max(0, total.input_tokens - before.input_tokens),
    cached_input_tokens: Math.max(0, total.cached_input_tokens - before.cached_input_tokens),
    output_tokens: Math.max(0, total.output_tokens - before.output_tokens),
    reasoning_output_tokens: Math.max(0, total.reasoning_output_tokens - before.reasoning_output_tokens),
  }
}

function callOf(session: Session, callId: string, used: CodexUsage, atMs: number): ImportedCall {
  const cached = Math.min(used.cached_input_tokens, used.input_tokens)
  return {
    client: 'codex',
    callId,
    sessionId: session.id,
    requestId: null,
    provider: 'openai',
    model: session.model ?? '',
    timestampUs: atMs * 1000,
    latencyMs: Math.max(0, atMs - session.lastMs),
    usage: {
      inputUncached: used.input_tokens - cached,
      cacheRead: cached,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: used.output_tokens,
      reasoning: Math.min(used.reasoning_output_tokens, used.output_tokens),
    },
    stopReason: null,
    toolCalls: 0,
    costUsd: null,
    cwd: session.cwd,
    branch: session.branch,
  }
}
