// A turn as the engine is asked for it, by a door, a session or the chat.
import type { Attribution, Principal } from '../ir/principal.ts'
import type { LanguageModelRequest } from '../ir/request.ts'
import type { Shape } from '../ir/stream.ts'
import type { TraceParent } from '../lib/trace-parent.ts'
import type { RouteRequest } from '../routing/route-request.ts'
import type { SessionWork } from '../services.ts'

export interface TurnRequest {
  readonly request: LanguageModelRequest
  readonly principal: Principal
  readonly attribution: Attribution
  /** What the client works on, where that is still being looked up: it comes into the call's row if it comes before the end. */
  readonly work?: Promise<SessionWork | null> | undefined
  /** null for the agent surface. */
  readonly inboundShape: Shape | null
  /** The model of the whole session, where there is one. */
  readonly stickyModel?: string | null
  /** ULID. */
  readonly turnId: string
  /** The client's own span, where spans are sent. */
  readonly traceParent?: TraceParent | undefined
  /** Monotonic ms at which the request arrived. */
  readonly receivedMs: number
  /** Calls back when the client goes away, at once when it already has. */
  readonly onClientGone: (gone: () => void) => void
}

/** What routing is asked about it. */
export function questionOf({ request, principal, attribution, inboundShape, stickyModel = null }: TurnRequest): RouteRequest {
  return {
    requestedModel: request.model,
    shape: request.shape,
    principal,
    traits: request.traits,
    ...(request.endpoint === undefined ? {} : { endpoint: request.endpoint }),
    tags: attribution.tags,
    stickyModel,
    delegates: inboundShape === null,
    content: () => request.content(),
  }
}

/** Clients make up the ids of their sessions: they tell those of one key apart. */
export function sessionOf({ principal, attribution }: TurnRequest): string | null {
  return attribution.clientSessionId === null ? null : `${principal.keyId}/${attribution.clientSessionId}`
}
