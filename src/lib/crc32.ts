// CRC-32 (IEEE 802.3, reflected), as in gzip: the checksum in a token's tail.

const table = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value
})

/** Of ASCII text; unsigned. */
export function crc32(text: string): number {
  let crc = 0xffffffff
  for (let i = 0; i < text.length; i++) crc = (crc >>> 8) ^ (table[(crc ^ text.charCodeAt(i)) & 255] ?? 0)
  return (crc ^ 0xffffffff) >>> 0
}
