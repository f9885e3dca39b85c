// A turn of a session can be told to stop by whoever reaches the database: on Workers the one who asks is never the one who runs it.
import type { Kysely, Migration } from 'kysely'

export const sessionsStop: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('sessions').addColumn('stop_turn_id', 'text').execute()
  },
}
