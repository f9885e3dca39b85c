// `pg`, loaded when a Postgres is named: how a connection is made, what numbers come back as, and whose fault an error is.
import type { Client, ClientConfig, Pool, PoolConfig } from 'pg'
import { StoreError } from '../../src/store/store-error.ts'

export interface PostgresDriver {
  /** `settings`: of the session, as SQL, because poolers refuse a connection that starts with ones they do not know. */
  connect(config?: ClientConfig, settings?: string): Promise<Client>
  pool(config: PoolConfig): Pool
}

/** The server sends integers wider than 4 bytes as text: ours stay below 2^53. */
const bigintOid = 20
const numericOid = 1700
const connectWithinMs = 3000

/** @throws StoreError when the optional package is not there */
export async function loadPostgresDriver(url: string): Promise<PostgresDriver> {
  const { default: pg } = await import('pg').catch((error: unknown) => {
    throw new StoreError(
      'the database is a Postgres, and its driver is not installed',
      'run `npm install pg@8` where metis-gateway is installed (`npm install -g pg@8` for a global one)',
      error,
    )
  })
  const getTypeParser: typeof pg.types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
    oid === bigintOid || oid === numericOid ? Number : pg.types.getTypeParser(oid, format)
  const shared: ClientConfig = {
    connectionString: url,
    application_name: 'metis-gateway',
    connectionTimeoutMillis: connectWithinMs,
    keepAlive: true,
    types: { getTypeParser },
  }
  return {
    async connect(config, settings) {
      const client = new pg.Client({ ...shared, ...config })
      // A connection that breaks shows itself at the next statement; unheard, the event would end the process.
      client.on('error', () => undefined)
      try {
        await client.connect()
        if (settings !== undefined) await client.query(settings)
      } catch (error) {
        void client.end().catch(() => undefined)
        throw error
      }
      return client
    },
    pool(config) {
      const pool = new pg.Pool({ ...shared, ...config })
      pool.on('error', () => undefined)
      // The pool hears those that are idle, and nobody one that is lent out: its statement has failed, which is enough.
      pool.on('connect', (client) => client.on('error', () => undefined))
      return pool
    },
  }
}

/** Whose fault an error is: a lock's or a conflict's (try again), the server's or the way to it, or the statement's own. */
export function faultOf(error: unknown): 'busy' | 'store' | 'statement' {
  const state = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  // What never reached the server has no SQLSTATE: a value that cannot be stored, or a connection that broke.
  if (!/^[0-9A-Z]{5}$/.test(state)) return error instanceof TypeError ? 'statement' : 'store'
  if (busyStates.has(state)) return 'busy'
  if (state === duplicatePrepared) return 'store'
  return statementClasses.has(state.slice(0, 2)) ? 'statement' : 'store'
}

/** Serialization failure, deadlock, lock not available. */
const busyStates = new Set(['40001', '40P01', '55P03'])

/** The session has prepared what this connection did not: a pooler has mixed them up, and no statement is to blame. */
const duplicatePrepared = '42P05'

/** Cardinality, data, constraint, syntax or name, unsupported, program limit, `raise` of a trigger. */
const statementClasses = new Set(['21', '22', '23', '42', '0A', '54', 'P0'])

/** What kept a Postgres from being opened, as one line with its mend. */
export function unreachable(shown: string, error: unknown): StoreError {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
  const text = error instanceof Error && error.message !== '' ? error.message : code
  if (code === '28P01' || code === '28000')
    return new StoreError(`${shown} refuses the user: ${text}`, 'check user and password in --db or METIS_DB', error)
  if (code === '3D000')
    return new StoreError(`${shown}: ${text}`, 'make it with `createdb`, or name another database in --db or METIS_DB', error)
  if (code === '42501')
    return new StoreError(`${shown}: ${text}`, 'let this user create tables there: `grant create, usage on schema public`', error)
  if (text.endsWith('startup parameter: options'))
    return new StoreError(
      `${shown}: the pooler in front of it takes no options (${text})`,
      'set them at the server instead, such as `alter role NAME set search_path = SCHEMA`, or name the server itself in --db or METIS_DB',
      error,
    )
  return new StoreError(`${shown} cannot be opened: ${text}`, 'start the server, or check --db or METIS_DB', error)
}
