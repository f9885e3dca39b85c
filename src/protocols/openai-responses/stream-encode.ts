// The stream to a client of this wire: its own bytes untouched, any other wire's events as Responses events. A throw becomes
// `response.failed`: Codex waits for a terminal event.
import { GatewayError } from '../../ir/errors.ts'
import type { StreamChunk } from '../../ir/stream.ts'
import { concatBytes } from '../../lib/bytes.ts'
import { encodeEach } from '../../lib/streams.ts'
import { errorObjectOf } from '../openai/errors.ts'
import type { AnswerContext } from '../protocol.ts'
import { createStreamWriter } from './stream-writer.ts'

const utf8 = new TextEncoder()
const keptBuffers = 4

export function encodeStream(chunks: AsyncIterable<StreamChunk>, answer: AnswerContext): AsyncIterable<Uint8Array> {
  const writer = createStreamWriter(answer)
  /** The last few: comments and line ends come in buffers of their own. */
  const passed: Uint8Array[] = []
  return encodeEach(
    chunks,
    (chunk) => {
      if (chunk.verbatim?.shape !== 'openai-responses') return utf8.encode(writer.write(chunk.events()))
      if (passed.push(chunk.verbatim.bytes) > keptBuffers) passed.shift()
      return chunk.verbatim.bytes
    },
    (error) => {
      const fault =
        error instanceof GatewayError
          ? error
          : new GatewayError('other', 'internal_error', 'the gateway failed', { cause: error })
      if (fault.details.delivered === true) return null
      const { code, type } = errorObjectOf(fault)
      return utf8.encode(writer.fail({ code: String(code ?? type), message: fault.message }, lastNumberIn(passed)))
    },
  )
}

/** The number of the provider's last event: ours comes after it. */
function lastNumberIn(buffers: readonly Uint8Array[]): number | undefined {
  const numbers = [...new TextDecoder().decode(concatBytes(buffers)).matchAll(/"sequence_number"\s*:\s*(\d+)/g)]
  const last = numbers.at(-1)?.[1]
  return last === undefined ? undefined : Number(last)
}
