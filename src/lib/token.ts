// Gateway tokens (reliability.md §5): `gw_`, the key's ULID, 130 random bits, and a checksum that refuses typing errors and
// scanners' false finds before any look-up.
import { crc32 } from './crc32.ts'
import { encodeCrockford } from './crockford.ts'

const secretLength = 26
const ulidLength = 26
const pattern = /^gw_[0-7][0-9A-HJKMNP-TV-Z]{51}[0-9A-Za-z]{6}$/
const base62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'

/** What `createToken` needs of a CSPRNG: 130 bits. */
export const TOKEN_RANDOM_BYTES = 17

/**
 * `randomBytes`: at least TOKEN_RANDOM_BYTES of a CSPRNG.
 * @throws RangeError when they are fewer, or the ULID is none
 */
export function createToken(ulid: string, randomBytes: Uint8Array): string {
  const body = `gw_${ulid}${encodeCrockford(randomBytes, secretLength)}`
  const token = body + checksumOf(body)
  if (!pattern.test(token)) throw new RangeError('not a ULID')
  return token
}

/** null when the shape or the checksum is wrong; a key id says nothing yet about the key. Takes any text, however long. */
export function parseToken(text: string): { readonly keyId: string } | null {
  if (!pattern.test(text)) return null
  const body = text.slice(0, -6)
  return text.slice(-6) === checksumOf(body) ? { keyId: keyIdOf(body.slice(3, 3 + ulidLength)) } : null
}

/** `gk_` and the ULID that the token carries. */
export function keyIdOf(ulid: string): string {
  return `gk_${ulid}`
}

/** The time depends on the length of `a` alone, which is no secret where hashes are compared. */
export function constantTimeEqual(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  // Past the end of `b`, charCodeAt gives NaN, which counts as 0: the length has already told.
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i)
  return difference === 0
}

function checksumOf(body: string): string {
  let rest = crc32(body)
  let text = ''
  for (let i = 0; i < 6; i++) {
    text = (base62[rest % 62] ?? '') + text
    rest = Math.floor(rest / 62)
  }
  return text
}
