// Prices that came late or were wrong: the call's event stays as it is, a `cost.adjusted` event says what it costs since, and
// the last one of a call is what its row shows.
import type { Kysely } from 'kysely'
import * as z from 'zod'
import { eventPages } from './event-pages.ts'
import { costBasis } from './events.ts'
import type { CallsTable, Database } from './schema.ts'
import { parsedJson } from './stored-calls.ts'

/** Payload of `cost.adjusted`: integers, because what is compared later must be what was written. */
export const costAdjusted = z.object({
  /** null = unpriced. */
  old_cost_nano_usd: z.int().nullable(),
  new_cost_nano_usd: z.int(),
  old_cost_basis: costBasis,
  cost_basis: costBasis,
  old_pricing_version: z.string(),
  pricing_version: z.string(),
  actor: z.string(),
  origin: z.string(),
})
export type CostAdjusted = z.infer<typeof costAdjusted>

/** By turn. */
export type Adjustments = ReadonlyMap<string, CostAdjusted>

const pageSize = 1000

export async function readAdjustments(db: Kysely<Database>): Promise<Adjustments> {
  const adjustments = new Map<string, CostAdjusted>()
  const query = db.selectFrom('events').select(['id', 'turn_id', 'payload_json']).where('type', '=', 'cost.adjusted')
  for await (const page of eventPages(query, pageSize)) {
    for (const event of page) {
      const payload = costAdjusted.safeParse(parsedJson(event.payload_json))
      if (payload.success) adjustments.set(event.turn_id, payload.data)
    }
  }
  return adjustments
}

/** The row that an event makes, as it is since its price was put right. */
export function adjusted(row: CallsTable, adjustments: Adjustments): CallsTable {
  const adjustment = adjustments.get(row.turn_id)
  if (adjustment === undefined) return row
  const { new_cost_nano_usd: costNanoUsd, cost_basis: basis, pricing_version: version } = adjustment
  return { ...row, cost_nano_usd: costNanoUsd, cost_basis: basis, pricing_version: version }
}
