// Names and ids that one vendor allows and another refuses, made fit: deterministic, so that pairs stay linked over turns
// without any state (translation.md §2, "tool name" and "tool ids").
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

const HASH_LENGTH = 8

/** Eight hex digits of SHA-256. */
export function shortHash(text: string): string {
  return sha256Hex(text).slice(0, HASH_LENGTH)
}

/** Lower-case hex. Synchronous everywhere; a runtime's own is faster (services.ts, `hash`). */
export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

/** `[a-zA-Z0-9_-]`, at most `maxLength`: unchanged when it already is, else its first characters and a hash of the whole. */
export function safeToolName(name: string, maxLength: number): string {
  if (name.length <= maxLength && isPlain(name)) return name
  const kept = Math.min(55, maxLength - HASH_LENGTH - 1)
  return `${plain(name).slice(0, kept)}_${shortHash(name)}`
}

/** As `safeToolName`, but keeps as much of the id as fits. */
export function safeToolId(id: string, maxLength: number): string {
  if (id.length <= maxLength && isPlain(id)) return id
  return `${plain(id).slice(0, maxLength - HASH_LENGTH - 1)}_${shortHash(id)}`
}

function isPlain(text: string): boolean {
  return /^[a-zA-Z0-9_-]+$/.test(text)
}

function plain(text: string): string {
  return text.replace(/[^a-zA-Z0-9_-]/g, '_')
}
