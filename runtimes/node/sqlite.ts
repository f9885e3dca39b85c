// SQLite on Node: a writer that never waits, a second connection for everything else, and maintenance beside them.
import { statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Kysely, SqliteDialect } from 'kysely'
import type { CompiledQuery } from 'kysely'
import type { Database } from '../../src/store/schema.ts'
import { StorageBusy } from '../../src/store/storage.ts'
import type { ExclusiveStorage, Unit, UnitOutcome } from '../../src/store/storage.ts'
import { startMaintenanceThread } from './maintenance-messages.ts'
import { createMaintenance } from './maintenance.ts'
import { copyInto } from './sqlite-copy.ts'
import { faultOf, loadSqliteDriver } from './sqlite-driver.ts'
import type { SqliteConnection, SqliteDriver } from './sqlite-connection.ts'
import { prepareFile, unusable } from './sqlite-file.ts'
import { createSqliteWriter, rollBack } from './sqlite-writer.ts'

export interface OpenSqliteOptions {
  readonly readonly?: boolean
  /** No file is made where there is none. */
  readonly mustExist?: boolean
  /** The bundle of maintenance-thread.ts; null or absent: the same work inline, for commands and tests. */
  readonly maintenance?: URL | null
  /** Told when the maintenance thread dies by itself. */
  readonly onFault?: (error: unknown) => void
  /** For tests; otherwise the first that loads. */
  readonly driver?: SqliteDriver['name']
}

export interface SqliteStorage extends ExclusiveStorage {
  readonly driver: SqliteDriver['name']
  readonly sqliteVersion: string
  /** Keeps the instance's heartbeat, once its row is there. */
  watch(instanceId: string): void
}

const lockWaitMs = 5000
const exclusiveWaitMs = 60_000
const copyLimitBytes = 1024 ** 3

/** @throws StoreError when there is no driver, or the file cannot be ours: it is left as it was */
export async function openSqlite(path: string, options: OpenSqliteOptions = {}): Promise<SqliteStorage> {
  const readonly = options.readonly === true
  const driver = await loadSqliteDriver(options.driver)
  prepareFile(path, driver, { readonly, mustExist: options.mustExist === true })
  const opened: SqliteConnection[] = []
  const connect = (): SqliteConnection => {
    const connection = driver.connect(path, { readonly })
    opened.push(connection)
    connection.exec(`pragma busy_timeout = ${lockWaitMs}`)
    if (!readonly) connection.exec('pragma journal_mode = wal')
    connection.exec('pragma synchronous = normal')
    connection.exec('pragma foreign_keys = on')
    return connection
  }
  try {
    const parts = { path, driver, readonly, writer: connect(), reader: connect() }
    return createSqliteStorage(parts, options)
  } catch (error) {
    for (const connection of opened) connection.close()
    throw unusable(path, error)
  }
}

interface Parts {
  readonly path: string
  readonly driver: SqliteDriver
  readonly readonly: boolean
  readonly writer: SqliteConnection
  readonly reader: SqliteConnection
}

function createSqliteStorage(parts: Parts, options: OpenSqliteOptions): SqliteStorage {
  const { path, driver, readonly, reader } = parts
  const commits = new Int32Array(new SharedArrayBuffer(4))
  const care = readonly ? noCare : careFor(parts, options, commits)
  parts.writer.exec('pragma busy_timeout = 0')
  if (options.maintenance) parts.writer.exec('pragma wal_autocheckpoint = 0')
  const writer = createSqliteWriter(parts.writer)
  const fallback = createSqliteWriter(reader)
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: reader }) })
  let closed = false

  return {
    dialect: 'sqlite',
    driver: driver.name,
    sqliteVersion: versionOf(reader),
    db,
    watch: care.watch,
    flush: care.flush,

    read: <Row>(query: CompiledQuery<Row>) => {
      try {
        return writer.read(query)
      } catch (error) {
        if (!(error instanceof StorageBusy)) throw error
        return fallback.read(query)
      }
    },

    identityVersion: () => writer.identityVersion(),

    commit: async (units: readonly Unit[]): Promise<readonly UnitOutcome[]> => {
      const outcomes = writer.commit(units)
      Atomics.add(commits, 0, 1)
      return outcomes
    },

    exclusively: async (work) => {
      await beginWaiting(reader)
      try {
        const result = await work()
        reader.exec('commit')
        return result
      } catch (error) {
        rollBack(reader)
        throw error
      }
    },

    copyBeforeMigration: async (fromVersion) => {
      if (statSync(path).size >= copyLimitBytes) return
      // The writer's connection is outside the transaction that `exclusively` holds, and sees the state before it.
      copyInto(parts.writer, `${path}.bak-${fromVersion}`)
    },

    copyTo: async (file) => copyInto(reader, file),

    close: async () => {
      if (closed) return
      closed = true
      await care.close()
      await db.destroy()
      reader.close()
      parts.writer.close()
    },
  }
}

interface Care {
  watch(instanceId: string): void
  flush(): Promise<void>
  close(): Promise<void>
}

const noCare: Care = { watch: () => undefined, flush: () => Promise.resolve(), close: () => Promise.resolve() }

function careFor({ path, driver }: Parts, options: OpenSqliteOptions, commits: Int32Array): Care {
  if (options.maintenance) {
    return startMaintenanceThread(
      options.maintenance,
      { path, driver: driver.name, commits },
      options.onFault ?? (() => undefined),
    )
  }
  const nowMs = () => performance.now()
  const maintenance = createMaintenance({ path, driver, commits, waitMs: 0, nowUs: () => Date.now() * 1000, nowMs })
  let timer: ReturnType<typeof setInterval> | undefined
  return {
    watch: (instanceId) => {
      maintenance.watch(instanceId)
      timer ??= setInterval(() => maintenance.tick(), 1000).unref()
    },
    flush: () => maintenance.flush(),
    close: async () => {
      clearInterval(timer)
      maintenance.close()
    },
  }
}

/** Another one may migrate for longer than SQLite would wait, and may be in this very process: so this waits in steps. */
async function beginWaiting(connection: SqliteConnection): Promise<void> {
  const end = performance.now() + exclusiveWaitMs
  while (!tryBegin(connection)) {
    if (performance.now() > end) throw new StorageBusy()
    await delay(20)
  }
}

function tryBegin(connection: SqliteConnection): boolean {
  connection.exec('pragma busy_timeout = 0')
  try {
    connection.exec('begin immediate')
    return true
  } catch (error) {
    if (faultOf(error) !== 'busy') throw error
    return false
  } finally {
    connection.exec(`pragma busy_timeout = ${lockWaitMs}`)
  }
}

function versionOf(connection: SqliteConnection): string {
  const [row] = connection.prepare('select sqlite_version() as version').all([])
  return typeof row === 'object' && row !== null && 'version' in row ? String(row.version) : 'unknown'
}
