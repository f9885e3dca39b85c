// Crockford's base 32: no I, L, O, U. What ULIDs and tokens are written in.

export const crockfordAlphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'

/**
 * The first `length` × 5 bits of the bytes, highest first.
 * @throws RangeError when there are fewer bits
 */
export function encodeCrockford(bytes: Uint8Array, length: number): string {
  if (bytes.length * 8 < length * 5) throw new RangeError(`${length} characters need ${Math.ceil((length * 5) / 8)} bytes`)
  let text = ''
  let bits = 0
  let held = 0
  let at = 0
  while (text.length < length) {
    if (held < 5) {
      bits = ((bits << 8) | (bytes[at] ?? 0)) & 0xfff
      at++
      held += 8
    }
    held -= 5
    text += crockfordAlphabet[(bits >> held) & 31]
  }
  return text
}
