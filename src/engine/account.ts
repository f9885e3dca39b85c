// The lines the product stands on: an answer passes through, is tallied, and its turn is closed at its end, whichever end:
// complete, failed, cancelled, in one place.
import { GatewayError } from '../ir/errors.ts'
import type { StreamChunk } from '../ir/stream.ts'
import { asGatewayError } from '../providers/failures.ts'
import type { Turn, TurnEnd } from './turn.ts'

/** @throws GatewayError when the answer breaks */
export async function* account(turn: Turn, chunks: AsyncIterable<StreamChunk>, signal: AbortSignal): AsyncGenerator<StreamChunk> {
  // Unless the loop says otherwise, the reader went away.
  let end: TurnEnd = 'cancelled'
  try {
    for await (const chunk of chunks) {
      turn.tally.add(chunk.meter)
      turn.firstByte()
      if (!chunk.meter.ended) {
        yield chunk
        continue
      }
      const last = readable(chunk)
      // On disk before the client sees the end, and the end is not for a client whose turn was closed otherwise meanwhile.
      if ((await turn.close('ok')) !== 'ok') signal.throwIfAborted()
      yield last
    }
    end = 'ok'
  } catch (thrown) {
    if (signal.aborted) throw signal.reason instanceof GatewayError ? signal.reason : thrown
    const error = asGatewayError(thrown)
    await turn.close('failed', error)
    throw error
  } finally {
    await turn.close(end)
  }
}

/** Across wires an answer is only whole when its last chunk can be read: that is found out before the turn is closed. */
function readable(chunk: StreamChunk): StreamChunk {
  if (chunk.verbatim !== undefined) return chunk
  const events = chunk.events()
  return { meter: chunk.meter, events: () => events }
}
