// A count of tokens when nobody has counted them (translation.md §6).

/** UTF-8 bytes (or UTF-16 units of mostly ASCII text) per token, averaged over prose and code. */
const BYTES_PER_TOKEN = 3.6

export function estimateTokens(bytes: number): number {
  return Math.ceil(bytes / BYTES_PER_TOKEN)
}
