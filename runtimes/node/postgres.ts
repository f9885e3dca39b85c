// Postgres on Node: a writer with a connection of its own, a pool for reads, and a listener for changes of identities, so
// that several gateways on several machines are one.
import { AsyncLocalStorage } from 'node:async_hooks'
import { Kysely, PostgresDialect, PostgresIntrospector, sql } from 'kysely'
import type { DatabaseMetadataOptions, PostgresPoolClient } from 'kysely'
import type { CompiledQuery } from 'kysely'
import type { Client, ClientBase, Pool, PoolClient } from 'pg'
import { heartbeatOf } from '../../src/store/instances.ts'
import type { Database } from '../../src/store/schema.ts'
import { StorageBusy } from '../../src/store/storage.ts'
import type { ExclusiveStorage } from '../../src/store/storage.ts'
import { StoreError } from '../../src/store/store-error.ts'
import type { DatabaseAddress } from './database-address.ts'
import { copyTables } from './postgres-copy.ts'
import { faultOf, loadPostgresDriver, unreachable } from './postgres-driver.ts'
import type { PostgresDriver } from './postgres-driver.ts'
import { watchIdentities, type WaysToServer } from './postgres-identities.ts'
import { isPooled } from './postgres-pooler.ts'
import { createPostgresWriter } from './postgres-writer.ts'

export type PostgresAddress = Extract<DatabaseAddress, { kind: 'postgres' }>

export interface OpenPostgresOptions {
  readonly readonly?: boolean
  /** True for gateways: changes of keys are heard, so that keys can be remembered between requests. */
  readonly listen?: boolean
}

export interface PostgresStorage extends ExclusiveStorage {
  readonly serverVersion: string
  /** By session; one that pools otherwise is refused. */
  readonly isPooled: boolean
  /** Keeps the instance's heartbeat; a gateway that was silent for too long was taken for dead, and registers again. */
  watch(instanceId: string, register: () => Promise<void>): void
}

const readers = 4
const readWithinMs = 60_000
const heartbeatEveryMs = 30_000
const exclusiveWaitMs = 60_000
/** Whoever migrates holds it until its transaction ends. */
const migrationLock = 5_064_727_104

/** @throws StoreError when there is no driver, no way to the server, or the schema holds another program's tables */
export async function openPostgres(address: PostgresAddress, options: OpenPostgresOptions = {}): Promise<PostgresStorage> {
  const driver = await loadPostgresDriver(address.url)
  const isReadonly = options.readonly === true
  // Not before it is known that the session is this process' alone: a pooler would hand it on as it was set.
  let isOwn = false
  const onConnect = (client: ClientBase) =>
    isReadonly && isOwn ? client.query('set default_transaction_read_only = on') : undefined
  const pool = driver.pool({ max: readers, query_timeout: readWithinMs, allowExitOnIdle: true, onConnect })
  try {
    const client = await pool.connect()
    const inspected = await inspect(client, pool, address.shown).finally(() => client.release(isReadonly))
    isOwn = true
    return createPostgresStorage({ driver, pool, shown: address.shown, ...inspected }, options)
  } catch (error) {
    await pool.end()
    throw error instanceof StoreError ? error : unreachable(address.shown, error)
  }
}

interface Inspected {
  readonly serverVersion: string
  readonly isPooled: boolean
}

async function inspect(client: PoolClient, pool: Pool, shown: string): Promise<Inspected> {
  const { rows } = await client.query<{ version: string; schema: string | null; ours: boolean; tables: number }>(
    `select current_setting('server_version') as version, current_schema() as schema,
       count(*) as tables, coalesce(bool_or(tablename = 'kysely_migration'), false) as ours
     from pg_tables where schemaname = current_schema()`,
  )
  const [found] = rows
  const mend = 'give metis-gateway a database of its own, or a schema with ?options=-csearch_path%3DNAME'
  if (found === undefined || found.schema === null) throw new StoreError(`${shown} has no schema to keep tables in`, mend)
  if (found.tables > 0 && !found.ours)
    throw new StoreError(`${shown} is not a metis database (schema ${found.schema} holds another program's tables)`, mend)
  return {
    serverVersion: found.version.split(' ')[0] ?? found.version,
    isPooled: await isPooled(pool, client, shown),
  }
}

