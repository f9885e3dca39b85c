// The writer's connection: on the main thread, never waiting for a lock, one transaction for many units.
import type { CompiledQuery, SqliteStatement } from 'kysely'
import { StorageBusy } from '../../src/store/storage.ts'
import type { Unit, UnitOutcome } from '../../src/store/storage.ts'
import { faultOf } from './sqlite-driver.ts'
import type { SqliteConnection } from './sqlite-connection.ts'

export interface SqliteWriter {
  /** @throws StorageBusy, or what SQLite said of a store that cannot be written; nothing is written then */
  commit(units: readonly Unit[]): readonly UnitOutcome[]
  /** @throws StorageBusy in the rare moments when WAL locks readers out (recovery after a crash) */
  read<Row>(query: CompiledQuery<Row>): readonly Row[]
  /** As in Storage. */
  identityVersion(): number
}

/** What a key's record is read from. */
const identityTables = /\b(?:gateway_keys|users|teams)\b/

interface Prepared {
  readonly statement: SqliteStatement
  readonly namesIdentities: boolean
}

/** Statements are compiled once per process; a bound keeps ad hoc SQL from growing the cache for ever. */
const cachedStatements = 256

export function createSqliteWriter(connection: SqliteConnection): SqliteWriter {
  const statements = new Map<string, Prepared>()
  const begin = connection.prepare('begin immediate')
  const commit = connection.prepare('commit')
  const savepoint = connection.prepare('savepoint unit')
  const release = connection.prepare('release unit')
  const undo = connection.prepare('rollback to unit')
  // Moves when another connection has committed, in this process or any other; our own commits leave it where it is.
  const dataVersion = connection.prepare('pragma data_version')
  let seenVersion: unknown = null
  let identityVersion = 0

  function statementOf(sql: string): Prepared {
    const cached = statements.get(sql)
    if (cached !== undefined) return cached
    const prepared = { statement: connection.prepare(sql), namesIdentities: identityTables.test(sql) }
    if (statements.size >= cachedStatements) statements.clear()
    statements.set(sql, prepared)
    return prepared
  }

  function runUnit(unit: Unit): UnitOutcome {
    const affected: number[] = []
    for (const query of unit) {
      const { statement, namesIdentities } = statementOf(query.sql)
      if (namesIdentities) identityVersion++
      affected.push(statement.reader ? statement.all(query.parameters).length : Number(statement.run(query.parameters).changes))
    }
    return { ok: true, affected }
  }

  function runGuarded(unit: Unit): UnitOutcome {
    savepoint.run([])
    try {
      const outcome = runUnit(unit)
      release.run([])
      return outcome
    } catch (error) {
      if (faultOf(error) !== 'statement') throw error
      undo.run([])
      release.run([])
      return { ok: false, error }
    }
  }

  function transaction(run: () => readonly UnitOutcome[]): readonly UnitOutcome[] {
    try {
      begin.run([])
      const outcomes = run()
      commit.run([])
      return outcomes
    } catch (error) {
      rollBack(connection)
      throw faultOf(error) === 'busy' ? new StorageBusy(error) : error
    }
  }

  return {
    commit: (units) => {
      try {
        return transaction(() => units.map(runUnit))
      } catch (error) {
        if (error instanceof StorageBusy || faultOf(error) !== 'statement') throw error
        // One of them is bad, which is rare: only then does each pay for a savepoint of its own.
        return transaction(() => units.map(runGuarded))
      }
    },
    read: <Row>({ sql, parameters }: CompiledQuery<Row>) => {
      try {
        return rowsOf<Row>(statementOf(sql).statement, parameters)
      } catch (error) {
        throw faultOf(error) === 'busy' ? new StorageBusy(error) : error
      }
    },
    identityVersion: () => {
      const version = versionOf(dataVersion)
      if (version === null || version !== seenVersion) identityVersion++
      seenVersion = version
      return identityVersion
    },
  }
}

/** A driver's rows have the type the query was compiled with, as in Kysely's own drivers. */
function rowsOf<Row>(statement: SqliteStatement, parameters: readonly unknown[]): readonly Row[] {
  return statement.all(parameters) as Row[]
}

/** null when it cannot be read now (a lock, a broken store): then nothing that was read before counts. */
function versionOf(dataVersion: SqliteStatement): unknown {
  try {
    const [row] = dataVersion.all([])
    return typeof row === 'object' && row !== null && 'data_version' in row ? row.data_version : null
  } catch {
    return null
  }
}

/** SQLite has rolled back by itself after some faults; then there is nothing left to do. */
export function rollBack(connection: SqliteConnection): void {
  try {
    connection.exec('rollback')
  } catch {
    // "no transaction is active"
  }
}
