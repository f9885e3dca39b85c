// Token counts, between this wire and the IR. Both count disjoint input buckets; the wire nulls what it does not tell.
import type { Usage } from '../../ir/usage.ts'
import type { WireUsage } from './answer-schema.ts'

/**
 * message_delta repeats the counts as running totals: a later value overwrites, adding would count it twice. Null says nothing,
 * and message_delta leaves out what only message_start knows (the split by TTL, tier, geo).
 */
export function mergeUsage(before: WireUsage | undefined, next: WireUsage): WireUsage {
  return { ...before, ...Object.fromEntries(Object.entries(next).filter(([, value]) => value !== null && value !== undefined)) }
}

/** An object without a single count tells nothing, and what tells nothing is estimated: it was not free. */
export function tellsCounts(wire: WireUsage): boolean {
  const { input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens } = wire
  return [input_tokens, output_tokens, cache_read_input_tokens, cache_creation_input_tokens].some(
    (count) => typeof count === 'number',
  )
}

export function usageOf(wire: WireUsage): Usage {
  const { cache_creation: split, output_tokens_details: details, server_tool_use: servers } = wire
  const oneHour = split?.ephemeral_1h_input_tokens ?? 0
  // The total is the later word; without a split all of it is the default, five minutes.
  const written = wire.cache_creation_input_tokens ?? (split?.ephemeral_5m_input_tokens ?? 0) + oneHour
  const cacheWrite1h = Math.min(oneHour, written)
  return {
    inputUncached: wire.input_tokens ?? 0,
    cacheRead: wire.cache_read_input_tokens ?? 0,
    cacheWrite5m: written - cacheWrite1h,
    cacheWrite1h,
    output: wire.output_tokens ?? 0,
    ...(typeof details?.thinking_tokens === 'number' ? { reasoning: details.thinking_tokens } : {}),
    ...(typeof servers?.web_search_requests === 'number' ? { webSearches: servers.web_search_requests } : {}),
    ...(wire.service_tier ? { serviceTier: wire.service_tier } : {}),
    ...(wire.inference_geo ? { inferenceGeo: wire.inference_geo } : {}),
    ...(wire.speed ? { speed: wire.speed } : {}),
  }
}

/** The counts that message_delta and a whole answer carry. */
export function wireUsageOf(usage: Usage): Record<string, unknown> {
  return {
    input_tokens: usage.inputUncached,
    cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite5m,
      ephemeral_1h_input_tokens: usage.cacheWrite1h,
    },
    output_tokens: usage.output,
    ...(usage.reasoning === undefined ? {} : { output_tokens_details: { thinking_tokens: usage.reasoning } }),
    ...(usage.webSearches === undefined
      ? {}
      : { server_tool_use: { web_search_requests: usage.webSearches, web_fetch_requests: 0 } }),
    ...(usage.serviceTier === undefined ? {} : { service_tier: wireTierOf(usage.serviceTier) }),
    ...(usage.inferenceGeo === undefined ? {} : { inference_geo: usage.inferenceGeo }),
    ...(usage.speed === undefined ? {} : { speed: usage.speed }),
  }
}

// OpenAI's `default` is what this wire calls `standard`; the rest both know, or this wire's SDK passes on as text.
function wireTierOf(tier: string): string {
  return tier === 'default' ? 'standard' : tier
}
