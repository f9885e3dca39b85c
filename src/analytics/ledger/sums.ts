// What is summed everywhere in the proof of the ledger, and how two sums are told apart.
import type { CallsTable } from '../../store/schema.ts'

export interface Sums {
  readonly calls: number
  readonly unpriced: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cachedInputTokens: number
  readonly cacheCreationInputTokens: number
  /** Of the priced calls. */
  readonly costNanoUsd: number
}

export const noSums: Sums = {
  calls: 0,
  unpriced: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedInputTokens: 0,
  cacheCreationInputTokens: 0,
  costNanoUsd: 0,
}

export type Summed = Pick<
  CallsTable,
  'input_tokens' | 'output_tokens' | 'cached_input_tokens' | 'cache_creation_input_tokens' | 'cost_nano_usd'
>

export function withCall(sums: Sums, call: Summed): Sums {
  return {
    calls: sums.calls + 1,
    unpriced: sums.unpriced + (call.cost_nano_usd === null ? 1 : 0),
    inputTokens: sums.inputTokens + call.input_tokens,
    outputTokens: sums.outputTokens + call.output_tokens,
    cachedInputTokens: sums.cachedInputTokens + call.cached_input_tokens,
    cacheCreationInputTokens: sums.cacheCreationInputTokens + call.cache_creation_input_tokens,
    costNanoUsd: sums.costNanoUsd + (call.cost_nano_usd ?? 0),
  }
}

const fields = [
  'calls',
  'unpriced',
  'inputTokens',
  'outputTokens',
  'cachedInputTokens',
  'cacheCreationInputTokens',
  'costNanoUsd',
] as const satisfies readonly (keyof Sums)[]

/** `calls 12 instead of 13, costNanoUsd 5 instead of 7`; null = they are the same. */
export function differenceOf(sums: Sums, expected: Sums): string | null {
  const different = fields.filter((field) => sums[field] !== expected[field])
  return different.length === 0
    ? null
    : different.map((field) => `${field} ${sums[field]} instead of ${expected[field]}`).join(', ')
}
