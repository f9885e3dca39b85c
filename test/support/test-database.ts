// The database that a suite runs on: a SQLite file, or in vitest's project `postgres` a database of its own on the server that
// postgres-setup.ts has started. Suites ask here for one, and are the same on both.
import { createHash } from 'node:crypto'
import { inject } from 'vitest'
import { databaseAddressOf, type DatabaseAddress } from '../../runtimes/node/database-address.ts'
import { openStorage, type NodeStorage } from '../../runtimes/node/open-storage.ts'
import { createDatabase } from './postgres-server.ts'

/** A test of what only a database in this very process can do, or of leaps of the clock, is one for `onFile`. */
export const onFile = inject('postgresUrl') === undefined

const made = new Map<string, Promise<string>>()

/** What `--db` takes: the file itself, or the Postgres database that stands for it. */
export function databaseFor(path: string): Promise<string> {
  const server = inject('postgresUrl')
  if (server === undefined) return Promise.resolve(path)
  const name = `metis_${createHash('sha256').update(path).digest('hex').slice(0, 16)}`
  const known = made.get(path) ?? createDatabase(server, name)
  made.set(path, known)
  return known
}

export const addressFor = async (path: string): Promise<DatabaseAddress> => databaseAddressOf(await databaseFor(path))

/** A server's listener and a file's thread are for gateways: stores under test have neither. */
export const openDatabase = async (path: string): Promise<NodeStorage> =>
  openStorage(await addressFor(path), { maintained: false })
