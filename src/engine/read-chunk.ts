// A chunk on its way to another wire is read here and not at the door: what cannot be read is the provider's failure, and a reader
// that gives up would look like a client that left.
import type { StreamChunk } from '../ir/stream.ts'

/**
 * The chunk with its events at hand; as it is where its bytes pass.
 * @throws GatewayError upstream_bad_response when it cannot be read
 */
export function readChunk(chunk: StreamChunk): StreamChunk {
  if (chunk.verbatim !== undefined) return chunk
  const events = chunk.events()
  return { meter: chunk.meter, events: () => events }
}
