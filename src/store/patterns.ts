// Where the pattern slot's memory lies: one small row a turn, written after its end and outside of its transactions. A row that is
// lost is one neighbour less.
import * as z from 'zod'
import type { Clock } from '../services.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Storage } from './storage.ts'

/** What a turn is like, without what it says. */
export const fingerprint = z.object({
  /** Of the whole request: 0 = up to 256 tokens, one more for each factor of four. */
  sizeClass: z.int(),
  hasTools: z.boolean(),
  hasImages: z.boolean(),
  /** Something was said before. */
  hasHistory: z.boolean(),
  /** The user speaks, not a tool: only then can it be a question asked again. */
  isQuestion: z.boolean(),
  /** Hashes of words and of pairs of words, 16 bits each, distinct, ascending. */
  shingles: z.array(z.int().min(0).max(65_535)),
})
export type Fingerprint = z.infer<typeof fingerprint>

/** A turn of the past. */
export interface Sample {
  readonly turnId: string
  readonly fingerprint: Fingerprint
  /** Canonical id of the model that answered. */
  readonly model: string
  /** How well it went, 0 to 1. */
  readonly outcome: number
  /** Of an answer that came whole; null = none did, or it is unpriced. */
  readonly costNanoUsd: number | null
}

export interface PatternStore {
  add(sample: Sample): Promise<void>
  judge(turnId: string, outcome: number): Promise<void>
  /** What was learned since, the latest at most, latest last; what people say of a turn counts for more than how it ended. */
  read(sinceUs: number, most: number): Promise<readonly Sample[]>
}

/** Models change, and so do people's questions. */
const KEPT_US = 90 * 86_400_000_000
const FORGET_EVERY = 1000

export function createPatternStore(parts: {
  readonly storage: Pick<Storage, 'db'>
  readonly queue: CommitQueue
  readonly clock: Pick<Clock, 'nowUs'>
}): PatternStore {
  const { queue, clock } = parts
  const { db } = parts.storage
  let added = 0

  return {
    async add({ turnId, fingerprint: own, model, outcome, costNanoUsd }) {
      const nowUs = clock.nowUs()
      const row = {
        turn_id: turnId,
        timestamp_us: nowUs,
        model,
        outcome,
        cost_nano_usd: costNanoUsd,
        fingerprint_json: JSON.stringify(own),
      }
      const insert = db.insertInto('turn_patterns').values(row)
      const forget = db.deleteFrom('turn_patterns').where('timestamp_us', '<', nowUs - KEPT_US)
      added += 1
      await queue.commit([
        insert.onConflict((conflict) => conflict.doNothing()).compile(),
        ...(added % FORGET_EVERY === 1 ? [forget.compile()] : []),
      ])
    },

    async judge(turnId, outcome) {
      const update = db.updateTable('turn_patterns').set({ outcome, timestamp_us: clock.nowUs() })
      await queue.commit([update.where('turn_id', '=', turnId).compile()])
    },

    async read(sinceUs, most) {
      const rows = await db
        .selectFrom('turn_patterns as p')
        .leftJoin('turn_feedback as f', 'f.turn_id', 'p.turn_id')
        .select(['p.turn_id', 'p.model', 'p.outcome', 'p.cost_nano_usd', 'p.fingerprint_json', 'f.rating'])
        .where('p.timestamp_us', '>=', sinceUs)
        .orderBy('p.timestamp_us', 'desc')
        .limit(most)
        .execute()
      return rows.toReversed().flatMap((row) => {
        const parsed = fingerprint.safeParse(JSON.parse(row.fingerprint_json))
        if (!parsed.success) return []
        const costNanoUsd = row.cost_nano_usd === null ? null : Number(row.cost_nano_usd)
        return [
          { turnId: row.turn_id, fingerprint: parsed.data, model: row.model, outcome: row.rating ?? row.outcome, costNanoUsd },
        ]
      })
    },
  }
}

/** @returns false when no call of that turn is on record */
export async function giveFeedback(
  { storage, queue, clock }: Parameters<typeof createPatternStore>[0],
  turnId: string,
  rating: number,
): Promise<boolean> {
  const { db } = storage
  const turn = await db.selectFrom('calls').select('turn_id').where('turn_id', '=', turnId).executeTakeFirst()
  if (turn === undefined) return false
  const row = { turn_id: turnId, timestamp_us: clock.nowUs(), rating }
  // Whoever looks for what is new finds the turn again.
  const learned = db.updateTable('turn_patterns').set({ timestamp_us: row.timestamp_us }).where('turn_id', '=', turnId)
  const upsert = db
    .insertInto('turn_feedback')
    .values(row)
    .onConflict((conflict) => conflict.column('turn_id').doUpdateSet({ rating, timestamp_us: row.timestamp_us }))
  await queue.commit([upsert.compile(), learned.compile()])
  return true
}
