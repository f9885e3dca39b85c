// A wrong clock puts costs into the wrong day.
import type { Finding } from './finding.ts'

const oldestPlausibleMs = Date.UTC(2024, 0, 1)
const toleranceMs = 5 * 60_000

/** `newestEventUs`: of the database; null when it has none. */
export function checkClock(nowMs: number, newestEventUs: number | null): Finding {
  const now = new Date(nowMs).toISOString()
  if (nowMs < oldestPlausibleMs)
    return { check: 'clock', level: 'warning', message: `the clock says ${now}`, mend: 'set the clock of this machine' }
  const newestMs = newestEventUs === null ? 0 : newestEventUs / 1000
  if (newestMs > nowMs + toleranceMs)
    return {
      check: 'clock',
      level: 'warning',
      message: `the clock says ${now}, but the trace has an event of ${new Date(newestMs).toISOString()}`,
      mend: 'set the clock of this machine; it is behind, or it was ahead when that event was written',
    }
  return { check: 'clock', level: 'ok', message: now }
}
