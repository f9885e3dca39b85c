// One turn on record: opened by T1 before anything goes upstream, closed by T2 exactly once, whichever way it ends
// (reliability.md §1).
import type { PriceCatalog } from '../catalog/prices.ts'
import type { GatewayError } from '../ir/errors.ts'
import { stopReasonOf } from '../ir/stream.ts'
import type { Warning } from '../ir/warning.ts'
import { totalInputOf } from '../ir/usage.ts'
import type { Clock, Logger } from '../services.ts'
import type { TurnStatus } from '../store/events.ts'
import type { Reservation } from '../store/quotas.ts'
import type { TraceStore, TurnClosed } from '../store/traces.ts'
import type { AttemptLog } from './attempts.ts'
import { billOf, createTally, subscriptionBillOf, unpricedBillOf, type Bill, type Tally } from './tally.ts'
import { callCompleted, callFailed, turnCompleted, type TurnHead } from './turn-events.ts'
import { logTurn } from './turn-line.ts'

export type TurnEnd = Exclude<TurnStatus, 'refused'>

/** A turn that is upstream now. */
export interface Turn {
  readonly id: string
  readonly tally: Tally
  /** First call wins; resolves to the end that won, when it is on record, or safely queued while the store is away. */
  close(end: TurnEnd, error?: GatewayError): Promise<TurnEnd>
  /** What the call cost; null = unpriced or not closed yet. */
  readonly costNanoUsd: number | null
  /** Call when content arrives: the first time counts. */
  firstByte(): void
  upstream: { readonly requestId: string | null; readonly warnings: readonly Warning[] }
  /** The store is away: the turn's rows wait (reliability.md §2). */
  deferred: boolean
}

export interface TurnParts {
  readonly head: TurnHead
  readonly routeEventId: string
  readonly estimatedInputTokens: number
  readonly log: AttemptLog
  /** Monotonic. */
  readonly startedMs: number
  readonly clock: Clock
  readonly prices: PriceCatalog
  readonly traces: TraceStore
  readonly logger: Logger
  /** Strips secrets from a message before it is stored. */
  readonly redact: (text: string) => string
  /** Told what the turn used: input and output, tokens; and how it ended. */
  readonly onClosed: (tokens: number, end: TurnEnd) => void
  /** What the turn holds of its caps. */
  readonly reservation: Reservation | undefined
  /** Billed to the client's own subscription. */
  readonly subscription: boolean
  readonly onSettled: (reservation: Reservation) => void
}

const untouched = { requestId: null, warnings: [] }

export function createTurn(parts: TurnParts): Turn {
  const { head, log, clock, prices } = parts
  const tally = createTally()
  let closing: Promise<TurnEnd> | null = null
  let costNanoUsd: number | null = null
  let firstByteMs: number | null = null

  const turn: Turn = {
    id: head.id,
    tally,
    upstream: untouched,
    deferred: false,
    get costNanoUsd() {
      return costNanoUsd
    },
    firstByte() {
      firstByteMs ??= clock.nowMs()
    },
    close(end, error) {
      closing ??= settle(end, error)
      return closing
    },
  }
  return turn

  async function settle(end: TurnEnd, error: GatewayError | undefined): Promise<TurnEnd> {
    let tokens = 0
    try {
      // A call that broke before it delivered anything used nothing we know of; one that broke later was paid for.
      const closed = end === 'failed' && !tally.delivered ? failure(error) : outcome(end, error, await bill())
      costNanoUsd = closed.costNanoUsd
      tokens = closed.turn.payload.total_input_tokens + closed.turn.payload.total_output_tokens
      await parts.traces.closeTurn(closed)
      if (parts.reservation !== undefined) parts.onSettled(parts.reservation)
      logTurn(parts.logger, closed.turn, closed.call, head.requestedModel)
    } catch (fault) {
      parts.logger.log('error', 'a finished turn could not be recorded', { turn_id: head.id, fault: String(fault) })
    } finally {
      parts.onClosed(tokens, end)
    }
    return end
  }

  /** A call that cannot be priced is on record all the same. */
  async function bill(): Promise<Bill> {
    try {
      await prices.ready()
      const bill = billOf(tally, log.model, parts.estimatedInputTokens, prices, clock.nowUs())
      return parts.subscription ? subscriptionBillOf(bill) : bill
    } catch (fault) {
      parts.logger.log('error', 'a call could not be priced', { turn_id: head.id, fault: String(fault) })
      const bill = unpricedBillOf(tally, parts.estimatedInputTokens)
      return parts.subscription ? subscriptionBillOf(bill) : bill
    }
  }

  function outcome(end: TurnEnd, error: GatewayError | undefined, bill: Bill): TurnClosed {
    const nowUs = clock.nowUs()
    const latencyMs = clock.nowMs() - parts.startedMs
    const call = callCompleted(
      head,
      parts.routeEventId,
      {
        end,
        error,
        tally,
        bill,
        log,
        latencyMs,
        ttftMs: firstByteMs === null ? null : firstByteMs - parts.startedMs,
        pricingVersion: prices.version,
        warnings: [...turn.upstream.warnings, ...tally.warnings],
        upstreamRequestId: turn.upstream.requestId,
      },
      nowUs,
    )
    const completed = turnCompleted(
      head,
      call.id,
      {
        status: end,
        errorCode: error?.code ?? null,
        stopReason: tally.stop === null ? null : stopReasonOf(tally.stop),
        callCount: 1,
        toolCallCount: tally.toolCalls,
        inputTokens: totalInputOf(bill.usage),
        outputTokens: bill.usage.output,
        costNanoUsd: bill.costNanoUsd,
        wallMs: latencyMs,
      },
      nowUs,
    )
    const { id: turnId, traceParent } = head
    const { reservation } = parts
    return { turnId, call, costNanoUsd: bill.costNanoUsd, turn: completed, reservation, traceParent }
  }

  function failure(error: GatewayError | undefined): TurnClosed {
    const nowUs = clock.nowUs()
    const latencyMs = clock.nowMs() - parts.startedMs
    const call = callFailed(
      head,
      parts.routeEventId,
      log,
      error,
      parts.redact(error?.message ?? 'unknown failure'),
      latencyMs,
      nowUs,
    )
    const outcomeOfFailure = {
      status: 'failed',
      errorCode: error?.code ?? null,
      stopReason: null,
      callCount: 1,
      toolCallCount: 0,
      inputTokens: 0,
      outputTokens: 0,
      costNanoUsd: 0,
      wallMs: latencyMs,
    } as const
    return {
      turnId: head.id,
      call,
      costNanoUsd: 0,
      turn: turnCompleted(head, call.id, outcomeOfFailure, nowUs),
      reservation: parts.reservation,
      traceParent: head.traceParent,
    }
  }
}
