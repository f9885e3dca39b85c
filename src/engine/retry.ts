// When to try again, and how long to wait (reliability.md §8). Pure but for the budget's own count.
import type { GatewayError } from '../ir/errors.ts'
import { UpstreamFailure, type UpstreamFault } from '../services.ts'

/** A wait the provider asked for is honoured up to this, and all waits of a turn up to the sum. */
const RETRY_AFTER_LIMIT_MS = 60_000
const WAIT_SUM_LIMIT_MS = 90_000
const BACKOFF_BASE_MS = 500
const BACKOFF_LIMIT_MS = 8_000

/** True for a fault that another try may cure; one that only another provider may cure is not. */
export function isRetryable(error: GatewayError, retriesSoFar: number): boolean {
  const status = error.details.upstream?.status
  switch (error.errorClass) {
    case 'rate_limit':
      return !isSpent(error)
    case 'server_error':
    case 'overloaded':
    case 'network':
      return true
    case 'timeout':
      // A provider that stayed silent for the whole first-byte limit may be working, and billing, on it: another one may be asked.
      return faultOf(error) !== 'first_byte_timeout'
    case 'other':
      // 409, and a 200 that is not an answer: once.
      return (status === 409 || error.code === 'upstream_bad_response') && retriesSoFar < 1
    case 'invalid_request':
      return status === 409 && retriesSoFar < 1
    case 'auth':
    case 'context_overflow':
    case 'CANCELLED':
    case 'INTERRUPTED':
      return false
    default:
      return error.errorClass satisfies never
  }
}

/** Whether another model may do better: not for a request that is wrong in itself. */
export function isFallbackWorthy(error: GatewayError): boolean {
  return error.errorClass !== 'invalid_request' && error.errorClass !== 'context_overflow' && error.errorClass !== 'CANCELLED'
}

/** The request says something that this candidate's wire has no words for; nobody was asked. */
export function isUntranslatable({ code, details }: GatewayError): boolean {
  return details.upstream === undefined && (code === 'invalid_value' || code === 'unsupported_endpoint')
}

/** A kept-alive connection that was gone before a byte came back: nothing was processed, so one more try costs nothing. */
export function isStaleConnection(error: GatewayError): boolean {
  return faultOf(error) === 'stale'
}

function faultOf(error: GatewayError): UpstreamFault | null {
  return error.details.cause instanceof UpstreamFailure ? error.details.cause.fault : null
}

/** ms to wait before the next try; null = the provider asks for more than a client should be kept waiting for. */
export function waitMsOf(error: GatewayError, retriesSoFar: number, waitedMs: number, random: () => number): number | null {
  const leftMs = WAIT_SUM_LIMIT_MS - waitedMs
  const asked = error.details.retryAfterMs
  if (asked !== undefined) {
    if (asked > RETRY_AFTER_LIMIT_MS || asked > leftMs) return null
    // Only upward of the asked time, or the provider refuses again.
    return Math.min(asked * (1 + random() * 0.25), leftMs)
  }
  const backoff = Math.min(BACKOFF_BASE_MS * 2 ** retriesSoFar, BACKOFF_LIMIT_MS)
  return Math.min(backoff * (0.75 + random() * 0.25), leftMs)
}

/** A spent quota does not come back in seconds (translation.md §5). */
function isSpent(error: GatewayError): boolean {
  return spentCodes.has(error.details.upstream?.code ?? '')
}
const spentCodes = new Set(['insufficient_quota', 'enforced_spend_limit_reached', 'contract_spend_limit_reached'])

/** Finagle's retry budget: an outage must not be multiplied by its own retries. */
export interface RetryBudget {
  /** A request was made: earns a part of a retry. */
  earn(): void
  /** Takes one retry; false = none left. */
  take(): boolean
}

const BUDGET_SIZE = 10
const BUDGET_PER_SECOND = 3
const BUDGET_PER_REQUEST = 0.2

export function createRetryBudget(nowMs: () => number): RetryBudget {
  let tokens = BUDGET_SIZE
  let lastMs = nowMs()
  function refill(): void {
    const now = nowMs()
    tokens = Math.min(BUDGET_SIZE, tokens + ((now - lastMs) / 1000) * BUDGET_PER_SECOND)
    lastMs = now
  }
  return {
    earn() {
      tokens = Math.min(BUDGET_SIZE, tokens + BUDGET_PER_REQUEST)
    },
    take() {
      refill()
      if (tokens < 1) return false
      tokens -= 1
      return true
    },
  }
}
