// Where this user's things are: flags over environment over defaults (contract.md §2).
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { StoreError } from '../../src/store/store-error.ts'

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
  readonly dbPath: string
  /** Only a file that was named has to exist. */
  readonly configPath: string
}

/** @throws StoreError for a database that this program cannot open */
export function pathsOf(choices: PathChoices, env: Readonly<Record<string, string | undefined>>): NodePaths {
  const home = resolve(choices.home ?? (env['METIS_HOME'] || join(homedir(), '.metis')))
  const db = choices.db ?? (env['METIS_DB'] || join(home, 'metis.db'))
  if (/^postgres(?:ql)?:\/\//.test(db))
    throw new StoreError('this version keeps its trace in SQLite only', 'give the path of a file with --db or METIS_DB')
  return { home, dbPath: resolve(db), configPath: resolve(choices.config ?? join(home, 'config.yaml')) }
}
