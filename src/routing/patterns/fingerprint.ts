// What a turn is like, without what it says: its size, what it brings, and short hashes of its words. No text is kept.
import type { Fingerprint } from '../../store/patterns.ts'
import { lastMessageOf } from '../policy/facts.ts'
import type { RouteRequest } from '../route-request.ts'

/** The smallest hashes stand for all: two texts share as large a part of them as of their words. */
const SHINGLES_LIMIT = 64
const WORDS_LIMIT = 2000
/** Shorter words alone say little. */
const LONE_WORD = 4
/** 16 bits: some words of any language share each hash, so that none can be told from it; and chance meetings are few. */
const HASHES = 65_536

/** null = nothing to go by: no words of a user, a body that only its provider understands, or no conversation. */
export function fingerprintOf(request: RouteRequest): Fingerprint | null {
  // The same words are embedded and then asked about: who embeds well, and cheaply, answers nobody.
  if (request.endpoint !== undefined) return null
  const { text, isQuestion, hasHistory } = lastMessageOf(request)
  const words =
    text
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu)
      ?.slice(0, WORDS_LIMIT) ?? []
  const hashes = new Set<number>()
  for (const [index, word] of words.entries()) {
    if (word.length >= LONE_WORD) hashes.add(hashOf(word))
    const next = words[index + 1]
    if (next !== undefined) hashes.add(hashOf(`${word} ${next}`))
  }
  if (hashes.size === 0) return null
  const { estimatedInputTokens, hasTools, hasImages } = request.traits
  return {
    sizeClass: Math.max(0, Math.ceil(Math.log2(Math.max(estimatedInputTokens, 1) / 256) / 2)),
    hasTools,
    hasImages,
    hasHistory,
    isQuestion,
    shingles: [...hashes].sort((a, b) => a - b).slice(0, SHINGLES_LIMIT),
  }
}

/** FNV-1a, its 32 bits folded to 16. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
  return (hash >>> 16) ^ (hash & 0xffff)
}

/** Shared hashes ÷ all hashes (Jaccard), 0 to 1: made for one turn, to be asked of thousands. */
export function similarityTo({ shingles }: Fingerprint): (other: Fingerprint) => number {
  const isOwn = new Uint8Array(HASHES)
  for (const hash of shingles) isOwn[hash] = 1
  return (other) => {
    // Of a list that was cut nothing is known beyond its end.
    const end = Math.min(endOf(shingles), endOf(other.shingles))
    const theirs = countUpTo(other.shingles, end)
    let shared = 0
    for (let index = 0; index < theirs; index += 1) shared += isOwn[other.shingles[index] ?? 0] ?? 0
    const all = theirs + countUpTo(shingles, end) - shared
    return all === 0 ? 0 : shared / all
  }
}

/** Where a list was cut; the whole range where it was not. */
const endOf = (shingles: readonly number[]): number => (shingles.length < SHINGLES_LIMIT ? HASHES : (shingles.at(-1) ?? HASHES))

/** How many of an ascending list are at most `end`. */
function countUpTo(shingles: readonly number[], end: number): number {
  let count = shingles.length
  while (count > 0 && (shingles[count - 1] ?? 0) > end) count -= 1
  return count
}
