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

function invalidJson(message: string): GatewayError {
  return new GatewayError('invalid_request', 'invalid_json', message)
}
