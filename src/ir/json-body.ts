// A request's body as JSON, or the 400 that says why not (reliability.md §4).
import { GatewayError } from './errors.ts'

// A byte order mark stays, and JSON.parse refuses it: `scanJson` finds no object behind one, so a body that was parsed without
// it would have passed the checks of depth and of keys given twice unseen.
const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** @throws GatewayError invalid_json; nothing of the body is in its message */
export function parseJsonBytes(bytes: Uint8Array): unknown {
  if (bytes.byteLength === 0) throw invalidJson('The request body is empty; send a JSON object.')
  let text: string
  try {
    text = strictDecoder.decode(bytes)
  } catch {
    throw invalidJson('The request body is not UTF-8.')
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1]
    throw invalidJson(
      position === undefined ? 'The request body is not JSON.' : `The request body is not JSON (at character ${position}).`,
    )
  }
}

/** A body's bytes as text of one character a byte (a native copy where the runtime has one); null = they are not UTF-8. */
export type ByteText = (bytes: Uint8Array) => string | null

/**
 * The body for those who ask after its structure: with `byteText`, strings beyond ASCII hold one character for each of their bytes.
 * Decoding UTF-8 is most of what parsing a long history costs (performance.md, "What follows" 3).
 * @throws GatewayError invalid_json
 */
export function parseJsonShape(bytes: Uint8Array, byteText: ByteText | undefined): unknown {
  const text = byteText?.(bytes) ?? null
  if (text === null) return parseJsonBytes(bytes)
  try {
    return JSON.parse(text)
  } catch {
    // For its message, which counts characters.
    return parseJsonBytes(bytes)
  }
}

/** True for what `parseJsonShape` can have read otherwise than it was written. */
export function isBeyondAscii(value: unknown): boolean {
  return typeof value === 'string' && /[^\x20-\x7e]/.test(value)
}

function invalidJson(message: string): GatewayError {
  return new GatewayError('invalid_request', 'invalid_json', message)
}
