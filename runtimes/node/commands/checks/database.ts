// The database as it stands, opened for reading only: doctor changes nothing that it was not asked to.
import { stat } from 'node:fs/promises'
import { keysWithOwners } from '../../../../src/store/key-statements.ts'
import { refuseNewer, schemaState } from '../../../../src/store/migrate.ts'
import type { Storage } from '../../../../src/store/storage.ts'
import type { DatabaseAddress } from '../../database-address.ts'
import type { PostgresAddress, PostgresStorage } from '../../postgres.ts'
import { openSqlite, type SqliteStorage } from '../../sqlite.ts'
import { lineOf } from '../faults.ts'
import { stateOf } from '../../../../src/store/key-json.ts'
import type { Finding } from './finding.ts'

export interface DatabaseReport {
  readonly findings: readonly Finding[]
  /** null = no event, or no database. */
  readonly newestEventUs: number | null
}

/** Below it two connections that checkpoint and write at one instant can corrupt a WAL database (reliability.md §2). */
const sqliteFloor = [3, 51, 3] as const
/** Older ones are out of their makers' support. */
const postgresFloor = 14

export async function checkDatabase(database: DatabaseAddress, nowUs: number): Promise<DatabaseReport> {
  if (database.kind === 'sqlite' && (await stat(database.path).catch(() => null)) === null)
    return {
      findings: [{ check: 'database', level: 'ok', message: `${database.path} is not there yet: the first start makes it` }],
      newestEventUs: null,
    }
  try {
    return database.kind === 'sqlite' ? await checkFile(database.path, nowUs) : await checkServer(database, nowUs)
  } catch (error) {
    const mend = error instanceof Error && 'mend' in error ? String(error.mend) : 'see the message'
    const message = error instanceof Error ? error.message : lineOf(error)
    return { findings: [{ check: 'database', level: 'fault', message, mend }], newestEventUs: null }
  }
}

async function checkFile(path: string, nowUs: number): Promise<DatabaseReport> {
  const storage = await openSqlite(path, { readonly: true })
  try {
    return await contentOf(storage, driverFinding(path, storage), nowUs)
  } finally {
    await storage.close()
  }
}

async function checkServer(address: PostgresAddress, nowUs: number): Promise<DatabaseReport> {
  const { openPostgres } = await import('../../postgres.ts')
  const storage = await openPostgres(address, { readonly: true })
  try {
    return await contentOf(storage, serverFinding(address.shown, storage), nowUs)
  } finally {
    await storage.close()
  }
}

async function contentOf(storage: Storage, driver: Finding, nowUs: number): Promise<DatabaseReport> {
  const { applied, pending, unknown } = await schemaState(storage)
  refuseNewer(unknown)
  if (pending.length === 0)
    return { findings: [driver, await keysFinding(storage, nowUs)], newestEventUs: await newestEventUs(storage) }
  const message =
    applied.length === 0
      ? 'it is empty: the first start makes its tables'
      : `${pending.length} migrations wait for the next start`
  return { findings: [driver, { check: 'database', level: 'ok', message }], newestEventUs: null }
}

function serverFinding(shown: string, { serverVersion: version, isPooled }: PostgresStorage): Finding {
  const message = `${shown}, PostgreSQL ${version} through pg${isPooled ? ' and a pooler, which keeps sessions apart' : ''}`
  if (Number.parseInt(version, 10) >= postgresFloor) return { check: 'database', level: 'ok', message }
  return {
    check: 'database',
    level: 'warning',
    message: `${message}: older than ${postgresFloor}, the oldest that metis-gateway is made for`,
    mend: 'upgrade the server',
  }
}

function driverFinding(path: string, { driver, sqliteVersion }: SqliteStorage): Finding {
  const message = `${path}, SQLite ${sqliteVersion} through ${driver}`
  if (!isBelow(sqliteVersion)) return { check: 'database', level: 'ok', message }
  return {
    check: 'database',
    level: 'warning',
    message: `${message}: older than ${sqliteFloor.join('.')}, which mends a rare corruption when several processes share a file`,
    mend:
      driver === 'node:sqlite'
        ? 'upgrade Node, or npm install better-sqlite3'
        : 'npm install better-sqlite3@latest, or run one process only',
  }
}

/** Is a version such as `3.51.2` below the floor? */
export function isBelow(version: string): boolean {
  const parts = version.split('.').map(Number)
  for (const [index, floor] of sqliteFloor.entries()) {
    const part = parts[index] ?? 0
    if (part !== floor) return part < floor
  }
  return false
}

async function keysFinding({ db }: Storage, nowUs: number): Promise<Finding> {
  const keys = await keysWithOwners(db).select(['k.revoked_us', 'k.expires_us']).execute()
  const active = keys.filter((key) => stateOf(key, nowUs) === 'active').length
  if (active > 0) return { check: 'keys', level: 'ok', message: `${active} of ${keys.length} keys are active` }
  return {
    check: 'keys',
    level: 'warning',
    message: keys.length === 0 ? 'no key has been issued' : `none of ${keys.length} keys is active`,
    mend: 'metis-gateway issue-key --name NAME --workspace PATH',
  }
}

async function newestEventUs({ db }: Storage): Promise<number | null> {
  const row = await db
    .selectFrom('events')
    .select((table) => table.fn.max('timestamp_us').as('newest'))
    .executeTakeFirst()
  return row?.newest ?? null
}
