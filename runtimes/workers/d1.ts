// D1 behind Storage: a unit is a batch, which D1 runs as one transaction. There are no transactions across round trips, and at
// most 100 parameters a statement; nothing of ours needs more (docs/decisions/0021-d1-keeps-what-caps-need.md).
import { Kysely, SqliteAdapter, SqliteQueryCompiler, sql } from 'kysely'
import type { CompiledQuery, DatabaseConnection, DatabaseIntrospector, Dialect, Driver, QueryResult, TableMetadata } from 'kysely'
import type { Database } from '../../src/store/schema.ts'
import { StorageBusy } from '../../src/store/storage.ts'
import type { Storage, Unit, UnitOutcome } from '../../src/store/storage.ts'

/** What we use of Cloudflare's D1Database: a type of our own instead of a package of types. */
export interface D1Database {
  prepare(sql: string): D1Statement
  batch(statements: readonly D1Statement[]): Promise<readonly D1Result[]>
}
export interface D1Statement {
  bind(...values: readonly unknown[]): D1Statement
  all(): Promise<D1Result>
}
export interface D1Result {
  readonly results: readonly unknown[]
  readonly meta: { readonly changes?: number; readonly last_row_id?: number }
}

/** @param onAsk told how many statements go to D1 now: the platform counts them */
export function openD1(binding: D1Database, onAsk: (statements: number) => void = () => undefined): Storage {
  const d1: Asked = {
    all(query) {
      onAsk(1)
      return statementOf(binding, query).all()
    },
    batch(unit) {
      onAsk(unit.length)
      return binding.batch(unit.map((query) => statementOf(binding, query)))
    },
  }
  const db = new Kysely<Database>({ dialect: dialectOf(d1) })
  return {
    dialect: 'd1',
    db,
    read: async <Row>(query: CompiledQuery<Row>) => {
      try {
        return rowsOf<Row>(await d1.all(query))
      } catch (error) {
        throw isStatementFault(error) ? error : new StorageBusy(error)
      }
    },
    commit: async (units) => {
      const together = await tryBatch(d1, units.flat())
      if (together.ok) return outcomesOf(units, together.affected)
      // One of them is bad, which is rare: only then does each have a batch of its own.
      if (units.length === 1) return [together]
      const apart: UnitOutcome[] = []
      for (const unit of units) apart.push(await tryBatch(d1, unit))
      return apart
    },
    // A batch is answered when it is safe.
    flush: () => Promise.resolve(),
    close: () => db.destroy(),
  }
}

interface Asked {
  all(query: CompiledQuery): Promise<D1Result>
  batch(unit: Unit): Promise<readonly D1Result[]>
}

/** @throws StorageBusy when D1 or the way to it failed: sent again, what was written after all changes nothing */
async function tryBatch(d1: Asked, unit: Unit): Promise<UnitOutcome> {
  if (unit.length === 0) return { ok: true, affected: [] }
  try {
    const results = await d1.batch(unit)
    return { ok: true, affected: results.map(({ meta }) => meta.changes ?? 0) }
  } catch (error) {
    if (isStatementFault(error)) return { ok: false, error }
    throw new StorageBusy(error)
  }
}

function outcomesOf(units: readonly Unit[], affected: readonly number[]): readonly UnitOutcome[] {
  let place = 0
  return units.map((unit) => {
    const own = affected.slice(place, place + unit.length)
    place += unit.length
    return { ok: true, affected: own }
  })
}

const statementOf = (d1: D1Database, { sql: text, parameters }: CompiledQuery): D1Statement =>
  d1.prepare(text).bind(...parameters.map(storable))

/** D1 takes no bigint; ours are below 2^53. @throws TypeError for a value that no column of ours holds */
function storable(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value)
  if (value === null || typeof value === 'number' || typeof value === 'string') return value
  throw new TypeError(`a value of type ${typeof value} cannot be stored`)
}

/** D1 has no codes, only text. Whatever does not name the statement is D1's own trouble, and passes. */
function isStatementFault(error: unknown): boolean {
  if (error instanceof TypeError) return true
  return /SQLITE_(?:CONSTRAINT|ERROR|MISMATCH|RANGE|TOOBIG|AUTH)|D1_TYPE_ERROR|constraint failed/.test(String(error))
}

/** The rows have the type the query was compiled with, as in Kysely's own drivers. */
const rowsOf = <Row>({ results }: D1Result): readonly Row[] => results as readonly Row[]

function dialectOf(d1: Asked): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => driverOf(d1),
    createIntrospector: (db) => introspectorOf(db),
    createQueryCompiler: () => new D1QueryCompiler(),
  }
}

/** A value that stands in a statement more than once, as those of filters do, is one parameter: there are a hundred. */
class D1QueryCompiler extends SqliteQueryCompiler {
  private places = new Map<unknown, number>()

  override compileQuery(...asked: Parameters<SqliteQueryCompiler['compileQuery']>): CompiledQuery {
    this.places = new Map()
    return super.compileQuery(...asked)
  }

  protected override appendValue(value: unknown): void {
    let place = this.places.get(value)
    if (place === undefined) {
      this.addParameter(value)
      this.places.set(value, (place = this.numParameters))
    }
    this.append(`?${place}`)
  }
}

function driverOf(d1: Asked): Driver {
  const connection: DatabaseConnection = {
    async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
      const result = await d1.all(query)
      const { changes = 0, last_row_id: id } = result.meta
      return {
        rows: [...rowsOf<Row>(result)],
        numAffectedRows: BigInt(changes),
        ...(id === undefined ? {} : { insertId: BigInt(id) }),
      }
    },
    streamQuery: () => {
      throw new Error('D1 does not stream rows: ask for pages')
    },
  }
  const refuse = () => Promise.reject(new Error('D1 has no transactions across statements: commit a unit'))
  return {
    init: () => Promise.resolve(),
    acquireConnection: () => Promise.resolve(connection),
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    releaseConnection: () => Promise.resolve(),
    destroy: () => Promise.resolve(),
  }
}

/** Names only: D1 lets nobody look into its own `_cf_*` tables, and Kysely's introspector looks into all. */
function introspectorOf(db: Kysely<unknown>): DatabaseIntrospector {
  const getTables = async (options?: { readonly withInternalKyselyTables?: boolean }): Promise<TableMetadata[]> => {
    const { rows } = await sql<{ name: string; type: string }>`select name, type from sqlite_master
where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\' and name not like '\\_cf\\_%' escape '\\' order by name`.execute(
      db,
    )
    const internal = options?.withInternalKyselyTables === true
    return rows
      .filter(({ name }) => internal || !name.startsWith('kysely_migration'))
      .map(({ name, type }) => ({ name, isView: type === 'view', columns: [] }))
  }
  return {
    getSchemas: () => Promise.resolve([]),
    getTables,
    getMetadata: async (options) => ({ tables: await getTables(options) }),
  }
}
