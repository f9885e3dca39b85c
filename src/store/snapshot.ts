// One moment of the store: every read of `work` sees the same rows, however many commits happen meanwhile.
import type { Kysely } from 'kysely'
import type { Database } from './schema.ts'
import type { Storage } from './storage.ts'

/** On D1, which has no transactions that span requests, the reads see what is there when each of them runs. */
export function readSnapshot<T>(
  { dialect, db }: Pick<Storage, 'dialect' | 'db'>,
  work: (db: Kysely<Database>) => Promise<T>,
): Promise<T> {
  switch (dialect) {
    case 'sqlite':
      return db.transaction().execute(work)
    case 'postgres':
      return db.transaction().setIsolationLevel('repeatable read').execute(work)
    case 'd1':
      return work(db)
    default:
      return dialect satisfies never
  }
}
