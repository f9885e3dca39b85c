// What a database must give us: written per database, none of it business. One implementation per file under runtimes/,
// and all of them run test/contract/storage-contract.ts.
import type { CompiledQuery, Kysely } from 'kysely'
import type { Database } from './schema.ts'

/** Statements that are committed together or not at all. No read-then-write inside: guards and upserts instead (D1 has only batches). */
export type Unit = readonly CompiledQuery[]

/** A store at the other end of a connection may have changed unheard, or may not: what was known then is doubtful, not false. */
export interface IdentityDoubt {
  /** Rises with each change that was heard of: what was read before is false. */
  readonly heard: number
  /** Since when changes may have gone unheard, on the store's own clock. */
  readonly sinceMs: number
  /** Whether what was sure until then may still be gone by while the store is away. */
  trusts(sinceMs: number): boolean
}

export interface Storage {
  readonly dialect: 'sqlite' | 'd1' | 'postgres'
  /** Reads, migrations, and writes that are not on a request's path. */
  readonly db: Kysely<Database>
  /**
   * Rows of one read, by the shortest way the driver has (a cached prepared statement): for what every request asks.
   * Synchronous drivers answer at once.
   */
  read<Row>(query: CompiledQuery<Row>): readonly Row[] | Promise<readonly Row[]>
  /**
   * A number that is another one after each commit, by whatever process, that changed keys or identities; other commits may
   * change it too. What was read under the same number is still true. Absent: the store cannot tell, so it is asked every time.
   */
  identityVersion?(): number
  /** What the last rises of `identityVersion` mean. Absent: each is a change. */
  identityDoubt?(): IdentityDoubt
  /**
   * Resolves when all units are on disk; each unit is all or nothing, and a unit that fails does not sink its neighbours: its
   * fault stands at its place in the answer. SQLite: one BEGIN IMMEDIATE that never waits, a savepoint a unit.
   * @throws StorageBusy when another process holds the lock: nothing was written, try again
   */
  commit(units: readonly Unit[]): Promise<readonly UnitOutcome[]>
  /** Resolves when everything committed before is safe from power loss. */
  flush(): Promise<void>
  /**
   * One process at a time, all or nothing, for migrations through `db` (Kysely's own lock is empty on SQLite). Absent where the
   * database has no transactions across statements (D1): there each migration is a unit.
   */
  exclusively?<T>(work: () => Promise<T>): Promise<T>
  /** Keeps a copy of the data before a migration changes it, where the store has a cheap way. Called inside `exclusively`. */
  copyBeforeMigration?(fromVersion: string): Promise<void>
  /** Writes one moment of the whole store into a new file, while others write on. Absent: the database has tools of its own. */
  copyTo?(file: string): Promise<void>
  close(): Promise<void>
}

/** A database with transactions across statements. */
export type ExclusiveStorage = Storage & Required<Pick<Storage, 'exclusively'>>

/** `affected`: rows changed by each statement of the unit, in order: what guarded statements are judged by. */
export type UnitOutcome =
  | { readonly ok: true; readonly affected: readonly number[] }
  | { readonly ok: false; readonly error: unknown }

export class StorageBusy extends Error {
  constructor(cause?: unknown) {
    super('the database is locked by another process', { cause })
    this.name = 'StorageBusy'
  }
}
