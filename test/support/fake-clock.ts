// A Clock (src/services.ts) that moves only when a test says so. Sleepers wake in the order of their time.
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import type { Clock } from '../../src/services.ts'

export interface FakeClock extends Clock {
  /** Moves wall and monotonic time together and wakes who is due, letting the work they start run between wakings. */
  advance(ms: number): Promise<void>
  /** What is asleep now, ms from now, ascending. */
  readonly sleeping: readonly number[]
  /** Every duration asked of `sleep`, in order: what a retry policy is judged by. */
  readonly slept: readonly number[]
  /** Moves the wall clock alone: it may go back. */
  setWallUs(us: number): void
}

interface Sleeper {
  readonly atMs: number
  readonly wake: () => void
}

/** Starts on 2026-11-23 12:00 UTC. `auto`: nobody waits, a sleep moves the clock by itself. */
export function fakeClock(options: { readonly startUs?: number; readonly auto?: boolean } = {}): FakeClock {
  let wallUs = options.startUs ?? Date.UTC(2026, 10, 23, 12) * 1_000
  let elapsedMs = 0
  const sleepers: Sleeper[] = []
  const slept: number[] = []

  function pass(ms: number): void {
    elapsedMs += ms
    wallUs += Math.round(ms * 1_000)
  }

  async function advance(ms: number): Promise<void> {
    const end = elapsedMs + ms
    for (;;) {
      await turnOfTheLoop()
      sleepers.sort((a, b) => a.atMs - b.atMs)
      const next = sleepers[0]
      if (!next || next.atMs > end) break
      sleepers.shift()
      pass(Math.max(0, next.atMs - elapsedMs))
      next.wake()
    }
    pass(end - elapsedMs)
    await turnOfTheLoop()
  }

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason)
    slept.push(ms)
    if (options.auto) {
      pass(ms)
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        sleepers.splice(sleepers.indexOf(sleeper), 1)
        reject(signal?.reason)
      }
      const wake = (): void => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const sleeper: Sleeper = { atMs: elapsedMs + ms, wake }
      sleepers.push(sleeper)
      signal?.addEventListener('abort', abort, { once: true })
    })
  }

  return {
    nowUs: () => wallUs,
    nowMs: () => elapsedMs,
    sleep,
    advance,
    get sleeping() {
      return sleepers.map(({ atMs }) => atMs - elapsedMs).toSorted((a, b) => a - b)
    },
    slept,
    setWallUs: (us) => {
      wallUs = us
    },
  }
}
