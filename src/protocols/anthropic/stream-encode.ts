// Events of the IR as a Messages stream, for a client of this wire; bytes that are of this wire already pass untouched.
import { GatewayError } from '../../ir/errors.ts'
import type { StreamChunk } from '../../ir/stream.ts'
import { createFrameTracker, encodeSse } from '../../lib/sse.ts'
import type { AnswerContext } from '../protocol.ts'
import { encodeError } from './errors.ts'
import { createStreamWriter } from './stream-writer.ts'

export const keepAlive: Uint8Array = new TextEncoder().encode(encodeSse('ping', JSON.stringify({ type: 'ping' })))

export async function* encodeStream(chunks: AsyncIterable<StreamChunk>, answer: AnswerContext): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  const writer = createStreamWriter(answer)
  const frames = createFrameTracker()
  try {
    for await (const chunk of chunks) {
      const bytes = chunk.verbatim?.shape === 'anthropic' ? chunk.verbatim.bytes : encoder.encode(writer.write(chunk.events()))
      if (bytes.length === 0) continue
      frames.add(bytes)
      yield bytes
    }
  } catch (error) {
    if (error instanceof GatewayError && error.details.delivered === true) return
    const known = error instanceof GatewayError ? error : defect(error)
    // A frame that was cut must end first, or ours would become a part of it.
    yield encoder.encode((frames.between ? '' : '\n\n') + encodeSse('error', encodeError(known, answer.turnId).body))
  }
}

function defect(cause: unknown): GatewayError {
  return new GatewayError('other', 'internal_error', 'The gateway failed while it passed this answer on.', { cause })
}
