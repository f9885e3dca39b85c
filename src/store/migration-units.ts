// Migrations as lists of statements: for databases without transactions across statements (D1), and for tools that take SQL
// files. Each list carries its own record, so that a migration is there whole, once, or not at all.
import { DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import type { CompiledQuery } from 'kysely'
import { migrations } from './migrations/index.ts'
import type { Unit } from './storage.ts'

/** Where Kysely's Migrator keeps the same: either may go on where the other stopped. */
export const migrationTable = `create table if not exists "kysely_migration" ("name" varchar(255) not null primary key, "timestamp" varchar(255) not null)`

/** Of SQLite's dialect. `at`: when it runs, for the record. */
export async function migrationUnit(name: string, at: string): Promise<Unit> {
  const statements: CompiledQuery[] = []
  const db = new Kysely<unknown>({
    dialect: {
      createAdapter: () => new SqliteAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (self) => new SqliteIntrospector(self),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
    log: ({ query }) => {
      statements.push(query)
    },
  })
  await migrations[name]?.up(db)
  const record = sql`insert into kysely_migration (name, timestamp) values (${name}, ${at})`
  return [...statements, record.compile(db)]
}

/** A file of one migration, as `wrangler d1 migrations apply` takes it. The record's time is the database's. */
export async function migrationFile(name: string): Promise<string> {
  const unit = await migrationUnit(name, '')
  const statements = unit.map(({ sql: text, parameters }) => {
    if (parameters.length === 0) return text
    // Only the record has any.
    return `insert into kysely_migration (name, timestamp) values ('${name}', strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))`
  })
  const head = `-- Made of src/store/migrations/${name}.ts by the build.`
  return `${head}\n${[migrationTable, ...statements].map((text) => `${text};\n`).join('')}`
}
