// What a session refuses by itself: no request of a client's wire ever meets these, so they have no place in its tables.

const statusByCode = { session_not_found: 404, turn_not_found: 404, turn_in_flight: 409, no_turn_in_flight: 409 } as const

export class SessionError extends Error {
  readonly code: keyof typeof statusByCode

  constructor(code: keyof typeof statusByCode, message: string) {
    super(message)
    this.name = 'SessionError'
    this.code = code
  }

  get status(): number {
    return statusByCode[this.code]
  }
}

export function sessionNotFound(id: string): SessionError {
  return new SessionError('session_not_found', `There is no session "${id.slice(0, 60)}".`)
}

export function turnInFlight(id: string): SessionError {
  return new SessionError('turn_in_flight', `A turn of the session "${id}" is running; wait for it or cancel it.`)
}

export function noTurnInFlight(): SessionError {
  return new SessionError('no_turn_in_flight', 'No turn of this session is running.')
}

export function turnNotFound(id: string): SessionError {
  return new SessionError('turn_not_found', `No call of a turn "${id.slice(0, 60)}" is on record.`)
}
