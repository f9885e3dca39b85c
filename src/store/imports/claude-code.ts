// Claude Code's session logs: ~/.claude/projects/<folder>/<session>.jsonl, one JSON object a line. An answer is one line for each
// of its blocks, all with the answer's id and its usage so far, and is copied into the logs of sessions that resume it.
import * as z from 'zod'
import { mostTokens, mostUsd } from '../../ir/usage.ts'
import { parsedJson } from '../stored-calls.ts'
import type { ImportedCall, LogReader } from './imported-call.ts'

const count = z.int().nonnegative().max(mostTokens).nullish().catch(null)
const word = z.string().nullish().catch(null)

const entry = z.object({
  type: word,
  uuid: word,
  parentUuid: word,
  timestamp: z.iso.datetime().nullish().catch(null),
  sessionId: word,
  requestId: word,
  cwd: word,
  gitBranch: word,
  costUSD: z.number().nonnegative().lt(mostUsd).nullish().catch(null),
  message: z
    .object({
      id: word,
      model: word,
      stop_reason: word,
      content: z
        .array(z.object({ type: z.string() }))
        .nullish()
        .catch(null),
      usage: z
        .object({
          input_tokens: count,
          output_tokens: count,
          cache_read_input_tokens: count,
          cache_creation_input_tokens: count,
          cache_creation: z.object({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count }).nullish().catch(null),
          server_tool_use: z.object({ web_search_requests: count }).nullish().catch(null),
          service_tier: word,
        })
        .nullish()
        .catch(null),
    })
    .nullish()
    .catch(null),
})
type Message = NonNullable<z.infer<typeof entry>['message']>

/** A question that was asked longer ago than this was not what the answer waited for. */
const longestCallMs = 3_600_000

export function createClaudeCodeReader(): LogReader {
  const calls = new Map<string, ImportedCall>()
  /** Lines are copied into the log of a session that resumes another. */
  const counted = new Set<string>()
  let times = new Map<string, number>()

  return {
    open() {
      times = new Map()
    },
    read(line) {
      const read = entry.safeParse(parsedJson(line))
      if (!read.success) return
      const { data } = read
      const atMs = data.timestamp ? Date.parse(data.timestamp) : Number.NaN
      if (Number.isNaN(atMs)) return
      if (data.uuid) times.set(data.uuid, atMs)
      const { message, sessionId } = data
      // `<synthetic>`: the client's own words, for which nobody was called.
      if (data.type !== 'assistant' || !message?.id || !message.usage || !sessionId || !message.model?.startsWith('claude'))
        return
      if (data.uuid && counted.has(data.uuid)) return
      if (data.uuid) counted.add(data.uuid)
      const callId = `${message.id} ${data.requestId ?? ''}`
      const before = calls.get(callId)
      const askedMs = times.get(data.parentUuid ?? '') ?? atMs
      const latencyMs = atMs - askedMs <= longestCallMs ? Math.max(0, atMs - askedMs) : 0
      calls.set(callId, {
        client: 'claude-code',
        callId,
        sessionId: before?.sessionId ?? sessionId,
        requestId: data.requestId ?? null,
        provider: 'anthropic',
        model: message.model,
        timestampUs: Math.min(before?.timestampUs ?? Infinity, atMs * 1000),
        latencyMs: (before?.latencyMs ?? 0) + latencyMs,
        usage: usageOf(message.usage),
        stopReason: message.stop_reason ?? before?.stopReason ?? null,
        toolCalls: (before?.toolCalls ?? 0) + (message.content ?? []).filter(({ type }) => type === 'tool_use').length,
        costUsd: data.costUSD ?? before?.costUsd ?? null,
        cwd: data.cwd || null,
        branch: data.gitBranch || null,
      })
    },
    calls: () => [...calls.values()],
  }
}

/** Without the split, all that was written to the cache was written for five minutes. */
function usageOf(usage: NonNullable<Message['usage']>): ImportedCall['usage'] {
  const written1h = usage.cache_creation?.ephemeral_1h_input_tokens ?? 0
  const written = usage.cache_creation_input_tokens ?? (usage.cache_creation?.ephemeral_5m_input_tokens ?? 0) + written1h
  return {
    inputUncached: usage.input_tokens ?? 0,
    cacheRead: usage.cache_read_input_tokens ?? 0,
    cacheWrite5m: Math.max(0, written - written1h),
    cacheWrite1h: written1h,
    output: usage.output_tokens ?? 0,
    ...(usage.server_tool_use?.web_search_requests ? { webSearches: usage.server_tool_use.web_search_requests } : {}),
    ...(usage.service_tier ? { serviceTier: usage.service_tier } : {}),
  }
}
