// A slot of the routing chain: one policy that may propose a model. A new one is a file in slots/ and a line in its index.
import type { ChainEntry } from '../store/events.ts'
import type { RouteRequest } from './route-request.ts'
import type { RoutingTables } from './tables.ts'

/** What a slot proposes: a model's name as written somewhere, or nothing. */
export type Proposal =
  | { readonly model: string; readonly reason: string; readonly ruleName?: string }
  | { readonly model: null; readonly reason: string }

export interface Slot {
  readonly policy: ChainEntry['policy']
  propose(request: RouteRequest, tables: RoutingTables): Proposal
}
