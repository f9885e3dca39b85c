// Every database the store runs on: one line each, and each runs the whole storage contract.
import { loadSqliteDriver } from '../../runtimes/node/sqlite-driver.ts'
import type { SqliteDriver } from '../../runtimes/node/sqlite-driver.ts'
import { openSqlite } from '../../runtimes/node/sqlite.ts'
import type { OpenStorage } from './storage-contract.ts'

const onSqlite = (driver: SqliteDriver['name']): OpenStorage => ({
  open: (folder) => openSqlite(`${folder}/metis.db`, { driver }),
})

/** node:sqlite is only there from Node 22.13 on; better-sqlite3 must be. */
export const storages: Readonly<Record<string, OpenStorage>> = {
  'better-sqlite3': onSqlite('better-sqlite3'),
  ...((await loads('node:sqlite')) ? { 'node:sqlite': onSqlite('node:sqlite') } : {}),
}

function loads(driver: SqliteDriver['name']): Promise<boolean> {
  return loadSqliteDriver(driver).then(
    () => true,
    () => false,
  )
}
