// From laptops to a hub: on the hub who may push and what the pushed ids are called, on a laptop what a hub has.
import type { Kysely, Migration } from 'kysely'

export const hub: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema
      .createTable('hub_tokens')
      .addColumn('id', 'text', (c) => c.primaryKey().notNull())
      .addColumn('source', 'text', (c) => c.notNull())
      .addColumn('token_hash', 'text', (c) => c.notNull())
      .addColumn('created_us', 'bigint', (c) => c.notNull())
      .addColumn('revoked_us', 'bigint')
      .addColumn('last_push_us', 'bigint')
      .execute()
    await db.schema
      .createTable('pushed_names')
      .addColumn('kind', 'text', (c) => c.notNull())
      .addColumn('id', 'text', (c) => c.notNull())
      .addColumn('name', 'text', (c) => c.notNull())
      .addColumn('source', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('pushed_names_key', ['kind', 'id'])
      .execute()
    await db.schema
      .createTable('pushed_turns')
      .addColumn('hub', 'text', (c) => c.notNull())
      .addColumn('turn_id', 'text', (c) => c.notNull())
      .addPrimaryKeyConstraint('pushed_turns_key', ['hub', 'turn_id'])
      .execute()
  },
}
