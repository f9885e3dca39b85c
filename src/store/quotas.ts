// Caps as they are kept: each has a row a period with what is spent and what running turns have reserved (reliability.md §10).
import * as z from 'zod'
import type { Cap } from '../ir/principal.ts'
import { dayStartUs, monthStartUs, nextDayUs } from '../lib/calendar.ts'
import type { QuotasTable } from './schema.ts'
import type { Storage } from './storage.ts'

export const quotaKey = z.object({
  kind: z.enum(['key', 'user', 'team']),
  id: z.string(),
  scope: z.enum(['daily', 'monthly', 'budget']),
  /** Start of the day or month; 0 for a budget, which has no period. */
  periodUs: z.int(),
})
export type QuotaKey = z.infer<typeof quotaKey>

/** Whom several keys can belong to. */
export type IdentityKind = 'user' | 'team'

/** New caps in integer nano-USD; null = none from now on, undefined = as it was. */
export interface CapChange {
  readonly dailyNanoUsd?: number | null | undefined
  readonly monthlyNanoUsd?: number | null | undefined
  readonly budgetNanoUsd?: number | null | undefined
}

/** What a turn holds of its caps while it runs: the same amount of each. */
export const reservation = z.object({
  nanoUsd: z.int(),
  quotas: z.array(quotaKey.extend({ limitNanoUsd: z.int() })),
})
export type Reservation = z.infer<typeof reservation>

/** A cap that had too little left for a turn. */
export interface ExceededQuota {
  readonly quota: Reservation['quotas'][number]
  readonly spentNanoUsd: number
  readonly reservedNanoUsd: number
}

/** In the order of the caps, which is one and the same for all turns: so two of them never wait for each other. */
export function reservationOf(caps: readonly Cap[], nanoUsd: number, nowUs: number): Reservation {
  return { nanoUsd, quotas: caps.map((cap) => ({ ...cap, periodUs: periodStartUs(cap.scope, nowUs) })) }
}

export function periodStartUs(scope: Cap['scope'], nowUs: number): number {
  if (scope === 'budget') return 0
  return scope === 'daily' ? dayStartUs(nowUs) : monthStartUs(nowUs)
}

/** null = never: a budget is used up once. */
export function resetsUs(scope: Cap['scope'], periodUs: number): number | null {
  if (scope === 'budget') return null
  return scope === 'daily' ? nextDayUs(periodUs) : monthStartUs(periodUs, 1)
}

export async function readQuota(storage: Storage, quota: QuotaKey): Promise<QuotasTable | null> {
  const query = storage.db
    .selectFrom('quotas')
    .selectAll()
    .where('kind', '=', quota.kind)
    .where('id', '=', quota.id)
    .where('scope', '=', quota.scope)
    .where('period_us', '=', quota.periodUs)
    .compile()
  const [row] = await storage.read(query)
  return row ?? null
}
