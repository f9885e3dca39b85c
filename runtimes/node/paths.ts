// Where this user's things are: flags over environment over defaults (contract.md §2).
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { databaseAddressOf, type DatabaseAddress } from './database-address.ts'

export interface PathChoices {
  /** Over METIS_DB, over `metis.db` in the home. */
  readonly db?: string | undefined
  /** Over `config.yaml` in the home. */
  readonly config?: string | undefined
  /** Over METIS_HOME, over ~/.metis. */
  readonly home?: string | undefined
}

export interface NodePaths {
  readonly home: string
  readonly database: DatabaseAddress
  /** Only a file that was named has to exist. */
  readonly configPath: string
}

/** @throws StoreError for a database URL that cannot be read */
export function pathsOf(choices: PathChoices, env: Readonly<Record<string, string | undefined>>): NodePaths {
  const home = resolve(choices.home ?? (env['METIS_HOME'] || join(homedir(), '.metis')))
  const db = choices.db ?? (env['METIS_DB'] || join(home, 'metis.db'))
  return { home, database: databaseAddressOf(db), configPath: resolve(choices.config ?? join(home, 'config.yaml')) }
}
