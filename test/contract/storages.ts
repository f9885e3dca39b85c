// Every database the store runs on: one line each, and each runs the whole storage contract.
import { loadSqliteDriver } from '../../runtimes/node/sqlite-driver.ts'
import type { SqliteDriver } from '../../runtimes/node/sqlite-driver.ts'
import { openSqlite } from '../../runtimes/node/sqlite.ts'
import type { OpenStorage } from './storage-contract.ts'

const onSqlite = (driver: SqliteDriver['name']): OpenStorage => ({
  open: (folder) => openSqlite(`${folder}/metis.db`, { driver }),
})

const drivers = ['better-sqlite3', 'node:sqlite'] as const

/** What this Node has: better-sqlite3 where its binary was built, node:sqlite from 22.13 on; at least one, or nothing runs. */
export const storages: Readonly<Record<string, OpenStorage>> = Object.fromEntries(
  (await Promise.all(drivers.map(async (driver) => ((await loads(driver)) ? [driver] : []))))
    .flat()
    .map((driver) => [driver, onSqlite(driver)]),
)

function loads(driver: SqliteDriver['name']): Promise<boolean> {
  return loadSqliteDriver(driver).then(
    () => true,
    () => false,
  )
}
