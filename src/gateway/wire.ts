// One inbound wire, as a door speaks it.
import type { ServerProtocol } from '../protocols/protocol.ts'
import type { Shape } from '../ir/stream.ts'

export interface Wire {
  readonly shape: Shape
  readonly server: ServerProtocol
  /** The header this wire's clients read a request's id from. */
  readonly requestIdHeader: 'request-id' | 'x-request-id'
}
