// This wire's way of counting: the same as chat's under other names, `input_tokens` with what was cached and written in it.
import { totalInputOf, type Usage } from '../../ir/usage.ts'
import { usageOf as chatUsageOf } from '../openai/usage.ts'
import type { WireUsage } from './schema.ts'

/** As chat's: an object without a single count tells nothing. */
export function tellsCounts({ input_tokens, output_tokens }: WireUsage): boolean {
  return typeof input_tokens === 'number' || typeof output_tokens === 'number'
}

/** @param webSearches calls of the search tool in the answer, which this wire counts nowhere */
export function usageOf(wire: WireUsage, serviceTier: string | null | undefined, webSearches: number): Usage {
  const { input_tokens_details: input, output_tokens_details: output } = wire
  const usage = chatUsageOf(
    {
      prompt_tokens: wire.input_tokens,
      completion_tokens: wire.output_tokens,
      prompt_tokens_details: input && { cached_tokens: input.cached_tokens, cache_write_tokens: input.cache_write_tokens },
      completion_tokens_details: output && { reasoning_tokens: output.reasoning_tokens },
    },
    serviceTier,
  )
  return webSearches === 0 ? usage : { ...usage, webSearches }
}

export function wireUsageOf(usage: Usage): Record<string, unknown> {
  const input = totalInputOf(usage)
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: usage.cacheRead, cache_write_tokens: usage.cacheWrite5m + usage.cacheWrite1h },
    output_tokens: usage.output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: input + usage.output,
  }
}
