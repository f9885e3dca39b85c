// What was asked and answered, of keys that were issued with `log_messages` and of no other: beside the trace, without what looks
// like a credential, and never in the way of an answer.
import type { Clock, Logger } from '../services.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Storage } from './storage.ts'

export interface MessageLog {
  /** Of a turn that was answered. Nobody waits for it: what the store cannot take is lost, and a line in the log says so. */
  write(turnId: string, request: string, answer: string): void
}

export interface MessageLogParts {
  readonly storage: Storage
  readonly queue: Pick<CommitQueue, 'commit'>
  readonly clock: Clock
  readonly logger: Logger
  /** Strips secrets. */
  readonly redact: (text: string) => string
}

/** Characters of each of the two: a row of D1 holds two million bytes. */
const textLimit = 256 * 1024
/** Of all that waits for the store: the queue counts turns, whose rows are small. */
const waitingLimit = 16 * 1024 * 1024

export function createMessageLog({ storage, queue, clock, logger, redact }: MessageLogParts): MessageLog {
  const clean = (text: string): string => {
    const bare = redact(text.replaceAll(binary, '"[left out]"'))
    return bare.length <= textLimit ? bare : `${bare.slice(0, textLimit)}[cut]`
  }
  const lose = (turnId: string, why: string): void =>
    logger.log('warn', 'the messages of a turn could not be kept', { turn_id: turnId, error: why })
  let waiting = 0
  return {
    write(turnId, request, answer) {
      const row = { turn_id: turnId, created_us: clock.nowUs(), request_text: clean(request), answer_text: clean(answer) }
      const size = row.request_text.length + row.answer_text.length
      if (waiting + size > waitingLimit) {
        lose(turnId, 'too much waits for the store')
        return
      }
      waiting += size
      const insert = storage.db
        .insertInto('turn_messages')
        .values(row)
        .onConflict((conflict) => conflict.doNothing())
      queue
        .commit([insert.compile()])
        .catch((error: unknown) => lose(turnId, String(error)))
        .finally(() => {
          waiting -= size
        })
    },
  }
}

/** Images and files, as both vendors' wires carry them. */
const binary = /"(?:data:[\w.+/-]{1,100};base64,)?[A-Za-z0-9+/_-]{4096,}={0,2}"/g
