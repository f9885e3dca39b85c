// ULIDs. One monotonic factory a process: ids rise even when the clock goes back.
import { decodeTime, encodeTime, monotonicFactory } from 'ulidx'

const TIME_LENGTH = 10
const RANDOM_LENGTH = 16
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/** @param seed an id that all new ones must be above, such as the highest in the database */
export function createIdFactory(nowMs: () => number, seed?: string): () => string {
  const next = monotonicFactory()
  if (seed !== undefined && isUlid(seed)) next(decodeTime(seed) + 1)
  return () => next(Math.floor(nowMs()))
}

/** A ULID of a given time and randomness (16 bytes, five bits of each are used): for ids that are derived, not drawn. */
export function createUlidAt(ms: number, random: Uint8Array): string {
  let text = encodeTime(ms, TIME_LENGTH)
  for (let index = 0; index < RANDOM_LENGTH; index += 1) text += CROCKFORD.charAt((random[index] ?? 0) & 31)
  return text
}

export function isUlid(text: string): boolean {
  return /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(text)
}
