// What routing is asked: a request, whose it is, and what it says of itself.
import type { Principal } from '../ir/principal.ts'
import type { LanguageModelRequest, RequestContent, RequestTraits } from '../ir/request.ts'
import type { Shape } from '../ir/stream.ts'

export interface RouteRequest {
  /** As the client wrote it; '' when absent. */
  readonly requestedModel: string
  readonly shape: Shape
  readonly principal: Principal
  readonly traits: RequestTraits
  /** Absent = a conversation. */
  readonly endpoint?: LanguageModelRequest['endpoint']
  /** Of the request, beside those of the key. */
  readonly tags: Readonly<Record<string, string>>
  /** The session's model; null = none, or no session. */
  readonly stickyModel: string | null
  /** A request without a model leaves the choice to the gateway, as `metis://auto` does: the agent surface. */
  readonly delegates: boolean
  /** @throws GatewayError for a body that only its own provider may understand */
  content(): RequestContent
}
