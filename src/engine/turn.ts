// One turn on record: T1 before anything goes upstream, T2 exactly once, whichever way it ends (reliability.md §1).
import { formatModelRef } from '../catalog/models.ts'
import type { PriceCatalog } from '../catalog/prices.ts'
import type { GatewayError } from '../ir/errors.ts'
import type { LanguageModelRequest, Warning } from '../ir/request.ts'
import { usdOf } from '../lib/money.ts'
import type { Clock, Logger } from '../services.ts'
import type { TurnEvent, TurnStatus } from '../store/events.ts'
import type { TraceStore, TurnClosed } from '../store/traces.ts'
import type { AttemptLog } from './attempts.ts'
import type { Identity } from './identity.ts'
import { billOf, createTally, type Bill, type Tally } from './tally.ts'

export type TurnEnd = Exclude<TurnStatus, 'refused'>

/** A turn that is upstream now. */
export interface Turn {
  readonly id: string
  readonly tally: Tally
  /** First call wins; resolves when the turn is on record, or safely queued while the store is away. */
  close(end: TurnEnd, error?: GatewayError): Promise<void>
  /** What the call cost; null = unpriced or not closed yet. */
  readonly costNanoUsd: number | null
  /** Call when the first content arrives: time to first token. */
  firstByte(): void
  upstream: { requestId: string | null; warnings: readonly Warning[] }
  /** The store is away: the turn's rows wait (reliability.md §2). */
  deferred: boolean
}

export interface TurnParts {
  readonly id: string
  readonly sessionId: string
  readonly identity: Identity
  readonly request: LanguageModelRequest
  readonly routeEventId: string
  readonly log: AttemptLog
  /** Monotonic. */
  readonly startedMs: number
  readonly nextId: () => string
  readonly clock: Clock
  readonly prices: PriceCatalog
  readonly traces: TraceStore
  readonly logger: Logger
  /** Strips secrets from a message before it is stored. */
  readonly redact: (text: string) => string
  readonly onClosed: () => void
}

export function createTurn(parts: TurnParts): Turn {
  const tally = createTally()
  let closing: Promise<void> | null = null
  let costNanoUsd: number | null = null
  let firstByteMs: number | null = null

  const turn: Turn = {
    id: parts.id,
    tally,
    upstream: { requestId: null, warnings: [] },
    deferred: false,
    get costNanoUsd() {
      return costNanoUsd
    },
    firstByte() {
      firstByteMs ??= parts.clock.nowMs()
    },
    close(end, error) {
      closing ??= settle(end, error)
      return closing
    },
  }
  return turn

  async function settle(end: TurnEnd, error: GatewayError | undefined): Promise<void> {
    try {
      await parts.prices.ready()
      const nowUs = parts.clock.nowUs()
      const call = callOf(end, error, nowUs)
      const bill = call.bill
      costNanoUsd = bill === null ? 0 : bill.costNanoUsd
      await parts.traces.closeTurn(closedOf(end, error, call.event, bill, nowUs))
    } catch (fault) {
      parts.logger.log('error', 'a finished turn could not be recorded', { turn_id: parts.id, fault: String(fault) })
    } finally {
      parts.onClosed()
    }
  }

  function callOf(end: TurnEnd, error: GatewayError | undefined, nowUs: number): { event: CallEvent; bill: Bill | null } {
    const head = headOf(parts, parts.routeEventId, nowUs)
    const { model } = parts.log
    const latencyMs = tenths(parts.clock.nowMs() - parts.startedMs)
    const common = {
      ...parts.identity,
      model: formatModelRef(model),
      provider: model.provider,
      requested_model: parts.request.model,
      attempts: parts.log.entries.length,
      attempt_log: parts.log.entries,
      latency_ms: latencyMs,
      stream: parts.request.stream,
    }
    // A call that broke before it delivered anything used nothing we know of; one that broke later was paid for.
    if (end === 'failed' && !tally.delivered) {
      const payload = {
        ...common,
        error_class: error?.errorClass ?? 'other',
        error_message_redacted: parts.redact(error?.message ?? 'unknown failure').slice(0, 500),
        status: error?.details.upstream?.status ?? null,
      }
      return { event: { ...head, type: 'llm.call_failed', payload }, bill: null }
    }
    const bill = billOf(tally, model, parts.request.traits.estimatedInputTokens, parts.prices, nowUs)
    const { usage } = bill
    const payload = {
      ...common,
      input_tokens: usage.inputUncached,
      output_tokens: usage.output,
      cached_input_tokens: usage.cacheRead,
      cache_creation_input_tokens: usage.cacheWrite5m + usage.cacheWrite1h,
      cache_creation_1h_tokens: usage.cacheWrite1h,
      reasoning_tokens: usage.reasoning ?? 0,
      cost_usd: bill.costNanoUsd === null ? null : usdOf(bill.costNanoUsd),
      cost_basis: bill.basis,
      pricing_version: parts.prices.version,
      upstream_cost_usd: usage.upstreamCostUsd ?? null,
      ttft_ms: firstByteMs === null ? null : tenths(firstByteMs - parts.startedMs),
      stop_reason: tally.stop?.reason ?? null,
      produced_tool_calls: tally.toolCalls,
      produced_thinking_blocks: tally.thinkingBlocks,
      usage_estimated: bill.estimated,
      service_tier: usage.serviceTier ?? null,
      warnings: [...turn.upstream.warnings],
      error_class: errorClassOf(end, error),
      upstream_request_id: turn.upstream.requestId,
    }
    return { event: { ...head, type: 'llm.call_completed', payload }, bill }
  }

  function closedOf(
    end: TurnEnd,
    error: GatewayError | undefined,
    call: CallEvent,
    bill: Bill | null,
    nowUs: number,
  ): TurnClosed {
    const usage = bill?.usage
    const input = usage === undefined ? 0 : usage.inputUncached + usage.cacheRead + usage.cacheWrite5m + usage.cacheWrite1h
    return {
      turnId: parts.id,
      call,
      costNanoUsd: bill === null ? 0 : bill.costNanoUsd,
      turn: {
        ...headOf(parts, call.id, nowUs),
        type: 'turn.completed',
        payload: {
          ...parts.identity,
          status: end,
          stop_reason: tally.stop?.reason ?? null,
          error_code: error?.code ?? null,
          llm_call_count: 1,
          tool_call_count: tally.toolCalls,
          total_input_tokens: input,
          total_output_tokens: usage?.output ?? 0,
          total_cost_usd: bill === null ? 0 : bill.costNanoUsd === null ? null : usdOf(bill.costNanoUsd),
          wall_time_seconds: Math.round(parts.clock.nowMs() - parts.startedMs) / 1000,
        },
      },
    }
  }
}

type CallEvent = NonNullable<TurnClosed['call']>

export function headOf(
  turn: { readonly id: string; readonly sessionId: string; readonly nextId: () => string },
  parentEventId: string | null,
  nowUs: number,
): Omit<TurnEvent, 'type' | 'payload'> {
  return { id: turn.nextId(), timestampUs: nowUs, sessionId: turn.sessionId, turnId: turn.id, parentEventId }
}

function errorClassOf(end: TurnEnd, error: GatewayError | undefined): string | null {
  switch (end) {
    case 'ok':
      return null
    case 'cancelled':
      return 'CANCELLED'
    case 'interrupted':
      return 'INTERRUPTED'
    case 'failed':
      return error?.errorClass ?? 'other'
    default:
      return end satisfies never
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10
}
