// Soft alerts: one event at 80 % of a cap and one at 95 %, once a period, whichever process notices first.
import { sql } from 'kysely'
import { usdOf } from '../lib/money.ts'
import type { Clock, Logger } from '../services.ts'
import { auditEvent, insertEventIf } from './audit.ts'
import type { CommitQueue } from './commit-queue.ts'
import { readQuota, resetsUs } from './quotas.ts'
import type { Reservation } from './quotas.ts'
import type { Storage } from './storage.ts'

/** Highest first: who jumps over both is told of the higher one. */
const thresholds = [95, 80] as const

/** As the event and the webhook say it. */
export interface QuotaAlert {
  /** `user:ada`. */
  readonly identity: string
  readonly scope: string
  readonly threshold_percent: number
  readonly limit_usd: number
  readonly current_usd: number
  readonly resets_at: string | null
}

export interface QuotaAlertParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
  readonly newId: () => string
  readonly logger: Logger
  /** Tells the world outside, after the event is on record. */
  readonly notify: (alert: QuotaAlert) => Promise<void>
}

/** Looks at the quotas of a turn that was settled. Never throws: nobody waits for it. */
export function createQuotaAlerts(parts: QuotaAlertParts): (reservation: Reservation) => Promise<void> {
  const { storage, queue, clock, newId, logger } = parts

  async function look(quota: Reservation['quotas'][number]): Promise<void> {
    const { limitNanoUsd } = quota
    const row = await readQuota(storage, quota)
    if (row === null || limitNanoUsd === 0) return
    const percent = (row.spent_nano_usd / limitNanoUsd) * 100
    const threshold = thresholds.find((one) => percent >= one)
    if (threshold === undefined || row.alerted_percent >= threshold) return
    const endUs = resetsUs(quota.scope, quota.periodUs)
    const alert: QuotaAlert = {
      identity: `${quota.kind}:${quota.id}`,
      scope: quota.scope,
      threshold_percent: threshold,
      limit_usd: usdOf(limitNanoUsd),
      current_usd: usdOf(row.spent_nano_usd),
      resets_at: endUs === null ? null : new Date(endUs / 1000).toISOString(),
    }
    const isFirst = sql`kind = ${quota.kind} and id = ${quota.id} and scope = ${quota.scope}
and period_us = ${quota.periodUs} and alerted_percent < ${threshold}`
    const event = auditEvent('quota.alert', { ...alert }, { id: newId(), timestampUs: clock.nowUs() })
    const [, told = 0] = await queue.commit([
      insertEventIf(storage.db, event, sql`exists (select 1 from quotas where ${isFirst})`),
      sql`update quotas set alerted_percent = ${threshold} where ${isFirst}`.compile(storage.db),
    ])
    if (told === 1) await parts.notify(alert)
  }

  return async ({ quotas }) => {
    for (const quota of quotas) {
      try {
        await look(quota)
      } catch (error) {
        logger.log('warn', 'a spending alert could not be given', { error: String(error) })
      }
    }
  }
}
