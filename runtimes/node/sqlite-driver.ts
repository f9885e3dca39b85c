// The SQLite drivers behind one small interface: on Node better-sqlite3 where it loads, else node:sqlite; on Bun its own.
import { StoreError } from '../../src/store/store-error.ts'
import { loadBunSqlite } from '../bun/sqlite-driver.ts'
import { isBun } from '../this-runtime.ts'
import type { SqliteDriver } from './sqlite-connection.ts'

/**
 * The driver that loads. Each is imported when first needed: they are native, and better-sqlite3 is optional.
 * @throws StoreError when none does
 */
export async function loadSqliteDriver(preferred?: SqliteDriver['name']): Promise<SqliteDriver> {
  const faults: unknown[] = []
  const loaders = { 'better-sqlite3': loadBetterSqlite, 'node:sqlite': loadNodeSqlite, 'bun:sqlite': loadBunSqlite }
  const usual = isBun ? (['bun:sqlite'] as const) : (['better-sqlite3', 'node:sqlite'] as const)
  for (const name of preferred === undefined ? usual : [preferred]) {
    const load = loaders[name]
    try {
      return await load()
    } catch (error) {
      faults.push(error)
    }
  }
  throw new StoreError(
    `no SQLite driver loads on Node ${process.versions.node}`,
    'run `npm rebuild better-sqlite3`, or use Node 22.13 or newer',
    new AggregateError(faults),
  )
}

async function loadBetterSqlite(): Promise<SqliteDriver> {
  const { default: Database } = await import('better-sqlite3')
  // The JavaScript half loads without its binary: only opening a database proves it.
  new Database(':memory:').close()
  return { name: 'better-sqlite3', connect: (path, { readonly }) => new Database(path, { readonly, timeout: 0 }) }
}

/** What we use of node:sqlite; Node 20's types do not know it. */
interface NodeSqlite {
  readonly isOpen: boolean
  exec(sql: string): void
  close(): void
  prepare(sql: string): {
    columns(): readonly unknown[]
    all(...parameters: readonly unknown[]): unknown[]
    run(...parameters: readonly unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
    iterate(...parameters: readonly unknown[]): IterableIterator<unknown>
  }
}

/** By hand: the status line loads this too, and a schema library would take longer than all that it does. */
function hasDatabaseSync(
  module: unknown,
): module is { readonly DatabaseSync: new (path: string, options: { readOnly: boolean }) => NodeSqlite } {
  return typeof module === 'object' && module !== null && 'DatabaseSync' in module && typeof module.DatabaseSync === 'function'
}

async function loadNodeSqlite(): Promise<SqliteDriver> {
  const name = 'node:sqlite'
  const module = await importQuietly(name)
  if (!hasDatabaseSync(module)) throw new TypeError(`${name} has no DatabaseSync`)
  const { DatabaseSync } = module
  return {
    name,
    connect: (path, { readonly }) => {
      const database = new DatabaseSync(path, { readOnly: readonly })
      return {
        exec: (sql) => database.exec(sql),
        // Closing twice is fine with better-sqlite3, and Kysely closes what we close again.
        close: () => {
          if (database.isOpen) database.close()
        },
        prepare: (sql) => {
          const statement = database.prepare(sql)
          return {
            reader: statement.columns().length > 0,
            all: (parameters) => statement.all(...parameters),
            run: (parameters) => statement.run(...parameters),
            iterate: (parameters) => statement.iterate(...parameters),
          }
        },
      }
    },
  }
}

/** Node 22 warns once, at import, that node:sqlite is experimental: nothing a user of ours could act on. */
async function importQuietly(name: string): Promise<unknown> {
  const { emitWarning } = process
  process.emitWarning = () => undefined
  try {
    return await import(name)
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Whose fault an error is: a lock's (try again), the store's (disk, permission, damage), or the statement's own. */
export function faultOf(error: unknown): 'busy' | 'store' | 'statement' {
  const name = primaryCodeOf(error)
  if (name === 'BUSY' || name === 'LOCKED' || name === 'PROTOCOL') return 'busy'
  return name !== null && storeFaults.has(name) ? 'store' : 'statement'
}

const storeFaults = new Set(['PERM', 'NOMEM', 'READONLY', 'IOERR', 'CORRUPT', 'FULL', 'CANTOPEN', 'NOTADB'])
const namesByCode = new Map([
  [3, 'PERM'],
  [5, 'BUSY'],
  [6, 'LOCKED'],
  [7, 'NOMEM'],
  [8, 'READONLY'],
  [10, 'IOERR'],
  [11, 'CORRUPT'],
  [13, 'FULL'],
  [14, 'CANTOPEN'],
  [15, 'PROTOCOL'],
  [26, 'NOTADB'],
])

/** `BUSY` of better-sqlite3's `SQLITE_BUSY_SNAPSHOT` and of node:sqlite's errcode 517; null for what SQLite did not say. */
function primaryCodeOf(error: unknown): string | null {
  if (!(error instanceof Error)) return null
  if ('errcode' in error && typeof error.errcode === 'number') return namesByCode.get(error.errcode & 255) ?? null
  if (!('code' in error) || typeof error.code !== 'string') return null
  return /^SQLITE_([A-Z]+)/.exec(error.code)?.[1] ?? null
}
