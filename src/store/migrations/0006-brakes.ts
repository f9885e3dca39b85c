// Who is stopped for running away, until somebody lets them go on.
import type { Kysely, Migration } from 'kysely'

export const brakes: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('brakes')
      .addColumn('subject', 'text', (column) => column.primaryKey().notNull())
      .addColumn('reason', 'text', (column) => column.notNull())
      .addColumn('since_us', 'bigint', (column) => column.notNull())
      .execute()
  },
}
