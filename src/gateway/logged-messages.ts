// The answer of a key with `log_messages`, written down while it passes: its client gets it as it gets any other.
import type { LanguageModelRequest } from '../ir/request.ts'
import { foldEvents } from '../ir/response.ts'
import type { StreamChunk, StreamEvent } from '../ir/stream.ts'
import type { MessageLog } from '../store/message-log.ts'

/** What of one answer is held in memory until its end. */
const heldCharacters = 1024 * 1024

/** Ends as `chunks` ends; what came until then is kept, however it ended. */
export async function* loggedMessages(
  chunks: AsyncIterable<StreamChunk>,
  request: LanguageModelRequest,
  turnId: string,
  messages: MessageLog,
): AsyncGenerator<StreamChunk> {
  const events: StreamEvent[] = []
  let held = 0
  try {
    for await (const chunk of chunks) {
      if (held < heldCharacters) {
        const read = eventsOf(chunk)
        events.push(...read)
        held += read.reduce((sum, event) => sum + ('text' in event ? event.text.length : 0), 0)
      }
      yield chunk
    }
  } finally {
    messages.write(turnId, new TextDecoder().decode(request.source.bytes), answerOf(events))
  }
}

/** What cannot be put together must not break an answer that was given. */
function answerOf(events: readonly StreamEvent[]): string {
  try {
    return JSON.stringify(foldEvents(events).parts)
  } catch {
    return '[]'
  }
}

/** A chunk of the client's own wire need not be one that we can read. */
function eventsOf(chunk: StreamChunk): readonly StreamEvent[] {
  try {
    return chunk.events()
  } catch {
    return []
  }
}
