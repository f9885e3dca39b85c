// A turn of a session as server-sent events: `turn`, then `text` and `thinking` as they come, then `done` or `error`.
import type { SessionTurn } from '../engine/sessions.ts'
import { asGatewayError } from '../providers/failures.ts'
import type { Services } from '../services.ts'
import { errorBody } from './answers.ts'
import { turnJson } from './session-answers.ts'

const encoder = new TextEncoder()
const keepAlive = encoder.encode(': still here\n\n')

export function streamTurn(
  sessionId: string,
  turn: SessionTurn,
  services: Pick<Services, 'config' | 'respond' | 'logger'>,
): Response {
  const headers = {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
    'x-metis-turn-id': turn.turnId,
    'x-metis-model': turn.model,
  }
  const chunks = framesOf(sessionId, turn, services)
  return services.respond(200, headers, { chunks, keepAlive, keepAliveMs: services.config.keepAliveMs, cancel: turn.cancel })
}

async function* framesOf(sessionId: string, turn: SessionTurn, { logger }: Pick<Services, 'logger'>): AsyncGenerator<Uint8Array> {
  yield frame('turn', { id: turn.turnId, session_id: sessionId, model: turn.model })
  try {
    for await (const event of turn.events) {
      if (event.type === 'finished') yield frame('done', turnJson(sessionId, turn.turnId, event.answer))
      else yield frame(event.type, { text: event.text })
    }
  } catch (thrown) {
    const error = asGatewayError(thrown)
    if (error.code === 'internal_error') {
      logger.log('error', 'a defect in a session', { turn_id: turn.turnId, cause: String(error.details.cause) })
    }
    yield frame('error', errorBody(error))
  }
}

function frame(event: string, data: object): Uint8Array {
  return encoder.encode(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
}
