// Which calls paid again for input that the provider's cache had held, and why. Judged from the token counts of a session's
// calls in their order; no prefix is stored, so `prefix_changed` is what nothing else explains.

import { lookBackUs } from '../store/settled.ts'

export type MissCause = 'cold' | 'expired_within_an_hour' | 'expired' | 'model_switched' | 'prefix_changed'

export interface CachedCall {
  readonly timestamp_us: number
  readonly session_id: string
  readonly model: string
  readonly input_tokens: number
  readonly cached_input_tokens: number
  readonly cache_creation_input_tokens: number
  readonly cache_creation_1h_tokens: number
}

export interface Miss {
  readonly cause: MissCause
  readonly tokens: number
  /** Of `tokens`, paid for as writes; the rest as plain input. */
  readonly write5mTokens: number
  readonly write1hTokens: number
}

/** What the provider holds of a session after its last call on one model. */
interface Held {
  readonly atUs: number
  readonly tokens: number
  readonly lifetimeUs: number
}

/** Providers cache nothing shorter. */
const leastTokens = 1024
const minuteUs = 60_000_000
const hourUs = 60 * minuteUs
/** A session that was silent for longer begins anew: how far back a judgement looks. */
export const forgottenAfterUs = lookBackUs

export interface MissJudge {
  /** Calls of one session in the order of their ends. null: nothing was missed. */
  judge(call: CachedCall): Miss | null
}

export function createMissJudge(): MissJudge {
  const sessions = new Map<string, Map<string, Held>>()
  return {
    judge(call) {
      const total = call.input_tokens + call.cached_input_tokens + call.cache_creation_input_tokens
      if (total === 0) return null
      let held = sessions.get(call.session_id)
      if (held === undefined) sessions.set(call.session_id, (held = new Map()))
      const miss = missOf(call, total, held)
      held.set(call.model, {
        atUs: call.timestamp_us,
        tokens: call.cached_input_tokens + call.cache_creation_input_tokens,
        lifetimeUs: call.cache_creation_1h_tokens > 0 ? hourUs : 5 * minuteUs,
      })
      return miss
    },
  }
}

function missOf(call: CachedCall, total: number, held: ReadonlyMap<string, Held>): Miss | null {
  const known = [...held].filter(([, { atUs }]) => call.timestamp_us - atUs <= forgottenAfterUs)
  const before = known.find(([model]) => model === call.model)?.[1]
  if (before === undefined) {
    // The first on this model: what it wrote had to be written, cold, or because the model before it is not the one now.
    const cause = known.some(([, { tokens }]) => tokens >= leastTokens) ? 'model_switched' : 'cold'
    return missed(cause, call, call.cache_creation_input_tokens)
  }
  const gapUs = call.timestamp_us - before.atUs
  return missed(causeOf(gapUs, before), call, Math.min(before.tokens, total) - call.cached_input_tokens)
}

function causeOf(gapUs: number, { lifetimeUs }: Held): MissCause {
  if (gapUs <= lifetimeUs) return 'prefix_changed'
  return gapUs <= hourUs ? 'expired_within_an_hour' : 'expired'
}

function missed(cause: MissCause, call: CachedCall, tokens: number): Miss | null {
  if (tokens < leastTokens) return null
  const write1hTokens = Math.min(tokens, call.cache_creation_1h_tokens)
  const write5mTokens = Math.min(tokens - write1hTokens, call.cache_creation_input_tokens - call.cache_creation_1h_tokens)
  return { cause, tokens, write5mTokens, write1hTokens }
}
