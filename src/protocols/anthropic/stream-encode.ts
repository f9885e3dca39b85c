// Events of the IR as a Messages stream, for a client of this wire; bytes that are of this wire already pass untouched.
import { GatewayError } from '../../ir/errors.ts'
import type { StreamChunk } from '../../ir/stream.ts'
import { encodeSse } from '../../lib/sse.ts'
import type { AnswerContext } from '../protocol.ts'
import { encodeError } from './errors.ts'
import { createStreamWriter } from './stream-writer.ts'

export const keepAlive: Uint8Array = new TextEncoder().encode(encodeSse('ping', JSON.stringify({ type: 'ping' })))

export async function* encodeStream(chunks: AsyncIterable<StreamChunk>, answer: AnswerContext): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  const writer = createStreamWriter(answer)
  let atBoundary = true
  try {
    for await (const chunk of chunks) {
      if (chunk.verbatim?.shape === 'anthropic') {
        const { bytes } = chunk.verbatim
        if (bytes.length === 0) continue
        atBoundary = endsFrame(bytes)
        yield bytes
        continue
      }
      const text = writer.write(chunk.events())
      if (text !== '') yield encoder.encode(text)
    }
  } catch (error) {
    if (error instanceof GatewayError && error.details.delivered === true) return
    const known = error instanceof GatewayError ? error : defect(error)
    // A frame that was cut must end first, or ours would become a part of it.
    yield encoder.encode((atBoundary ? '' : '\n\n') + encodeSse('error', encodeError(known, answer.turnId).body))
  }
}

/** False when in doubt: an empty line too many means nothing. */
function endsFrame(bytes: Uint8Array): boolean {
  return bytes.at(-1) === lineFeed && (bytes.at(-2) === lineFeed || bytes.at(-3) === lineFeed)
}

const lineFeed = 0x0a

function defect(cause: unknown): GatewayError {
  return new GatewayError('other', 'internal_error', 'The gateway failed while it passed this answer on.', { cause })
}
