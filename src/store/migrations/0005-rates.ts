// Turns at once, and the token buckets that several gateways on one database share.
import { SqliteAdapter, sql } from 'kysely'
import type { Kysely, Migration } from 'kysely'

export const rates: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('gateway_keys').addColumn('concurrent_turns', 'bigint').execute()
    const table = db.schema
      .createTable('rate_buckets')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('level', 'bigint', (column) => column.notNull())
      .addColumn('updated_us', 'bigint', (column) => column.notNull())
    await (db.getExecutor().adapter instanceof SqliteAdapter ? table.modifyEnd(sql`without rowid`) : table).execute()
  },
}
