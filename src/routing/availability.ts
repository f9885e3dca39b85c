// Which models and providers to keep away from for now (contract.md §3). Nothing is kept, and nothing is asked, while all
// goes well. One process's own view: it says whom to prefer, never that nobody may try.
import { formatModelRef, type ModelRef } from '../catalog/models.ts'
import type { GatewayError } from '../ir/errors.ts'

export interface Availability {
  /** Why this model is better left alone; null = nothing is known against it. */
  troubleOf(model: ModelRef): string | null
  /** @returns the reason, when this failure is the one that makes the model or its provider unavailable */
  failed(model: ModelRef, error: GatewayError): string | null
  succeeded(model: ModelRef): void
  /** All that is kept away from now. */
  unavailable(): readonly Unavailable[]
}

export interface Unavailable {
  readonly provider: string
  /** Canonical id; null = all of the provider's. */
  readonly model: string | null
  readonly reason: string
}

/** In a row, on one model, within two minutes. */
const MODEL_FAILURES = 5
const MODEL_WINDOW_MS = 120_000
/** Below HTTP, on one provider, within half a minute. */
const NETWORK_FAILURES = 2
const NETWORK_WINDOW_MS = 30_000
/** Without an attempt for this long, it is worth one again. */
const REST_MS = 300_000

interface Standing {
  /** When each failure of the row was, ms. */
  readonly failedMs: number[]
  triedMs: number
  /** null = still available. */
  trouble: string | null
}

export function createAvailability(nowMs: () => number): Availability {
  /** By `provider:name`, and by provider alone. */
  const records = new Map<string, Standing>()

  function troubleOf(id: string): string | null {
    const record = records.get(id)
    if (record === undefined || record.trouble === null) return null
    if (nowMs() - record.triedMs < REST_MS) return record.trouble
    records.delete(id)
    return null
  }

  function note(id: string, most: number, windowMs: number, trouble: string): string | null {
    const now = nowMs()
    const record = records.get(id) ?? { failedMs: [], triedMs: now, trouble: null }
    records.set(id, record)
    record.triedMs = now
    if (record.trouble !== null) return null
    record.failedMs.push(now)
    while (record.failedMs.length > most || now - (record.failedMs[0] ?? now) > windowMs) record.failedMs.shift()
    if (record.failedMs.length < most) return null
    record.trouble = trouble
    return trouble
  }

  return {
    troubleOf(model) {
      return records.size === 0 ? null : (troubleOf(model.provider) ?? troubleOf(formatModelRef(model)))
    },
    failed(model, error) {
      const { provider } = model
      if (error.code === 'provider_auth_failed') return note(provider, 1, 0, `${provider} refuses the gateway's credential`)
      if (!isFailureOfModel(error)) return null
      const network =
        error.errorClass === 'network'
          ? note(provider, NETWORK_FAILURES, NETWORK_WINDOW_MS, `${provider} could not be reached ${NETWORK_FAILURES} times`)
          : null
      const id = formatModelRef(model)
      return network ?? note(id, MODEL_FAILURES, MODEL_WINDOW_MS, `${id} failed ${MODEL_FAILURES} times in a row`)
    },
    succeeded(model) {
      if (records.size === 0) return
      records.delete(model.provider)
      records.delete(formatModelRef(model))
    },
    unavailable: () =>
      [...records.keys()].flatMap((id) => {
        const reason = troubleOf(id)
        if (reason === null) return []
        const end = id.indexOf(':')
        return [end < 0 ? { provider: id, model: null, reason } : { provider: id.slice(0, end), model: id, reason }]
      }),
  }
}

/** A request that is wrong in itself says nothing about who was asked. */
function isFailureOfModel(error: GatewayError): boolean {
  switch (error.errorClass) {
    case 'rate_limit':
    case 'server_error':
    case 'overloaded':
    case 'network':
    case 'timeout':
      return true
    case 'other':
      return error.code === 'upstream_bad_response'
    case 'auth':
    case 'context_overflow':
    case 'invalid_request':
    case 'CANCELLED':
    case 'INTERRUPTED':
      return false
    default:
      return error.errorClass satisfies never
  }
}
