// The database's file before it is opened for writing: what is wrong with it is said in one line, and nothing in it is
// changed until it is known to be ours.
import { chmodSync, closeSync, openSync, statSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { refuseNewer, stateOf } from '../../src/store/migrate.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { makeFolder } from './make-folder.ts'
import type { SqliteConnection, SqliteDriver } from './sqlite-connection.ts'

export interface FileUse {
  readonly readonly: boolean
  /** A path that was mistyped must not become an empty database. A file that is read must exist anyway. */
  readonly mustExist: boolean
}

/**
 * Makes folder (0700) and file (0600) where they are missing and proves that an existing file can be ours.
 * @throws StoreError; the file is then as it was, byte for byte
 */
export function prepareFile(path: string, driver: SqliteDriver, { readonly, mustExist }: FileUse): void {
  const stat = statOf(path)
  if (stat?.isDirectory() === true) throw new StoreError(`${path} is a directory`, 'give the path of a file with --db')
  if (stat === undefined) {
    if (readonly || mustExist)
      throw new StoreError(`${path} does not exist`, 'start the gateway once, or give another file with --db')
    create(path)
    return
  }
  if (stat.size > 0) inspect(path, driver)
  if (!readonly && (stat.mode & 0o077) !== 0) narrow(path)
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    throw unusable(path, error)
  }
}

function create(path: string): void {
  try {
    makeFolder(dirname(path))
    closeSync(openSync(path, 'a', 0o600))
  } catch (error) {
    throw unusable(path, error)
  }
}

/** Through SQLite and read-only: closing a plain descriptor would drop the locks that this process holds on the file. */
function inspect(path: string, driver: SqliteDriver): void {
  let connection: SqliteConnection | undefined
  try {
    connection = driver.connect(path, { readonly: true })
    connection.exec('pragma busy_timeout = 5000')
    const tables = connection.prepare(`select name from sqlite_master where type = 'table'`).all([]).flatMap(nameOf)
    if (tables.length === 0) return
    if (!tables.includes('kysely_migration'))
      throw new StoreError(`${path} is not a metis database (it holds another program's tables)`, 'give another file with --db')
    const rows = connection.prepare('select name from kysely_migration order by name').all([])
    refuseNewer(stateOf(rows.flatMap(nameOf)).unknown, path)
  } catch (error) {
    throw error instanceof StoreError ? error : unusable(path, error)
  } finally {
    connection?.close()
  }
}

const nameOf = (row: unknown): readonly string[] =>
  typeof row === 'object' && row !== null && 'name' in row && typeof row.name === 'string' ? [row.name] : []

/** Someone else's file, or a file system without modes: `doctor` shows it, and it is no reason not to run. */
function narrow(path: string): void {
  try {
    chmodSync(path, 0o600)
  } catch {
    return
  }
}

/** What SQLite or the system said of a file, as one line with its mend. */
export function unusable(path: string, error: unknown): StoreError {
  const text = error instanceof Error ? error.message : String(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (/not a database|malformed/i.test(text) || code === 'SQLITE_NOTADB') {
    return new StoreError(
      `${path} is not a metis database (${text})`,
      'give another file with --db, or put a backup in its place',
      error,
    )
  }
  if (code === 'EACCES' || code === 'EPERM' || /unable to open|readonly|read-only/i.test(text)) {
    return new StoreError(
      `${path} cannot be opened for writing (${text})`,
      'check the owner and mode of the file and its folder',
      error,
    )
  }
  return new StoreError(`${path} cannot be used (${text})`, 'see the message; `metis-gateway doctor` looks closer', error)
}