interface Parts extends Inspected {
  readonly driver: PostgresDriver
  readonly pool: Pool
  readonly shown: string
}

function createPostgresStorage(
  { driver, pool, shown, serverVersion, isPooled: pooled }: Parts,
  options: OpenPostgresOptions,
): PostgresStorage {
  /** The connection of exclusive work, for all that this work asks of `db`. */
  const exclusive = new AsyncLocalStorage<Client>()
  const connect = async (): Promise<PostgresPoolClient> => {
    const client = exclusive.getStore()
    return client === undefined ? pool.connect() : lent(client)
  }
  const db = new Kysely<Database>({ dialect: new OwnSchemaDialect({ pool: { connect, end: () => pool.end() } }) })
  const ways: WaysToServer = { ask: () => pool.query('select 1'), check: (client) => isPooled(pool, client, shown) }
  const identities = options.listen === true ? watchIdentities(driver, ways) : null
  const writer = createPostgresWriter(driver, () => identities?.changed())
  let beating: ReturnType<typeof setInterval> | undefined
  let closed = false

  return {
    dialect: 'postgres',
    serverVersion,
    isPooled: pooled,
    db,
    commit: writer.commit,
    flush: writer.flush,
    ...(identities === null ? {} : { identityVersion: identities.version, identityDoubt: identities.doubt }),

    read: async <Row>({ sql: text, parameters }: CompiledQuery<Row>): Promise<readonly Row[]> => {
      try {
        const { rows } = await pool.query(text, [...parameters])
        return rowsOf<Row>(rows)
      } catch (error) {
        throw faultOf(error) === 'statement' ? error : new StorageBusy(error)
      }
    },

    watch: (instanceId, register) => {
      const beat = async (): Promise<void> => {
        const { numUpdatedRows } = await heartbeatOf(db, instanceId, Date.now() * 1000).executeTakeFirst()
        if (numUpdatedRows === 0n) await register()
      }
      beating = setInterval(() => void beat().catch(() => undefined), heartbeatEveryMs).unref()
    },

    exclusively: async (work) => {
      const client = await driver.connect()
      try {
        await client.query('begin')
        await client.query(`set local lock_timeout = ${exclusiveWaitMs}`)
        await client.query('select pg_advisory_xact_lock($1)', [migrationLock])
        const result = await exclusive.run(client, work)
        await client.query('commit')
        return result
      } catch (error) {
        throw faultOf(error) === 'busy' ? new StorageBusy(error) : error
      } finally {
        // Without a commit the server takes everything back.
        await client.end()
      }
    },

    copyBeforeMigration: (fromVersion) => copyTables(db, fromVersion),

    close: async () => {
      if (closed) return
      closed = true
      clearInterval(beating)
      await identities?.close()
      await writer.close()
      await db.destroy()
    },
  }
}

/** The server's rows have the type the query was compiled with, as in Kysely's own drivers. */
function rowsOf<Row>(rows: readonly unknown[]): readonly Row[] {
  return rows as readonly Row[]
}

/** Kysely may not give back what it was only lent. */
const lent = (client: Client): PostgresPoolClient => ({ query: client.query.bind(client), release: () => undefined })

/** Another schema's tables are another program's. */
class OwnSchemaDialect extends PostgresDialect {
  override createIntrospector(db: Kysely<unknown>): PostgresIntrospector {
    return new OwnSchemaIntrospector(db)
  }
}

class OwnSchemaIntrospector extends PostgresIntrospector {
  readonly #db: Kysely<unknown>
  constructor(db: Kysely<unknown>) {
    super(db)
    this.#db = db
  }

  override async getTables(options?: DatabaseMetadataOptions) {
    const { rows } = await sql<{ schema: string }>`select current_schema() as schema`.execute(this.#db)
    const tables = await super.getTables(options)
    return tables.filter((table) => table.schema === rows[0]?.schema)
  }
}
