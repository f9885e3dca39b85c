// Takes the events of old turns away, whole turns only and never an audit event. Projections stay: no total changes by it.
import type { Kysely } from 'kysely'
import * as z from 'zod'
import { createUlidAt } from '../lib/ids.ts'
import { DAY_US } from '../lib/calendar.ts'
import type { Clock } from '../services.ts'
import { auditEvent, type Author } from './audit.ts'
import type { CommitQueue } from './commit-queue.ts'
import { eventPages } from './event-pages.ts'
import { eventPayloads } from './events.ts'
import type { Database } from './schema.ts'
import type { Storage } from './storage.ts'
import { parsedJson } from './stored-calls.ts'
import { createTurnStatements, eventRowOf } from './turn-statements.ts'

export interface PruneParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
  readonly newId: () => string
}

export interface Pruned {
  readonly turns: number
  readonly events: number
}

/** Before it events may be gone; 0 = nobody pruned. */
export async function readPrunedUs(db: Kysely<Database>): Promise<number> {
  const rows = await db.selectFrom('events').select('payload_json').where('type', '=', 'trace.pruned').execute()
  const times = rows.map((row) => prunedEvent.safeParse(parsedJson(row.payload_json)).data?.before_us ?? 0)
  return Math.max(0, ...times)
}

const prunedEvent = z.object({ before_us: z.int() })

/** How many there are of turns that ended before `beforeUs`. Changes nothing. */
export async function countPrunable({ storage }: Pick<PruneParts, 'storage'>, beforeUs: number): Promise<Pruned> {
  let turns = 0
  let events = 0
  for await (const ids of endedTurns(storage.db, beforeUs)) {
    turns += 1
    events += ids.length
  }
  return { turns, events }
}

/**
 * `trace.pruned` is on record before the first event goes: a prune that is cut short is still known as one, and a second one
 * finishes it.
 */
export async function prune(
  parts: PruneParts,
  beforeUs: number,
  by: Author,
  onProgress: (events: number) => void = () => undefined,
): Promise<Pruned> {
  const { storage, queue, clock, newId } = parts
  await queue.commit([forgetQuotas(storage.db, beforeUs), forgetMessages(storage.db, beforeUs)])
  const found = await countPrunable(parts, beforeUs)
  if (found.turns === 0) return found
  const stamp = { id: newId(), timestampUs: clock.nowUs() }
  const event = auditEvent('trace.pruned', { before_us: beforeUs, ...found, ...by }, stamp)
  await queue.commit([createTurnStatements(storage.db).insertEvent(eventRowOf(event))])
  let turns = 0
  let events = 0
  for await (const batch of batchesOf(endedTurns(storage.db, beforeUs))) {
    const ids = batch.flat()
    const [gone = 0] = await queue.commit([
      storage.db.deleteFrom('events').where('id', 'in', ids).compile(),
      // What was decided, and who was turned away, stands in events alone: a sum must not know more than they do.
      storage.db.deleteFrom('settled_spans').where('start_us', '<', beforeUs).compile(),
    ])
    turns += batch.length
    events += gone
    onProgress(events)
  }
  return { turns, events }
}

/** What keys with `log_messages` asked and were answered. */
const forgetMessages = (db: Kysely<Database>, beforeUs: number) =>
  db.deleteFrom('turn_messages').where('created_us', '<', beforeUs).compile()

/** What was spent of caps in days and months that are over; what a running turn holds of one is still to be given back. */
const forgetQuotas = (db: Kysely<Database>, beforeUs: number) =>
  db
    .deleteFrom('quotas')
    .where('scope', '<>', 'budget')
    .where('reserved_nano_usd', '=', 0)
    .where('period_us', '<', beforeUs - longestPeriodUs)
    .compile()
const longestPeriodUs = 31 * DAY_US

const pageSize = 500
/** Three events each, and D1 takes 100 parameters a statement. */
const turnsPerUnit = 30
const turnTypes = Object.keys(eventPayloads)

/** Ids of the events of one turn after another. Ids sort by time: the walk ends where younger ones begin. */
async function* endedTurns(db: Kysely<Database>, beforeUs: number): AsyncGenerator<readonly string[]> {
  const open = new Map<string, string[]>()
  const end = createUlidAt(Math.floor(beforeUs / 1000), new Uint8Array(16))
  const query = db
    .selectFrom('events')
    .select(['id', 'turn_id', 'type', 'timestamp_us'])
    .where('type', 'in', turnTypes)
    .where('id', '<', end)
  for await (const page of eventPages(query, pageSize)) {
    for (const event of page) {
      const turn = open.get(event.turn_id)
      if (event.type === 'route.decided') open.set(event.turn_id, [event.id])
      // What a prune that was cut short left of a turn, and a call that was imported.
      else if (turn === undefined) yield [event.id]
      else turn.push(event.id)
      if (event.type !== 'turn.completed' || turn === undefined) continue
      open.delete(event.turn_id)
      if (event.timestamp_us < beforeUs) yield turn
    }
  }
}

async function* batchesOf(turns: AsyncIterable<readonly string[]>): AsyncGenerator<readonly (readonly string[])[]> {
  let batch: (readonly string[])[] = []
  for await (const turn of turns) {
    batch.push(turn)
    if (batch.length < turnsPerUnit) continue
    yield batch
    batch = []
  }
  if (batch.length > 0) yield batch
}
