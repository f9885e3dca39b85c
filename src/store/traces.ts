// Where a turn goes on record: T1 and T2 of reliability.md §1, each one atomic unit through the commit queue.
import type { TraceEvent, TurnEvent } from './events.ts'

/** T1: what is committed before the upstream call starts. */
export interface TurnOpened {
  readonly turnId: string
  readonly route: TurnEvent & { readonly type: 'route.decided' }
  readonly provider: string
  /** Canonical id. */
  readonly model: string
  readonly requestedModel: string
  readonly stream: boolean
  readonly startedUs: number
  /** For the cost of a turn that a crash interrupts. */
  readonly estimatedInputTokens: number
  readonly pricingVersion: string
}

/** T2: what is committed before the client sees the end. A refused turn has no `call`. */
export interface TurnClosed {
  readonly turnId: string
  readonly call: (TurnEvent & { readonly type: 'llm.call_completed' | 'llm.call_failed' }) | null
  /** Integer nano-USD of the call, null = unpriced. The payload's `cost_usd` is this number printed. */
  readonly costNanoUsd: number | null
  readonly turn: TurnEvent & { readonly type: 'turn.completed' }
}

export interface TraceStore {
  /** @throws GatewayError store_unavailable when T1 could not be committed within its deadline */
  openTurn(opened: TurnOpened): Promise<void>
  /** A turn that never went upstream: route.decided and turn.completed in one unit. */
  refuseTurn(
    route: TurnEvent & { readonly type: 'route.decided' },
    turn: TurnEvent & { readonly type: 'turn.completed' },
  ): Promise<void>
  closeTurn(closed: TurnClosed): Promise<void>
  /** Audit events. */
  append(events: readonly TraceEvent[]): Promise<void>
}
