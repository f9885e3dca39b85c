// What is on record of one user, over HTTP: all of it for them (`export`), and none of it any more (`forget`).
import { identifier } from '../analytics/filters.ts'
import { InvalidParameter } from '../analytics/invalid-parameter.ts'
import { webRespond } from '../gateway/web-ports.ts'
import { auditEvent, type Author } from '../store/audit.ts'
import { forgetUser, type ForgetParts } from '../store/forget-user.ts'
import { createTurnStatements, eventRowOf } from '../store/turn-statements.ts'
import { readUserData, type UserRecord } from '../store/user-data.ts'
import { requireOwnWrite } from './access.ts'
import { errorAnswer, jsonAnswer } from './answers.ts'
import type { Handler } from './routes.ts'
import type { ForgetAnswer, userOperations } from './user-operations.ts'

export interface UserRoutesParts extends ForgetParts {
  readonly author: Author
}

const encoder = new TextEncoder()
/** A blank line is no record. */
const keepAlive = encoder.encode('\n')
const keepAliveMs = 15_000

/** Of the user whose `id` is in the path. */
export function createUserRoutes(parts: UserRoutesParts): Readonly<Record<keyof typeof userOperations, Handler>> {
  const { storage, queue, clock, newId, author } = parts
  return {
    async export(_, { id: given = '' }) {
      const id = checked(given)
      const records = await readUserData(storage.db, id)
      if (records === null) return errorAnswer(404, 'not_found', 'There is no user of this id.')
      const stamp = { id: newId(), timestampUs: clock.nowUs() }
      const event = auditEvent('analytics.user_exported', { user_id: id, ...author }, stamp)
      await queue.commit([createTurnStatements(storage.db).insertEvent(eventRowOf(event))])
      const headers = {
        'content-type': 'application/x-ndjson; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      }
      return webRespond(200, headers, { chunks: linesOf(records), keepAlive, keepAliveMs, cancel: () => undefined })
    },

    async forget(request, { id: given = '' }) {
      requireOwnWrite(request)
      const { pseudonym, runningTurns, ...counts } = await forgetUser(parts, checked(given), author)
      const answer: ForgetAnswer = { forgotten: pseudonym !== null, pseudonym, ...counts, running_turns: runningTurns }
      return jsonAnswer(200, answer)
    },
  }
}

async function* linesOf(records: AsyncIterable<UserRecord>): AsyncGenerator<Uint8Array> {
  for await (const record of records) yield encoder.encode(`${JSON.stringify(record)}\n`)
}

function checked(id: string): string {
  const read = identifier.safeParse(id)
  if (read.success) return read.data
  throw new InvalidParameter('user', 'must be 1 to 200 letters, digits or any of _ . : / @ -')
}
