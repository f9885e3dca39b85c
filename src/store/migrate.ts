// Brings a database to this program's schema, forward only, one process at a time. `schemaState` tells without touching.
import { Migrator, sql } from 'kysely'
import type { Kysely } from 'kysely'
import { migrationTable, migrationUnit } from './migration-units.ts'
import { migrations } from './migrations/index.ts'
import type { Database } from './schema.ts'
import { StoreError } from './store-error.ts'
import type { Storage } from './storage.ts'

export interface SchemaState {
  /** Migrations the database has run, oldest first. */
  readonly applied: readonly string[]
  /** What this program would run next. */
  readonly pending: readonly string[]
  /** What the database has run and this program has never heard of: a newer program was here. */
  readonly unknown: readonly string[]
}

/** Kysely's own record of what ran; the name is Kysely's. */
type MigrationRecord = {
  kysely_migration: { name: string }
}

const known = Object.keys(migrations).sort()

/** @throws StoreError when the database is newer than the program (nothing is changed), or a migration fails (all is rolled back) */
export async function migrate(storage: Storage): Promise<void> {
  const before = await schemaState(storage)
  refuseNewer(before.unknown)
  if (before.pending.length === 0) return
  if (storage.exclusively === undefined) return await migrateByUnits(storage, before.pending)
  await storage.exclusively(async () => {
    // Asked again: another process may have migrated while this one waited for the lock.
    const { applied, pending, unknown } = await schemaState(storage)
    refuseNewer(unknown)
    if (pending.length === 0) return
    const last = applied.at(-1)
    if (last !== undefined) await storage.copyBeforeMigration?.(last.slice(0, 4))
    await run(storage.db)
  })
}

export async function schemaState(storage: Pick<Storage, 'db'>): Promise<SchemaState> {
  const tables = await storage.db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === 'kysely_migration')) return stateOf([])
  const rows = await storage.db
    .withTables<MigrationRecord>()
    .selectFrom('kysely_migration')
    .select('name')
    .orderBy('name')
    .execute()
  return stateOf(rows.map((row) => row.name))
}

/** What names of applied migrations mean to this program. */
export function stateOf(applied: readonly string[]): SchemaState {
  return {
    applied,
    pending: known.filter((name) => !applied.includes(name)),
    unknown: applied.filter((name) => !known.includes(name)),
  }
}

/** @throws StoreError when `unknown` names migrations of a newer program */
export function refuseNewer(unknown: readonly string[], file?: string): void {
  const newest = unknown.at(-1)
  if (newest === undefined) return
  throw new StoreError(
    `${file ?? 'the database'} was written by a newer metis-gateway (schema ${newest}; this program knows ${known.at(-1) ?? 'none'})`,
    'upgrade metis-gateway, or give another file with --db',
  )
}

async function run(db: Kysely<Database>): Promise<void> {
  const provider = { getMigrations: () => Promise.resolve({ ...migrations }) }
  // The transaction is `exclusively`'s: one of Kysely's own would end it.
  // Numbers are given out in blocks: one that comes later may be a lower one.
  const migrator = new Migrator({ db, provider, disableTransactions: true, allowUnorderedMigrations: true })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw notMigrated(error)
}

/** One unit a migration: of two who run it at once, the other's fails as a whole, and finds it done. */
async function migrateByUnits(storage: Storage, pending: readonly string[]): Promise<void> {
  await sql.raw(migrationTable).execute(storage.db)
  for (const name of pending) {
    const [outcome] = await storage.commit([await migrationUnit(name, new Date().toISOString())])
    if (outcome?.ok === true) continue
    const { applied } = await schemaState(storage)
    if (!applied.includes(name)) throw notMigrated(outcome?.error)
  }
}

function notMigrated(error: unknown): StoreError {
  return new StoreError(`the database could not be migrated: ${String(error)}`, 'see the message; nothing was changed', error)
}
