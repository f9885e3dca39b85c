// The processes that write to this store, and which of them are dead: what makes a turn under way an orphan
// (reliability.md §1).
import type { CompiledQuery, Kysely } from 'kysely'
import type { Clock } from '../services.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { Database, InstancesTable } from './schema.ts'
import type { Storage } from './storage.ts'

/** Facts of the machine; the runtime gives them. */
export interface ProcessFacts {
  readonly host: string
  readonly pid: number
  /** Tells this process from a later one with the same pid; '' = unknown. */
  readonly processStart: string
  /** Of this host only. */
  isProcessAlive(pid: number, processStart: string): boolean
}

/** Parameters: heartbeat_us, id. Written once a second while something changes, else every 30 s. */
export const heartbeatSql = 'update instances set heartbeat_us = ? where id = ?'

/** The same through Kysely, for stores without a thread of their own. Changes no row when somebody took the instance for dead. */
export const heartbeatOf = (db: Kysely<Database>, id: string, nowUs: number) =>
  db.updateTable('instances').set({ heartbeat_us: nowUs }).where('id', '=', id)

/** Writes the instance's row as it is: what a full or read-only store refuses. */
export const probeOf = (db: Kysely<Database>, id: string): CompiledQuery =>
  db
    .updateTable('instances')
    .set(({ ref }) => ({ heartbeat_us: ref('heartbeat_us') }))
    .where('id', '=', id)
    .compile()

const silenceMs = 90_000
/** Silence counts while somebody looks: what lies between two looks that are far apart may be a database that was away for all. */
const longestLookMs = 15_000

/** Writes this process' row: before its first turn. */
export async function registerInstance(
  parts: { readonly storage: Storage; readonly queue: CommitQueue; readonly clock: Clock; readonly facts: ProcessFacts },
  instance: { readonly id: string; readonly version: string },
): Promise<void> {
  const { storage, queue, clock, facts } = parts
  const nowUs = clock.nowUs()
  const row: InstancesTable = {
    id: instance.id,
    host: facts.host,
    pid: facts.pid,
    process_start: facts.processStart,
    version: instance.version,
    started_us: nowUs,
    heartbeat_us: nowUs,
  }
  await queue.commit([
    storage.db
      .insertInto('instances')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .compile(),
  ])
}

/** On the way out, and when it is found dead: forgotten only when no turn points to it any more. */
export async function removeInstance(
  parts: { readonly storage: Storage; readonly queue: CommitQueue },
  id: string,
): Promise<void> {
  const unused = parts.storage.db
    .deleteFrom('instances')
    .where('id', '=', id)
    .where(({ not, exists, selectFrom }) => not(exists(selectFrom('inflight').select('turn_id').where('instance_id', '=', id))))
  await parts.queue.commit([unused.compile()])
}

/** For who looks once: of another host only its last heartbeat tells, by this host's clock. */
export function isDeadBy(facts: ProcessFacts, nowUs: number): (instance: InstancesTable) => boolean {
  return (instance) => isGone(facts, instance) ?? nowUs - instance.heartbeat_us > silenceMs * 1000
}

/** null: it is another host's, whose processes are not to be seen from here. */
const isGone = (facts: ProcessFacts, { host, pid, process_start }: InstancesTable): boolean | null =>
  host === facts.host ? !facts.isProcessAlive(pid, process_start) : null

/**
 * Whether an instance is dead, asked of each at every sweep. On this host the process table tells. Of another host only its
 * silence does: a heartbeat that has not moved for 90 s before these eyes, so that no two clocks are compared.
 */
export function createDeathWatch(facts: ProcessFacts, nowMs: () => number): (instance: InstancesTable) => boolean {
  const watched = new Map<string, { readonly heartbeatUs: number; readonly silentMs: number; readonly lookedMs: number }>()
  return (instance) => {
    const gone = isGone(facts, instance)
    if (gone !== null) return gone
    const lookedMs = nowMs()
    const before = watched.get(instance.id)
    const moved = before === undefined || before.heartbeatUs !== instance.heartbeat_us
    const silentMs = moved ? 0 : before.silentMs + Math.min(lookedMs - before.lookedMs, longestLookMs)
    watched.set(instance.id, { heartbeatUs: instance.heartbeat_us, silentMs, lookedMs })
    return silentMs > silenceMs
  }
}
