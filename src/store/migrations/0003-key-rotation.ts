// Keys that take each other's place: who follows whom, and which was the first.
import type { Kysely, Migration } from 'kysely'

export const keyRotation: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await db.schema.alterTable('gateway_keys').addColumn('successor_id', 'text').execute()
    await db.schema.alterTable('gateway_keys').addColumn('root_id', 'text').execute()
  },
}
