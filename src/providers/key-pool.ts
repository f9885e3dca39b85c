// Several keys of one provider: the one with the least in flight for its weight is taken; one that is told to wait rests, one that
// is refused rests until the next start, and the others go on (reliability.md §8).
import type { ProviderKey } from '../config/schema.ts'
import type { GatewayError } from '../ir/errors.ts'

export interface KeyPool {
  take(): Lease
  readonly size: number
  /** A key that was not told off can be asked at once. */
  hasUsable(): boolean
}

export interface Lease {
  readonly apiKey: string
  /** 1-based, as in the configuration: for logs, which must not name a key. */
  readonly position: number
  /** What the provider said of this key. @returns true when the key rests from now on */
  failed(error: GatewayError): boolean
  /** Its answer is over, however it went. */
  release(): void
}

interface State extends ProviderKey {
  readonly position: number
  inFlight: number
  /** Of the smooth weighted round robin, which chooses among those that are equally busy. */
  credit: number
  /** Monotonic ms; Infinity = until the next start. */
  restsUntilMs: number
}

const LONGEST_REST_MS = 3_600_000
/** For a 429 that does not say how long. */
const USUAL_REST_MS = 30_000
const SHORTEST_REST_MS = 1000

export function createKeyPool(keys: readonly ProviderKey[], nowMs: () => number): KeyPool {
  const states: readonly State[] = keys.map((key, index) => ({
    apiKey: key.apiKey,
    weight: key.weight,
    position: index + 1,
    inFlight: 0,
    credit: 0,
    restsUntilMs: 0,
  }))

  const usable = (): readonly State[] => {
    const now = nowMs()
    return states.filter(({ restsUntilMs }) => restsUntilMs <= now)
  }

  /** When all rest, the one that is to wake first: the provider says for itself what is wrong. */
  const first = (): State | undefined =>
    states.reduce<State | undefined>(
      (soonest, one) => (soonest === undefined || one.restsUntilMs < soonest.restsUntilMs ? one : soonest),
      undefined,
    )

  function choose(): State | undefined {
    const free = usable()
    const least = Math.min(...free.map(busyness))
    const tied = free.filter((state) => busyness(state) === least)
    const sum = tied.reduce((total, { weight }) => total + weight, 0)
    for (const state of tied) state.credit += state.weight
    const chosen = tied.reduce<State | undefined>(
      (best, one) => (best === undefined || one.credit > best.credit ? one : best),
      undefined,
    )
    if (chosen !== undefined) chosen.credit -= sum
    return chosen ?? first()
  }

  return {
    size: states.length,
    hasUsable: () => usable().length > 0,
    take() {
      const state = choose()
      if (state === undefined) throw new Error('a pool has at least one key')
      state.inFlight += 1
      let held = true
      return {
        apiKey: state.apiKey,
        position: state.position,
        failed(error) {
          const restMs = restOf(error)
          if (restMs === null) return false
          state.restsUntilMs = Math.max(state.restsUntilMs, nowMs() + restMs)
          return true
        },
        release() {
          if (held) state.inFlight -= 1
          held = false
        },
      }
    },
  }
}

const busyness = ({ inFlight, weight }: State): number => inFlight / weight

/** null = the key is not to blame. */
function restOf({ errorClass, details }: GatewayError): number | null {
  if (errorClass === 'auth') return Infinity
  if (errorClass !== 'rate_limit') return null
  return Math.min(Math.max(details.retryAfterMs ?? USUAL_REST_MS, SHORTEST_REST_MS), LONGEST_REST_MS)
}

/** The lease lasts as long as the answer. */
export async function* leased<Item>(items: AsyncIterable<Item>, lease: Lease): AsyncGenerator<Item> {
  try {
    yield* items
  } finally {
    lease.release()
  }
}
