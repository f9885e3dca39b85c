// What calls of a client's own subscription would have cost: beside the cost, never in it.
import type { Kysely, Migration } from 'kysely'

export const subscriptions: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('calls').addColumn('list_nano_usd', 'bigint').execute()
    for (const name of ['subscription_calls', 'list_nano_usd'])
      await db.schema
        .alterTable('usage_hourly')
        .addColumn(name, 'bigint', (column) => column.notNull().defaultTo(0))
        .execute()
  },
}
