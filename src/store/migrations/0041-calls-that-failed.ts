// Finds what did not go well without reading all that did. It costs only calls of that kind a write.
import { sql } from 'kysely'
import type { Kysely, Migration } from 'kysely'

export const callsThatFailed: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql`create index calls_not_ok on calls (status, timestamp_us) where status <> 'ok'`.execute(db)
  },
}
