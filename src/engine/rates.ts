// How fast a key may ask: requests and tokens a minute, turns at once. Asked before anything of a turn is on record; a key
// without such limits never comes here.
import { GatewayError } from '../ir/errors.ts'
import type { Rates } from '../ir/principal.ts'
import type { RateStore } from '../store/rates.ts'

/** A turn that was let in. */
export interface Pass {
  /** Once, when the turn is over: what it used stands in place of what was expected. */
  leave(usedTokens: number): void
}

export interface RateKeeper {
  /** @throws GatewayError rate_limit_exceeded */
  enter(rates: Rates, expectedTokens: number): Promise<Pass>
}

/** `onRefused` is told of each refusal: they are counted, and sampled in the trace. */
export function createRateKeeper(store: RateStore, onRefused: (keyId: string, scope: string) => void): RateKeeper {
  /** Of this process: turns that run, by key. */
  const running = new Map<string, number>()

  return {
    async enter(rates, expectedTokens) {
      const { id, requestsPerMinute, tokensPerMinute, concurrentTurns } = rates
      const now = running.get(id) ?? 0
      if (concurrentTurns !== null && now >= concurrentTurns) throw refuse(id, 'concurrent_turns', concurrentTurns, soonMs)
      // From here on, so that those who ask in one moment do not all find the place free.
      running.set(id, now + 1)
      try {
        if (requestsPerMinute !== null) await take('requests_per_minute', id, requestsPerMinute, 1)
        if (tokensPerMinute !== null) await take('tokens_per_minute', id, tokensPerMinute, expectedTokens)
      } catch (error) {
        release(id)
        throw error
      }
      let isOver = false
      return {
        leave(usedTokens) {
          if (isOver) return
          isOver = true
          release(id)
          if (tokensPerMinute !== null) {
            const taken = Math.min(expectedTokens, tokensPerMinute)
            store.charge(bucketOf('tokens_per_minute', id, tokensPerMinute), usedTokens - taken)
          }
        },
      }
    },
  }

  async function take(scope: Scope, id: string, perMinute: number, amount: number): Promise<void> {
    const waitMs = await store.take(bucketOf(scope, id, perMinute), amount)
    if (waitMs > 0) throw refuse(id, scope, perMinute, waitMs)
  }

  function release(id: string): void {
    const left = (running.get(id) ?? 1) - 1
    if (left > 0) running.set(id, left)
    else running.delete(id)
  }

  function refuse(keyId: string, scope: Scope, limit: number, retryAfterMs: number): GatewayError {
    onRefused(keyId, scope)
    return new GatewayError('rate_limit', 'rate_limit_exceeded', `This key is limited to ${limit} ${words[scope]}.`, {
      retryAfterMs,
      fields: { scope, limit },
    })
  }
}

type Scope = 'requests_per_minute' | 'tokens_per_minute' | 'concurrent_turns'

const words: Readonly<Record<Scope, string>> = {
  requests_per_minute: 'requests a minute',
  tokens_per_minute: 'tokens a minute',
  concurrent_turns: 'turns at one time',
}

/** Nobody knows when a turn ends. */
const soonMs = 1000

const bucketOf = (scope: Scope, id: string, perMinute: number) => ({ id: `${scope} ${id}`, perMinute })
