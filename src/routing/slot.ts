// A slot of the routing chain: one policy that may propose a model. A new one is a file in slots/ and a line in its index.
import type { Config } from '../config/schema.ts'
import type { Principal } from '../ir/principal.ts'
import type { RequestTraits } from '../ir/request.ts'
import type { Shape } from '../ir/stream.ts'
import type { ChainEntry } from '../store/events.ts'

export interface RouteRequest {
  /** As the client wrote it; '' when absent. */
  readonly requestedModel: string
  readonly shape: Shape
  readonly principal: Principal
  readonly traits: RequestTraits
}

/** What a slot proposes: a model's name as written somewhere, or nothing. */
export type Proposal = { readonly model: string; readonly reason: string } | { readonly model: null; readonly reason: string }

export interface Slot {
  readonly policy: ChainEntry['policy']
  propose(request: RouteRequest, config: Config): Proposal
}
