// What the engine itself tells a client, beside what routing, limits and providers do.
import { GatewayError } from '../ir/errors.ts'

const SOON_MS = 1000

export function shuttingDown(): GatewayError {
  return new GatewayError('overloaded', 'shutting_down', 'The gateway is shutting down; try again in a moment.', {
    retryAfterMs: SOON_MS,
  })
}

export function tooManyTurns(): GatewayError {
  return new GatewayError('overloaded', 'overloaded', 'The gateway is at its limit of running turns; try again in a second.', {
    retryAfterMs: SOON_MS,
  })
}

/** Nobody reads it: it ends what runs behind the client's back. */
export function clientGone(): GatewayError {
  return new GatewayError('CANCELLED', 'client_closed_request', 'The client left before its answer was complete.')
}
