// ULIDs from one factory per process. They rise strictly, whatever the wall clock does: within a turn the order of the
// events' ids is the order in which things happened.
import { crockfordAlphabet } from './crockford.ts'

const timeLength = 10
const randomLength = 16
const pattern = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/

/**
 * `nowMs` is the wall clock in ms since 1970. `seed` is the highest id on record: every id is above it.
 * @throws RangeError for a seed that is not a ULID
 */
export function createIdFactory(nowMs: () => number, seed?: string): () => string {
  if (seed !== undefined && !isUlid(seed)) throw new RangeError('the seed is not a ULID')
  let lastMs = seed === undefined ? -1 : ulidTimeMs(seed)
  let time = seed === undefined ? '' : seed.slice(0, timeLength)
  const random = new Uint8Array(randomLength)
  // Drawn for many ids at once: a call into the generator costs 3 µs, whatever it brings.
  const pool = new Uint8Array(randomLength * 64)
  let drawn = pool.length
  if (seed !== undefined) random.set(Array.from(seed.slice(timeLength), digitOf))

  const moveTo = (ms: number): void => {
    lastMs = ms
    time = encodeTime(ms)
    if (drawn === pool.length) {
      crypto.getRandomValues(pool)
      drawn = 0
    }
    for (let i = 0; i < randomLength; i++) random[i] = (pool[drawn++] ?? 0) & 31
    // Leaves at least 2^79 ids for this millisecond.
    random[0] = (random[0] ?? 0) & 15
  }

  return () => {
    const ms = Math.floor(nowMs())
    if (ms > lastMs) moveTo(ms)
    else if (!increment(random)) moveTo(lastMs + 1)
    let id = time
    for (const digit of random) id += crockfordAlphabet[digit]
    return id
  }
}

/** A ULID made of a time and 16 bytes, of which the low five bits count: for ids that must come out the same again. */
export function createUlidAt(ms: number, random: Uint8Array): string {
  if (random.length < randomLength) throw new RangeError(`a ULID needs ${randomLength} bytes`)
  let id = encodeTime(Math.floor(ms))
  for (const byte of random.subarray(0, randomLength)) id += crockfordAlphabet[byte & 31]
  return id
}

/** The same ULID at another time. */
export const ulidAt = (ms: number, ulid: string): string => encodeTime(Math.floor(ms)) + ulid.slice(timeLength)

/** The lowest ULID of a moment: ids of what came later are above it. */
export const firstUlidAt = (ms: number): string => createUlidAt(ms, new Uint8Array(randomLength))

/** Upper case only, as we write them. */
export function isUlid(text: string): boolean {
  return pattern.test(text)
}

/** False when all digits were at their highest. */
function increment(digits: Uint8Array): boolean {
  for (let i = digits.length - 1; i >= 0; i--) {
    const digit = digits[i] ?? 0
    if (digit < 31) {
      digits[i] = digit + 1
      return true
    }
    digits[i] = 0
  }
  return false
}

function encodeTime(ms: number): string {
  if (!(ms >= 0 && ms < 2 ** 48)) throw new RangeError(`${ms} is no time that a ULID can hold`)
  let rest = ms
  let text = ''
  for (let i = 0; i < timeLength; i++) {
    text = (crockfordAlphabet[rest % 32] ?? '') + text
    rest = Math.floor(rest / 32)
  }
  return text
}

/** The 128 bits that it is, as 32 hex digits. */
export function ulidHex(ulid: string): string {
  let bits = 0n
  for (const character of ulid) bits = (bits << 5n) | BigInt(digitOf(character))
  return bits.toString(16).padStart(32, '0')
}

/** ms since 1970. */
export function ulidTimeMs(ulid: string): number {
  let ms = 0
  for (const character of ulid.slice(0, timeLength)) ms = ms * 32 + digitOf(character)
  return ms
}

function digitOf(character: string): number {
  return crockfordAlphabet.indexOf(character)
}
