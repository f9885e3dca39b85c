// The guess at a number of tokens where nobody counted (translation.md §6).

// A guess to be measured: UTF-8 bytes of English prose and JSON per token of o200k.
const bytesPerToken = 3.6

/** From characters or UTF-8 bytes, whichever is at hand: for English they are nearly the same. */
export function estimateTokens(length: number): number {
  return Math.ceil(length / bytesPerToken)
}
