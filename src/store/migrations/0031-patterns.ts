// What the pattern slot learns: fingerprints of turns and how they went (columns: ../schema.ts); and what people say of turns.
import type { Kysely, Migration } from 'kysely'

export const patterns: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('turn_patterns')
      .addColumn('turn_id', 'text', (c) => c.primaryKey().notNull())
      .addColumn('timestamp_us', 'bigint', (c) => c.notNull())
      .addColumn('model', 'text', (c) => c.notNull())
      .addColumn('outcome', 'double precision', (c) => c.notNull())
      .addColumn('cost_nano_usd', 'bigint')
      .addColumn('fingerprint_json', 'text', (c) => c.notNull())
      .execute()
    await db.schema.createIndex('turn_patterns_time').on('turn_patterns').column('timestamp_us').execute()
    await db.schema
      .createTable('turn_feedback')
      .addColumn('turn_id', 'text', (c) => c.primaryKey().notNull())
      .addColumn('timestamp_us', 'bigint', (c) => c.notNull())
      .addColumn('rating', 'double precision', (c) => c.notNull())
      .execute()
  },
}
