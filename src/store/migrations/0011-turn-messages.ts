// What was asked and answered, of keys with `log_messages` (columns: ../schema.ts).
import type { Kysely, Migration } from 'kysely'

export const turnMessages: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('turn_messages')
      .addColumn('turn_id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('created_us', 'bigint', (column) => column.notNull())
      .addColumn('request_text', 'text', (column) => column.notNull())
      .addColumn('answer_text', 'text', (column) => column.notNull())
      .execute()
    await db.schema.createIndex('turn_messages_time').on('turn_messages').column('created_us').execute()
  },
}
