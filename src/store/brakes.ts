// Keys and sessions that ran away: each finding is an event; a brake, where they are stopped for it, is a row until it is released.
import { sql } from 'kysely'
import type { Clock } from '../services.ts'
import { auditEvent, insertEventIf } from './audit.ts'
import type { Author } from './audit.ts'
import type { CommitQueue } from './commit-queue.ts'
import type { BrakesTable } from './schema.ts'
import type { Storage } from './storage.ts'

export interface BrakeStore {
  list(): readonly BrakesTable[] | Promise<readonly BrakesTable[]>
  /** On record once while the brake is on, whoever finds it. */
  put(subject: string, reason: string, payload: Readonly<Record<string, unknown>>): Promise<void>
  /** On record each time: nobody is stopped for it. */
  note(subject: string, reason: string, payload: Readonly<Record<string, unknown>>): Promise<void>
  /** False when there is no such brake. */
  release(subject: string, by: Author): Promise<boolean>
}

export interface BrakeStoreParts {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly clock: Clock
  readonly newId: () => string
}

export function createBrakeStore({ storage, queue, clock, newId }: BrakeStoreParts): BrakeStore {
  const { db } = storage
  const all = db.selectFrom('brakes').selectAll().orderBy('since_us').orderBy('subject').compile()
  const isOn = (subject: string) => sql`exists (select 1 from brakes where subject = ${subject})`
  const found = (subject: string, reason: string, stopped: boolean, payload: Readonly<Record<string, unknown>>) =>
    auditEvent('gateway.runaway_detected', { subject, reason, stopped, ...payload }, { id: newId(), timestampUs: clock.nowUs() })

  return {
    list: () => storage.read(all),
    put: async (subject, reason, payload) => {
      const insert = db
        .insertInto('brakes')
        .values({ subject, reason, since_us: clock.nowUs() })
        .onConflict((conflict) => conflict.doNothing())
      await queue.commit([insertEventIf(db, found(subject, reason, true, payload), sql`not ${isOn(subject)}`), insert.compile()])
    },
    note: async (subject, reason, payload) => {
      await queue.commit([insertEventIf(db, found(subject, reason, false, payload), sql`1 = 1`)])
    },
    release: async (subject, by) => {
      const event = auditEvent('gateway.runaway_released', { subject, ...by }, { id: newId(), timestampUs: clock.nowUs() })
      const [, released = 0] = await queue.commit([
        insertEventIf(db, event, isOn(subject)),
        db.deleteFrom('brakes').where('subject', '=', subject).compile(),
      ])
      return released === 1
    },
  }
}
