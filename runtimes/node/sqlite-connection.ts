// What the store asks of a SQLite driver, whichever it is.
import type { SqliteDatabase, SqliteStatement } from 'kysely'

export interface SqliteConnection extends SqliteDatabase {
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
}

export const sqliteDriverNames = ['better-sqlite3', 'node:sqlite', 'bun:sqlite'] as const

export interface SqliteDriver {
  readonly name: (typeof sqliteDriverNames)[number]
  connect(path: string, options: { readonly readonly: boolean }): SqliteConnection
}
