// What is spent and reserved of each cap, and the caps and permissions that 0001 had no column for.
import { SqliteAdapter, sql } from 'kysely'
import type { Kysely, Migration } from 'kysely'

export const quotas: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    for (const table of ['gateway_keys', 'users', 'teams'] as const) {
      await db.schema.alterTable(table).addColumn('budget_nano_usd', 'bigint').execute()
    }
    await db.schema
      .alterTable('gateway_keys')
      .addColumn('allow_unpriced', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
    const table = db.schema
      .createTable('quotas')
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('id', 'text', (column) => column.notNull())
      .addColumn('scope', 'text', (column) => column.notNull())
      .addColumn('period_us', 'bigint', (column) => column.notNull())
      .addColumn('spent_nano_usd', 'bigint', (column) => column.notNull())
      .addColumn('reserved_nano_usd', 'bigint', (column) => column.notNull())
      .addColumn('alerted_percent', 'bigint', (column) => column.notNull())
      .addColumn('last_turn_id', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('quotas_key', ['kind', 'id', 'scope', 'period_us'])
    // A row lives in its primary key where the dialect can: one page less to write in every commit.
    await (db.getExecutor().adapter instanceof SqliteAdapter ? table.modifyEnd(sql`without rowid`) : table).execute()
  },
}
