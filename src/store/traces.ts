// Where a turn goes on record: T1 and T2 of reliability.md §1, each one atomic unit through the commit queue.
import type { TraceParent } from '../lib/trace-parent.ts'
import type { TraceEvent, TurnEvent } from './events.ts'
import type { ExceededQuota, Reservation } from './quotas.ts'

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
  /** What the turn takes of its caps; absent = it has none. */
  readonly reservation?: Reservation | undefined
  /** Billed to the client's own subscription. */
  readonly subscription?: boolean | undefined
}

/** T2: what is committed before the client sees the end. A refused turn has no `call`. */
export interface TurnClosed {
  readonly turnId: string
  readonly call: (TurnEvent & { readonly type: 'llm.call_completed' | 'llm.call_failed' }) | null
  /** Integer nano-USD of the call, null = unpriced. The payload's `cost_usd` is this number printed. */
  readonly costNanoUsd: number | null
  readonly turn: TurnEvent & { readonly type: 'turn.completed' }
  /** As it was opened with: it is settled by `costNanoUsd`. */
  readonly reservation?: Reservation | undefined
  /** For who sends spans; it is not recorded. */
  readonly traceParent?: TraceParent | undefined
}

/** A turn that never went upstream: both of its events are one unit. */
export interface TurnRefused {
  readonly route: TurnOpened['route']
  readonly turn: TurnClosed['turn']
}

export interface Recorded {
  /** True when the rows still wait for the store; the answer then carries `x-metis-trace: deferred`. */
  readonly deferred: boolean
}

export interface Opened extends Recorded {
  /** A cap had too little left, and nothing of the turn is on record. */
  readonly exceeded?: ExceededQuota
}

export interface TraceStore {
  /**
   * T1. With `mustCommit` (someone has a hard cap: a cap that cannot be checked is no cap) a T1 that is late is withdrawn. Without it
   * the turn may go on while T1 waits, and `deferred` says so.
   * @throws GatewayError store_unavailable when a T1 that must be committed was late, or found the queue full
   */
  openTurn(opened: TurnOpened, options: { readonly mustCommit: boolean }): Promise<Opened>
  /** A turn that never went upstream: route.decided and turn.completed in one unit. */
  refuseTurn(
    route: TurnEvent & { readonly type: 'route.decided' },
    turn: TurnEvent & { readonly type: 'turn.completed' },
  ): Promise<Recorded>
  /** T2. Sending it twice changes nothing. Never throws for a store that is away: an answer already paid for is not held back. */
  closeTurn(closed: TurnClosed): Promise<Recorded>
  /** Audit events. */
  append(events: readonly TraceEvent[]): Promise<void>
}
