// Token buckets: what a key may do in a minute. In memory where one process has the database to itself, in the database where
// several gateways share it (docs/decisions/0009).
import { sql } from 'kysely'
import type { Clock } from '../services.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Storage } from './storage.ts'
import { createTemplate } from './statements.ts'

/** Holds at most `perMinute`, and fills up at that pace. */
export interface Bucket {
  readonly id: string
  readonly perMinute: number
}

export interface RateStore {
  /** ms to wait until there would be enough; 0 = there was, and it is taken. `amount` beyond what a bucket holds waits for a full one. */
  take(bucket: Bucket, amount: number): number | Promise<number>
  /** Takes what was used already: a bucket may be in debt for it. Negative gives back. Never waits, never throws. */
  charge(bucket: Bucket, amount: number): void
}

const minuteUs = 60_000_000
/** Buckets held in memory; full ones are forgotten first, and are the same as none. */
const heldBuckets = 50_000

export function createMemoryRates(clock: Clock): RateStore {
  const buckets = new Map<string, { level: number; atMs: number; readonly perMinute: number }>()

  function refilled({ id, perMinute }: Bucket): { level: number; atMs: number } {
    const nowMs = clock.nowMs()
    const held = buckets.get(id)
    if (held === undefined || held.perMinute !== perMinute) {
      if (buckets.size >= heldBuckets) forgetFull(nowMs)
      const fresh = { level: perMinute, atMs: nowMs, perMinute }
      buckets.set(id, fresh)
      return fresh
    }
    held.level = Math.min(perMinute, held.level + ((nowMs - held.atMs) * perMinute) / 60_000)
    held.atMs = nowMs
    return held
  }

  function forgetFull(nowMs: number): void {
    for (const [id, { level, atMs, perMinute }] of buckets)
      if (level + ((nowMs - atMs) * perMinute) / 60_000 >= perMinute) buckets.delete(id)
    if (buckets.size >= heldBuckets) buckets.clear()
  }

  return {
    take(bucket, amount) {
      const held = refilled(bucket)
      const wanted = Math.min(amount, bucket.perMinute)
      if (held.level < wanted) return waitMs(wanted - held.level, bucket)
      held.level -= wanted
      return 0
    },
    charge(bucket, amount) {
      refilled(bucket).level -= amount
    },
  }
}

/** At least 1: a wait of nothing would mean that it was taken. */
const waitMs = (missing: number, { perMinute }: Bucket): number => Math.max(1, Math.ceil((missing * 60_000) / perMinute))

interface SharedBucket {
  readonly id: string
  readonly per_minute: number
  /** In millionths, so that what a microsecond brings is not lost in rounding. */
  readonly amount: number
  readonly now_us: number
}

const millionths = 1_000_000

export function createSharedRates(parts: {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
}): RateStore {
  const { storage, queue, clock } = parts
  const { take, charge } = sharedStatements(storage)
  const rowOf = ({ id, perMinute }: Bucket, amount: number): SharedBucket => ({
    id,
    per_minute: perMinute,
    amount: Math.round(amount * millionths),
    now_us: clock.nowUs(),
  })

  return {
    async take(bucket, amount) {
      const wanted = Math.min(amount, bucket.perMinute)
      const row = rowOf(bucket, wanted)
      const [taken = 0] = await queue.commit([take(row)])
      if (taken === 1) return 0
      const query = storage.db.selectFrom('rate_buckets').selectAll().where('id', '=', bucket.id).compile()
      const [held] = await storage.read(query)
      if (held === undefined) return waitMs(0, bucket)
      const level = held.level / millionths + ((row.now_us - held.updated_us) * bucket.perMinute) / minuteUs
      return waitMs(wanted - level, bucket)
    },
    charge(bucket, amount) {
      if (amount === 0) return
      // What is lost with a store that is away is a little patience with one key.
      queue.commit([charge(rowOf(bucket, amount))]).catch(() => undefined)
    },
  }
}

/** Each is one statement that reads nothing first: it holds between gateways, on every database. */
function sharedStatements({ db }: Storage) {
  const integer = (value: unknown) => sql`cast(${value} as bigint)`
  return {
    take: createTemplate<SharedBucket>((slot) => {
      const [capacity, amount, nowUs] = [
        sql`(${integer(slot('per_minute'))} * 1000000)`,
        integer(slot('amount')),
        integer(slot('now_us')),
      ]
      const level = levelOf(capacity, integer(slot('per_minute')), nowUs)
      return sql`insert into rate_buckets (id, level, updated_us) select ${slot('id')}, ${capacity} - ${amount}, ${nowUs} where 1 = 1
on conflict (id) do update set level = ${level} - ${amount}, updated_us = ${later(nowUs)} where ${level} >= ${amount}`.compile(db)
    }),
    charge: createTemplate<SharedBucket>((slot) => {
      const [capacity, amount, nowUs] = [
        sql`(${integer(slot('per_minute'))} * 1000000)`,
        integer(slot('amount')),
        integer(slot('now_us')),
      ]
      const level = levelOf(capacity, integer(slot('per_minute')), nowUs)
      return sql`insert into rate_buckets (id, level, updated_us) select ${slot('id')}, ${capacity} - ${amount}, ${nowUs} where 1 = 1
on conflict (id) do update set level = ${level} - ${amount}, updated_us = ${later(nowUs)}`.compile(db)
    }),
  }
}

/** Gateways' clocks differ: one that is behind brings nothing, and takes no time away. */
const later = (nowUs: ReturnType<typeof sql>) =>
  sql`case when rate_buckets.updated_us > ${nowUs} then rate_buckets.updated_us else ${nowUs} end`

/** What is in the bucket now: as much as then and what came since (of an hour at most: the product must fit 64 bits). */
function levelOf(capacity: ReturnType<typeof sql>, perMinute: ReturnType<typeof sql>, nowUs: ReturnType<typeof sql>) {
  const since = sql`(case when ${nowUs} - rate_buckets.updated_us > 3600000000 then 3600000000
when ${nowUs} > rate_buckets.updated_us then ${nowUs} - rate_buckets.updated_us else 0 end)`
  const filled = sql`(rate_buckets.level + ${since} * ${perMinute} / 60)`
  return sql`(case when ${filled} > ${capacity} then ${capacity} else ${filled} end)`
}
