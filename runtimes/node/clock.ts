// Time on Node: the wall clock in µs, a monotonic one in ms, and a sleep that a signal ends.
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../../src/services.ts'

/** Between the fine clock and the wall clock; more means that the wall clock was set, or that the machine slept. */
const DRIFT_MS = 10

// The fine clock counts from here; it stands still while a machine sleeps.
let originMs = performance.timeOrigin

export const nodeClock: Clock = {
  nowUs() {
    const fineMs = performance.now()
    const wallMs = Date.now()
    if (Math.abs(wallMs - (originMs + fineMs)) > DRIFT_MS) originMs = wallMs - fineMs
    return Math.round((originMs + fineMs) * 1000)
  },
  nowMs: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await delay(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      // Node's own AbortError hides why.
      throw signal?.reason ?? error
    }
  },
}
