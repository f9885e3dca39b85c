// Puts a backup in the place of a database: only one that is ours, never under a process that has the old one open, and the
// old one stays beside it.
import { existsSync, renameSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { isDeadBy } from '../../src/store/instances.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { processFacts } from './process-facts.ts'
import { copyInto } from './sqlite-copy.ts'
import { faultOf, loadSqliteDriver } from './sqlite-driver.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { prepareFile } from './sqlite-file.ts'

export interface Restored {
  /** Where the old database is now; null = there was none. */
  readonly aside: string | null
  readonly events: number
}

/** @throws StoreError; then nothing has changed */
export async function restoreSqlite(from: string, to: string, options: { force: boolean; nowMs: number }): Promise<Restored> {
  const driver = await loadSqliteDriver()
  if (resolve(from) === resolve(to)) throw new StoreError(`${from} is the database itself`, 'give the file of a backup')
  prepareFile(from, driver, true)
  const source = driver.connect(from, { readonly: true })
  try {
    const events = countEvents(source, from)
    const exists = existsSync(to) && statSync(to).size > 0
    if (exists && !options.force)
      throw new StoreError(`there is a database at ${to}`, 'give --force to put it aside and the backup in its place')
    if (exists) settle(driver.connect, to, options.nowMs)
    const whole = `${to}.restored`
    copyInto(source, whole)
    const aside = exists ? putAside(to, options.nowMs) : null
    renameSync(whole, to)
    return { aside, events }
  } finally {
    source.close()
  }
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

/** A file that cannot be read any more holds nothing that could run on it. */
function settle(connect: (path: string, options: { readonly: boolean }) => SqliteConnection, file: string, nowMs: number): void {
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

/** With its journals: what is in them belongs to it. */
function putAside(file: string, nowMs: number): string {
  const stamp = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '')
  const aside = `${file}.before-restore-${stamp}`
  for (const suffix of ['', '-wal', '-shm']) if (existsSync(file + suffix)) renameSync(file + suffix, aside + suffix)
  return aside
}

/** The only value of a row. */
function textOf(row: unknown): string {
  return typeof row === 'object' && row !== null ? String(Object.values(row)[0]) : ''
}
