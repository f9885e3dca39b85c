// OpenAI's way of counting, in and out. `prompt_tokens` includes cached and written tokens; our buckets are disjoint
// (translation.md §3). Nowhere else are the two mixed.
import { totalInputOf, type Usage } from '../../ir/usage.ts'
import { given } from '../wire.ts'
import type { WireUsage } from './schema.ts'

/** An object without a single count tells nothing, and what tells nothing is estimated: it was not free. */
export function tellsCounts({ prompt_tokens, completion_tokens, total_tokens, cost }: WireUsage): boolean {
  return [prompt_tokens, completion_tokens, total_tokens, cost].some((count) => typeof count === 'number')
}

/** `serviceTier` stands beside `usage` on this wire, not in it. */
export function usageOf(wire: WireUsage, serviceTier?: string | null): Usage {
  const prompt = wire.prompt_tokens ?? 0
  const details = wire.prompt_tokens_details
  const cacheRead = details?.cached_tokens ?? wire.prompt_cache_hit_tokens ?? wire.cached_tokens ?? 0
  const cacheWrite = details?.cache_write_tokens ?? 0
  const outputDetails = wire.completion_tokens_details
  const reasoning = outputDetails?.reasoning_tokens ?? unnamedReasoningOf(wire, [cacheRead, cacheWrite, cacheRead + cacheWrite])
  return {
    inputUncached: Math.max(0, prompt - cacheRead - cacheWrite),
    cacheRead,
    cacheWrite5m: cacheWrite,
    cacheWrite1h: 0,
    output: outputOf(wire, prompt, reasoning ?? 0),
    ...given('reasoning', reasoning),
    ...given('audioInput', details?.audio_tokens),
    ...given('audioOutput', outputDetails?.audio_tokens),
    ...given('webSearches', wire.server_tool_use?.web_search_requests),
    ...given('serviceTier', serviceTier),
    ...given('upstreamCostUsd', wire.cost),
  }
}

/** As the `usage` object of an answer or of the last chunk. */
export function wireUsageOf(usage: Usage): Record<string, unknown> {
  const prompt = totalInputOf(usage)
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: {
      cached_tokens: usage.cacheRead,
      cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
      ...given('audio_tokens', usage.audioInput),
    },
    completion_tokens_details: {
      reasoning_tokens: usage.reasoning ?? 0,
      ...given('audio_tokens', usage.audioOutput),
    },
  }
}

function outputOf(wire: WireUsage, prompt: number, reasoning: number): number {
  const completion = wire.completion_tokens ?? 0
  // xAI leaves reasoning out of completion_tokens (its documented example: 32 + 9 + 94 of reasoning = 135 in total).
  return reasoning > 0 && wire.total_tokens === prompt + completion + reasoning ? completion + reasoning : completion
}

/**
 * Gemini leaves thought out of completion_tokens, and may name it nowhere but in the total (20 + 424, 1016 in all).
 * @param cached what a server that counts its cache beside the prompt has in the total, too
 */
function unnamedReasoningOf(
  { total_tokens: total, prompt_tokens: prompt, ...wire }: WireUsage,
  cached: readonly number[],
): number | undefined {
  if (wire.completion_tokens_details || typeof total !== 'number' || typeof prompt !== 'number') return undefined
  const unnamed = total - prompt - (wire.completion_tokens ?? 0)
  return unnamed > 0 && !cached.includes(unnamed) ? unnamed : undefined
}
