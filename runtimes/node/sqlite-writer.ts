// The writer's connection: on the main thread, never waiting for a lock, one transaction for many units.
import type { CompiledQuery, SqliteStatement } from 'kysely'
import { StorageBusy } from '../../src/store/storage.ts'
import type { Unit, UnitOutcome } from '../../src/store/storage.ts'
import { faultOf } from './sqlite-driver.ts'
import type { SqliteConnection } from './sqlite-driver.ts'

export interface SqliteWriter {
  /** @throws StorageBusy, or what SQLite said of a store that cannot be written; nothing is written then */
  commit(units: readonly Unit[]): readonly UnitOutcome[]
  /** @throws StorageBusy in the rare moments when WAL locks readers out (recovery after a crash) */
  read<Row>(query: CompiledQuery<Row>): readonly Row[]
}

/** Statements are compiled once per process; a bound keeps ad hoc SQL from growing the cache for ever. */
const cachedStatements = 256

export function createSqliteWriter(connection: SqliteConnection): SqliteWriter {
  const statements = new Map<string, SqliteStatement>()
  const begin = connection.prepare('begin immediate')
  const commit = connection.prepare('commit')
  const savepoint = connection.prepare('savepoint unit')
  const release = connection.prepare('release unit')
  const undo = connection.prepare('rollback to unit')

  function statementOf(sql: string): SqliteStatement {
    const cached = statements.get(sql)
    if (cached !== undefined) return cached
    const statement = connection.prepare(sql)
    if (statements.size >= cachedStatements) statements.clear()
    statements.set(sql, statement)
    return statement
  }

  function runUnit(unit: Unit): UnitOutcome {
    const affected: number[] = []
    for (const query of unit) {
      const statement = statementOf(query.sql)
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
        return rowsOf<Row>(statementOf(sql), parameters)
      } catch (error) {
        throw faultOf(error) === 'busy' ? new StorageBusy(error) : error
      }
    },
  }
}

/** A driver's rows have the type the query was compiled with, as in Kysely's own drivers. */
function rowsOf<Row>(statement: SqliteStatement, parameters: readonly unknown[]): readonly Row[] {
  return statement.all(parameters) as Row[]
}

/** SQLite has rolled back by itself after some faults; then there is nothing left to do. */
export function rollBack(connection: SqliteConnection): void {
  try {
    connection.exec('rollback')
  } catch {
    // "no transaction is active"
  }
}
