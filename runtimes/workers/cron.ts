// What the cron trigger does, once a minute: closes turns whose requests the platform has ended, and sums the hours and days that
// are over, so that questions about a month are quick here, too. Neither keeps the other from its work.
import { settle, type SettleBounds } from '../../src/analytics/settle.ts'
import type { PriceCatalog } from '../../src/catalog/prices.ts'
import type { Clock, Logger, Services } from '../../src/services.ts'
import { isDeadBy } from '../../src/store/instances.ts'
import { sweepOrphans } from '../../src/store/sweep.ts'
import { openD1, type D1Database } from './d1.ts'
import { isolateFacts } from './instances.ts'
import { createRequestQueue } from './request-queue.ts'

export interface CronParts {
  readonly d1: D1Database
  readonly clock: Clock
  readonly logger: Logger
  readonly background: Services['background']
  readonly newId: () => string
  readonly prices: PriceCatalog
  /** False: every question reads rows. */
  readonly settles: boolean
}

/**
 * An invocation may ask D1 a thousand times and compute for 30 s. A span is begun while `statements` are not asked, and one of
 * so many rows asks six hundred times at worst, when each call is a session of its own; 25,000 turns take some six seconds.
 */
const most = { statements: 300, rows: 75_000, ms: 40_000 }

/** Resolves when all is done that fits into one invocation. @throws what kept it from closing turns */
export async function runCron({ d1, clock, logger, background, newId, prices, settles }: CronParts): Promise<void> {
  let asked = 0
  const storage = openD1(d1, (statements) => (asked += statements))
  const queue = createRequestQueue({ storage, clock, background, random: Math.random })
  const beganMs = clock.nowMs()
  try {
    await sweepOrphans({ storage, queue, clock, newId, logger, isDead: isDeadBy(isolateFacts(''), clock.nowUs()), prices })
  } finally {
    if (settles) await settleSome()
  }

  async function settleSome(): Promise<void> {
    let taken = 0
    const bounds: SettleBounds = {
      rowsPerSpan: most.rows,
      mayTake(rows) {
        if (asked >= most.statements || clock.nowMs() - beganMs >= most.ms || taken + rows > most.rows) return false
        taken += rows
        return true
      },
    }
    try {
      await settle({ storage, clock, newId, bounds })
    } catch (error) {
      logger.log('warn', 'past hours cannot be summed now', { error: String(error) })
    }
  }
}
