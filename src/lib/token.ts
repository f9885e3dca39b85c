// Gateway tokens (reliability.md §5): `gw_` + ULID + 26 characters of Crockford base32 from the CSPRNG (130 bits) + 6 characters
// of base62 CRC-32, so that scanners can tell a real one without a look-up.

const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const SECRET_LENGTH = 26
const CHECKSUM_LENGTH = 6
const SHAPE = /^gw_([0-7][0-9A-HJKMNP-TV-Z]{25})[0-9A-HJKMNP-TV-Z]{26}[0-9A-Za-z]{6}$/

/** What `createToken` needs of randomness: one byte a character. */
export const TOKEN_RANDOM_BYTES = SECRET_LENGTH

/** @param random at least TOKEN_RANDOM_BYTES bytes of a CSPRNG; five bits of each are used */
export function createToken(ulid: string, random: Uint8Array): string {
  if (random.byteLength < SECRET_LENGTH) throw new RangeError(`a token needs ${SECRET_LENGTH} random bytes`)
  let secret = ''
  for (let index = 0; index < SECRET_LENGTH; index += 1) secret += CROCKFORD.charAt((random[index] ?? 0) & 31)
  const body = `gw_${ulid}${secret}`
  return body + checksumOf(body)
}

/** The key's id when shape and checksum are right; says nothing about whether such a key exists. */
export function parseToken(text: string): { readonly keyId: string } | null {
  const ulid = SHAPE.exec(text)?.[1]
  if (ulid === undefined) return null
  const body = text.slice(0, -CHECKSUM_LENGTH)
  return checksumOf(body) === text.slice(-CHECKSUM_LENGTH) ? { keyId: `gk_${ulid}` } : null
}

/** Takes the same time wherever two texts of one length differ. */
export function constantTimeEqual(left: string, right: string): boolean {
  let difference = left.length ^ right.length
  for (let index = 0; index < left.length; index += 1)
    difference |= left.charCodeAt(index) ^ right.charCodeAt(index % (right.length || 1))
  return difference === 0
}

function checksumOf(text: string): string {
  let value = crc32(text)
  let digits = ''
  for (let index = 0; index < CHECKSUM_LENGTH; index += 1) {
    digits = BASE62.charAt(value % 62) + digits
    value = Math.floor(value / 62)
  }
  return digits
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value >>> 0
})

/** CRC-32 (IEEE 802.3) of ASCII text, unsigned. */
function crc32(text: string): number {
  let crc = 0xffffffff
  for (let index = 0; index < text.length; index += 1) crc = (crc >>> 8) ^ (crcTable[(crc ^ text.charCodeAt(index)) & 255] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}
