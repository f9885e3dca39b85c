// Bun's own SQLite behind the interface of Node's two drivers, so that the writer, the maintenance and their promises are the same
// (docs/decisions/0020-bun-shares-the-node-runtime.md).
import * as z from 'zod'
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

const bunSqliteModule = z.object({
  Database: z.custom<new (path: string, options: Readonly<Record<string, boolean>>) => BunSqlite>(
    (value) => typeof value === 'function',
  ),
})

export async function loadBunSqlite(): Promise<SqliteDriver> {
  const name = 'bun:sqlite'
  const { Database } = bunSqliteModule.parse(await import(name))
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
