// Puts a backup in the place of a database: only one that is ours, never under a process that has the old one open, and the
// old one stays beside it. Cut anywhere, there is the old database or the new one, whole.
import { existsSync, linkSync, realpathSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { isDeadBy } from '../../src/store/instances.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { makeFolder } from './make-folder.ts'
import { processFacts } from './process-facts.ts'
import { copyBeside } from './sqlite-copy.ts'
import { faultOf, loadSqliteDriver } from './sqlite-driver.ts'
import type { SqliteConnection, SqliteDriver } from './sqlite-connection.ts'
import { prepareFile, unusable } from './sqlite-file.ts'

export interface Restored {
  /** Where the old database is now; null = there was none. */
  readonly aside: string | null
  readonly events: number
}

/** @throws StoreError; then nothing has changed */
export async function restoreSqlite(from: string, at: string, options: { force: boolean; nowMs: number }): Promise<Restored> {
  const driver = await loadSqliteDriver()
  prepareFile(from, driver, { readonly: true, mustExist: true })
  // Through a link: the file it names is the database, and where there is room for it.
  const to = existsSync(at) ? realpathSync(at) : at
  if (isSameFile(from, to)) throw new StoreError(`${from} is the database itself`, 'give the file of a backup')
  const source = driver.connect(from, { readonly: true })
  try {
    const events = countEvents(source, from)
    const exists = existsSync(to) && statSync(to).size > 0
    if (exists && !options.force)
      throw new StoreError(`there is a database at ${to}`, 'give --force to put it aside and the backup in its place')
    if (exists) settle(driver, to, options.nowMs)
    const part = copyFor(source, to)
    try {
      leaveProcesses(driver, part)
      // Once more: a copy takes its time, and a gateway may have started meanwhile.
      if (exists) settle(driver, to, options.nowMs)
      return { aside: takePlace(part, to, exists, options.nowMs), events }
    } catch (error) {
      rmSync(part, { force: true })
      throw error
    }
  } finally {
    source.close()
  }
}

function isSameFile(a: string, b: string): boolean {
  const [one, other] = [statSync(a), statSync(b, { throwIfNoEntry: false })]
  return one.ino === other?.ino && one.dev === other.dev
}

function countEvents(connection: SqliteConnection, file: string): number {
  const [check] = connection.prepare('pragma quick_check').all([])
  if (textOf(check) !== 'ok') throw new StoreError(`${file} is damaged (${textOf(check).slice(0, 80)})`, 'give another backup')
  try {
    return Number(textOf(connection.prepare('select count(*) as events from events').all([])[0]))
  } catch (error) {
    throw new StoreError(`${file} is not a metis database (it has no events)`, 'give the file of a backup', error)
  }
}

function copyFor(source: SqliteConnection, to: string): string {
  try {
    makeFolder(dirname(to))
    return copyBeside(source, to)
  } catch (error) {
    throw unusable(to, error)
  }
}

/** The gateways of the backup do not run on this database: turns that they had under way then are closed at its next start. */
function leaveProcesses({ connect }: SqliteDriver, file: string): void {
  const connection = connect(file, { readonly: false })
  try {
    connection.exec(`update instances set process_start = 'of a backup', heartbeat_us = 0`)
  } finally {
    connection.close()
  }
}

/** A file that cannot be read any more holds nothing that could run on it. */
function settle({ connect }: SqliteDriver, file: string, nowMs: number): void {
  let connection: SqliteConnection
  try {
    connection = connect(file, { readonly: false })
  } catch {
    return
  }
  try {
    refuseLive(connection, file, nowMs)
    leaveWal(connection, file)
  } finally {
    connection.close()
  }
}

function refuseLive(connection: SqliteConnection, file: string, nowMs: number): void {
  const isDead = isDeadBy(processFacts(), nowMs * 1000)
  for (const row of instancesIn(connection)) {
    if (typeof row !== 'object' || row === null) continue
    const instance = { id: '', version: '', started_us: 0, host: '', pid: 0, process_start: '', heartbeat_us: 0, ...row }
    if (!isDead(instance))
      throw new StoreError(`a gateway runs on ${file} (pid ${instance.pid} on ${instance.host})`, 'stop it, then restore')
  }
}

/** None in what cannot be read: a damaged file is what backups are for. */
function instancesIn(connection: SqliteConnection): readonly unknown[] {
  try {
    return connection.prepare('select host, pid, process_start, heartbeat_us from instances').all([])
  } catch {
    return []
  }
}

/** Only the last one who has it open may leave WAL, and then everything is in the one file. */
function leaveWal(connection: SqliteConnection, file: string): void {
  try {
    const [mode] = connection.prepare('pragma journal_mode = delete').all([])
    if (textOf(mode) === 'wal') throw inUse(file)
  } catch (error) {
    if (error instanceof StoreError) throw error
    if (faultOf(error) === 'busy') throw inUse(file)
  }
}

const inUse = (file: string): StoreError =>
  new StoreError(`another process has ${file} open`, 'stop the gateway and serve, then restore')

/**
 * Journals go first, also those of a file that is gone: SQLite would play them into whatever lies there. Then the old file gets
 * its second name, and one rename takes its first: at no moment is there no database, which the next start would make anew, empty.
 */
function takePlace(part: string, to: string, exists: boolean, nowMs: number): string | null {
  const aside = `${to}.before-restore-${new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')}`
  try {
    for (const suffix of ['-wal', '-shm']) if (existsSync(to + suffix)) renameSync(to + suffix, aside + suffix)
    if (exists) nameAlso(to, aside)
    renameSync(part, to)
    return exists ? aside : null
  } catch (error) {
    throw unusable(to, error)
  }
}

/** A file system without hard links has a moment between two renames instead. */
function nameAlso(file: string, name: string): void {
  try {
    linkSync(file, name)
  } catch (error) {
    if (existsSync(name)) throw error
    renameSync(file, name)
  }
}

/** The only value of a row. */
function textOf(row: unknown): string {
  return typeof row === 'object' && row !== null ? String(Object.values(row)[0]) : ''
}
