// The state before a migration, kept in a schema beside ours: what `metis.db.bak-<version>` is for a file.
import { sql } from 'kysely'
import type { Kysely } from 'kysely'
import type { Database } from '../../src/store/schema.ts'

/** Beyond it a copy takes too long and too much: a database of that size has backups of its own. */
const copyLimitBytes = 1024 ** 3

interface Found {
  readonly schema: string
  readonly bytes: number
  readonly may_create: boolean
}

/** Inside the migration's transaction: a migration that fails leaves no copy. Nothing where this user may make no schema. */
export async function copyTables(db: Kysely<Database>, fromVersion: string): Promise<void> {
  const tables = (await db.introspection.getTables()).filter(({ isView }) => !isView).map(({ name }) => name)
  const { rows } = await sql<Found>`
select current_schema() as schema, coalesce(sum(pg_total_relation_size(c.oid)), 0) as bytes,
  has_database_privilege(current_database(), 'create') as may_create
from pg_class c where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'`.execute(db)
  const [found] = rows
  if (found === undefined || !found.may_create || found.bytes >= copyLimitBytes) return
  const schema = `${found.schema}_before_${fromVersion}`
  await sql`drop schema if exists ${sql.id(schema)} cascade`.execute(db)
  await sql`create schema ${sql.id(schema)}`.execute(db)
  for (const table of tables) await sql`create table ${sql.id(schema, table)} as table ${sql.id(table)}`.execute(db)
}
