// Names and ids that another vendor takes: the same input always gives the same output, so that pairs stay linked over a
// whole conversation without any state.
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** 8 hex digits of the SHA-256 of the UTF-8 text. For telling names apart, not for secrets. */
export function shortHash(text: string): string {
  return sha256Hex(text).slice(0, 8)
}

/** Lower-case hex. Synchronous everywhere; a runtime's own is faster (services.ts, `hash`). */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

const allowed = /^[a-zA-Z0-9_-]+$/
const hashTail = 9
const keptOfName = 55

/** Unchanged when it fits; else its first 55 characters, `_` and a hash. The caller keeps the table that maps it back. */
export function safeToolName(name: string, maxLength: number): string {
  if (fits(name, maxLength)) return name
  return withHash(name, Math.min(keptOfName, maxLength - hashTail))
}

/** Unchanged when it fits; else as much of it as fits, `_` and a hash. */
export function safeToolId(id: string, maxLength: number): string {
  if (fits(id, maxLength)) return id
  return withHash(id, maxLength - hashTail)
}

function fits(text: string, maxLength: number): boolean {
  return text.length <= maxLength && allowed.test(text)
}

function withHash(text: string, kept: number): string {
  return `${text.replaceAll(/[^a-zA-Z0-9_-]/gu, '_').slice(0, kept)}_${shortHash(text)}`
}
