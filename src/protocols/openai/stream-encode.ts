// The stream to a client of this wire: its own bytes untouched, any other wire's events as `chat.completion.chunk` frames
// (translation.md §4, A->O). One buffer out for each chunk in.
import { GatewayError } from '../../ir/errors.ts'
import type { StreamChunk } from '../../ir/stream.ts'
import { encodeSse } from '../../lib/sse.ts'
import { encodeEach } from '../../lib/streams.ts'
import type { AnswerContext } from '../protocol.ts'
import { createChunkEncoder } from './chunk-encoder.ts'
import { errorObjectOf } from './errors.ts'

const utf8 = new TextEncoder()

export const keepAlive = utf8.encode(': ping\n\n')

/** A throw becomes an error frame and the end without `[DONE]`, unless the client has the provider's own error frame already. */
export function encodeStream(chunks: AsyncIterable<StreamChunk>, answer: AnswerContext): AsyncIterable<Uint8Array> {
  const encoder = createChunkEncoder(answer)
  return encodeEach(
    chunks,
    (chunk) => (chunk.verbatim?.shape === 'openai' ? chunk.verbatim.bytes : utf8.encode(encoder.encode(chunk.events()))),
    (error) => {
      const fault =
        error instanceof GatewayError
          ? error
          : new GatewayError('other', 'internal_error', 'the gateway failed', { cause: error })
      if (fault.details.delivered === true) return null
      return utf8.encode(encodeSse(null, JSON.stringify({ error: errorObjectOf(fault) })))
    },
  )
}
