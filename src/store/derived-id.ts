// Ids that are derived instead of drawn: whoever makes the row again makes the same row.
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { createUlidAt } from '../lib/ids.ts'

/** The ULID of `text` at a time in ms. */
export function derivedId(ms: number, text: string): string {
  return createUlidAt(Math.floor(ms), sha256(utf8ToBytes(text)))
}
