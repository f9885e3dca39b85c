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
      // On disk before the client sees the end.
      if (chunk.meter.ended) await turn.close('ok')
      yield chunk
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
