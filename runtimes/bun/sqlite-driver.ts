// Bun's own SQLite behind the interface of Node's two drivers, so that the writer, the maintenance and their promises are the same
// (docs/decisions/0020-bun-shares-the-node-runtime.md).
import type { SqliteDriver } from '../node/sqlite-connection.ts'

/** What we use of bun:sqlite; the types of a project for Node do not know it. */
interface BunSqlite {
  exec(sql: string): void
  close(): void
  prepare(sql: string): {
    readonly columnNames: readonly string[]
    all(...parameters: readonly unknown[]): unknown[]
    run(...parameters: readonly unknown[]): { changes: number; lastInsertRowid: number | bigint }
    iterate(...parameters: readonly unknown[]): IterableIterator<unknown>
  }
}

function hasDatabase(
  module: unknown,
): module is { readonly Database: new (path: string, options: Readonly<Record<string, boolean>>) => BunSqlite } {
  return typeof module === 'object' && module !== null && 'Database' in module && typeof module.Database === 'function'
}

export async function loadBunSqlite(): Promise<SqliteDriver> {
  const name = 'bun:sqlite'
  const module: unknown = await import(name)
  if (!hasDatabase(module)) throw new TypeError(`${name} has no Database`)
  const { Database } = module
  return {
    name,
    connect: (path, { readonly }) => {
      const database = new Database(path, readonly ? { readonly: true } : { create: true, readwrite: true })
      return {
        exec: (sql) => database.exec(sql),
        close: () => database.close(),
        prepare: (sql) => {
          const statement = database.prepare(sql)
          return {
            reader: statement.columnNames.length > 0,
            all: (parameters) => statement.all(...parameters),
            run: (parameters) => statement.run(...parameters),
            iterate: (parameters) => statement.iterate(...parameters),
          }
        },
      }
    },
  }
}
