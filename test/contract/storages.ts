// Every database the store runs on: one line each, and each runs the whole storage contract.
import { basename } from 'node:path'
import { afterAll } from 'vitest'
import { databaseAddressOf } from '../../runtimes/node/database-address.ts'
import { openPostgres } from '../../runtimes/node/postgres.ts'
import { loadSqliteDriver } from '../../runtimes/node/sqlite-driver.ts'
import type { SqliteDriver } from '../../runtimes/node/sqlite-connection.ts'
import { openSqlite } from '../../runtimes/node/sqlite.ts'
import { isBun } from '../../runtimes/this-runtime.ts'
import { openD1 } from '../../runtimes/workers/d1.ts'
import { startD1, type D1Server } from '../support/d1.ts'
import { postgresBinaries, startPostgres, type PostgresServer } from '../support/postgres-server.ts'
import type { OpenStorage } from './storage-contract.ts'

const onSqlite = (driver: SqliteDriver['name']): OpenStorage => ({
  open: (folder) => openSqlite(`${folder}/metis.db`, { driver }),
})

/** Of the runtime that runs this: `drivers.test.ts` runs the contract again on another, for the drivers that are only there. */
const drivers = isBun ? (['bun:sqlite'] as const) : (['better-sqlite3', 'node:sqlite'] as const)

/** A database of its own for each folder. */
const onPostgres = (): OpenStorage => {
  let server: Promise<PostgresServer> | null = null
  afterAll(async () => (await server)?.stop())
  return {
    async open(folder) {
      server ??= startPostgres()
      const address = databaseAddressOf(await (await server).database(basename(folder)))
      if (address.kind !== 'postgres') throw new Error('no Postgres URL')
      return openPostgres(address)
    },
  }
}

const onD1 = (): OpenStorage => {
  let server: Promise<D1Server> | null = null
  afterAll(async () => (await server)?.stop())
  return {
    exclusive: false,
    async open(folder) {
      server ??= startD1()
      return openD1(await (await server).database(folder))
    },
  }
}

/**
 * What this machine has: better-sqlite3 where its binary was built, node:sqlite from Node 22.13 on, Postgres where its binaries
 * are. null = it has not; at least one SQLite, or nothing runs.
 */
export const storages: Readonly<Record<string, OpenStorage | null>> = {
  ...Object.fromEntries(
    await Promise.all(drivers.map(async (driver) => [driver, (await loads(driver)) ? onSqlite(driver) : null] as const)),
  ),
  D1: onD1(),
  Postgres: postgresBinaries === null ? null : onPostgres(),
}

function loads(driver: SqliteDriver['name']): Promise<boolean> {
  return loadSqliteDriver(driver).then(
    () => true,
    () => false,
  )
}
