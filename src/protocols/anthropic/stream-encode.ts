// Events of the IR as a Messages stream, for a client of this wire; bytes that are of this wire already pass untouched.
import { GatewayError } from '../../ir/errors.ts'
import type { StreamChunk } from '../../ir/stream.ts'
import { createFrameTracker, encodeSse } from '../../lib/sse.ts'
import { encodeEach } from '../../lib/streams.ts'
import type { AnswerContext } from '../protocol.ts'
import { encodeError } from './errors.ts'
import { createStreamWriter } from './stream-writer.ts'

export const keepAlive: Uint8Array = new TextEncoder().encode(encodeSse('ping', JSON.stringify({ type: 'ping' })))

export function encodeStream(chunks: AsyncIterable<StreamChunk>, answer: AnswerContext): AsyncIterable<Uint8Array> {
  const encoder = new TextEncoder()
  const writer = createStreamWriter(answer)
  const frames = createFrameTracker()
  return encodeEach(
    chunks,
    (chunk) => {
      const bytes = chunk.verbatim?.shape === 'anthropic' ? chunk.verbatim.bytes : encoder.encode(writer.write(chunk.events()))
      frames.add(bytes)
      return bytes
    },
    (error) => {
      if (error instanceof GatewayError && error.details.delivered === true) return null
      const known = error instanceof GatewayError ? error : defect(error)
      // A frame that was cut must end first, or ours would become a part of it.
      return encoder.encode((frames.between ? '' : '\n\n') + encodeSse('error', encodeError(known, `req_${answer.turnId}`).body))
    },
  )
}

function defect(cause: unknown): GatewayError {
  return new GatewayError('other', 'internal_error', 'The gateway failed while it passed this answer on.', { cause })
}
