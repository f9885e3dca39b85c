// What every command and both servers stand on: configuration, store and catalogs of one process, opened once.
import { hash as oneShotHash, randomBytes } from 'node:crypto'
import { dirname, join } from 'node:path'
import { createModelCatalog } from '../../src/catalog/model-catalog.ts'
import type { ModelCatalog } from '../../src/catalog/models.ts'
import { createPriceCatalog } from '../../src/catalog/price-catalog.ts'
import type { PriceCatalog } from '../../src/catalog/prices.ts'
import { resolveConfig } from '../../src/config/resolve.ts'
import type { Config } from '../../src/config/schema.ts'
import { createIdFactory } from '../../src/lib/ids.ts'
import { createRedactor } from '../../src/lib/redact.ts'
import { presets } from '../../src/providers/presets.ts'
import type { Clock, Logger, LogLevel, Services } from '../../src/services.ts'
import { createBrakeStore, type BrakeStore } from '../../src/store/brakes.ts'
import { createCommitQueue, type CommitQueue } from '../../src/store/commit-queue.ts'
import { createHub, type Hub } from '../../src/store/hub.ts'
import { createIdentityStore, type IdentityStore } from '../../src/store/identities.ts'
import { probeOf, registerInstance, removeInstance } from '../../src/store/instances.ts'
import { createKeyStore, type KeyStore } from '../../src/store/keys.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { SpoolOf } from '../../src/store/spool.ts'
import { createTraceStore, type SpoolingTraceStore } from '../../src/store/trace-store.ts'
import { nodeClock } from './clock.ts'
import { readConfigFile } from './config-file.ts'
import { withCredentialFiles } from './credential-files.ts'
import type { DatabaseAddress } from './database-address.ts'
import { createLogger } from './logger.ts'
import { makeFolder } from './make-folder.ts'
import { pathsOf } from './paths.ts'
import { processFacts } from './process-facts.ts'
import { createSpools, spooledIn } from './spool.ts'
import { openStorage, type NodeStorage } from './open-storage.ts'
import { version } from './version.ts'

export interface OpenNodeOptions {
  /** Over METIS_DB, over `metis.db` in the home. */
  readonly db?: string
  /** Over `config.yaml` in the home. */
  readonly config?: string
  /** Over METIS_HOME, over ~/.metis. */
  readonly home?: string
  readonly demo?: boolean | 'only'
  /** Where this process will listen: no provider may be there. */
  readonly selfOrigins?: readonly string[]
  readonly env?: Readonly<Record<string, string | undefined>>
  /** True for servers: checkpoints and the one-second flush in a thread, and an instance row that makes orphans findable. */
  readonly maintenance?: boolean
  /** False for a process beside another one that says it: what is wrong with the file is said once. */
  readonly warnsOfFile?: boolean
  /** True for what only looks at or changes what is there: a mistyped path is a fault, not an empty database. */
  readonly mustExist?: boolean
  /** In place of the drivers of this machine: for a database that only the embedder can reach. */
  readonly openStorage?: typeof openStorage
  readonly logLevel?: LogLevel
  readonly logFormat?: 'pretty' | 'json'
}

export interface NodeContext {
  readonly config: Config
  /** The file that was read; null = none. */
  readonly configPath: string | null
  readonly home: string
  /** The database's file, or its URL without the password. */
  readonly dbPath: string
  readonly storage: NodeStorage
  readonly queue: CommitQueue
  readonly keys: KeyStore
  readonly identities: IdentityStore
  readonly brakes: BrakeStore
  /** For what laptops push here. */
  readonly hub: Hub
  readonly traces: SpoolingTraceStore
  /** Turns that wait beside the database. */
  readonly spoolOf: SpoolOf
  /** Whose turns those are, where they can outlive their gateway's row. */
  readonly spooled: () => readonly string[]
  readonly prices: PriceCatalog
  readonly models: ModelCatalog
  readonly logger: Logger
  readonly clock: Clock
  readonly nextId: () => string
  readonly hash: Services['hash']
  readonly redact: (text: string) => string
  readonly instanceId: string
  /** Everything committed, or in the spool when the store is away; everything closed. */
  close(): Promise<void>
}

/** @throws ConfigError, StoreError: each says which file and what mends it */
export async function openNode(options: OpenNodeOptions): Promise<NodeContext> {
  const env = options.env ?? process.env
  const { home, database } = pathsOf(options, env)
  const file = readConfigFile({ home, ...(options.config === undefined ? {} : { path: options.config }) })
  const config = resolveConfig({
    file: file.content,
    env: withCredentialFiles(env),
    presets,
    ...(options.demo === undefined ? {} : { demo: options.demo }),
    ...(options.selfOrigins === undefined ? {} : { selfOrigins: options.selfOrigins }),
  })
  const secrets = [
    ...config.providers.flatMap(({ apiKey, keyPool = [] }) => [apiKey, ...keyPool.map((key) => key.apiKey)]),
    config.alerts?.secret,
    ...Object.values(config.otlp?.headers ?? {}),
    config.hub?.token,
    ...(database.kind === 'postgres' ? database.secrets : []),
  ]
  const redact = createRedactor(secrets.filter((secret) => secret !== undefined))
  const logger = createLogger({
    level: options.logLevel ?? 'info',
    format: options.logFormat ?? 'pretty',
    redact,
    write: (line) => process.stderr.write(line),
    colour: process.stderr.isTTY === true && env.NO_COLOR === undefined,
  })
  if (options.warnsOfFile !== false) {
    for (const warning of file.warnings) logger.log('warn', warning)
    for (const { message, mend } of config.warnings) logger.log('warn', `${message}: ${mend}`)
  }

  const maintenance = options.maintenance === true
  const spoolFolder = spoolFolderOf(database, home)
  const storage = await (options.openStorage ?? openStorage)(database, {
    maintained: maintenance,
    mustExist: options.mustExist === true,
    onFault: (error) =>
      logger.log('error', 'the maintenance thread of the database died; restart to have it synced again', {
        error: String(error),
      }),
  })
  try {
    await migrate(storage)
    const clock = nodeClock
    const nextId = createIdFactory(() => clock.nowUs() / 1000, await highestEventId(storage))
    const instanceId = nextId()
    const probe = [probeOf(storage.db, instanceId)]
    const queue = createCommitQueue({ storage, clock, defer: setImmediate, logger, random: Math.random, probe })
    const spoolOf = createSpools(spoolFolder)
    const spool = spoolOf(instanceId)
    const traces = createTraceStore({ storage, queue, clock, instanceId, logger, spool, durability: config.durability })
    const facts = processFacts()
    const register = () => registerInstance({ storage, queue, clock, facts }, { id: instanceId, version })
    if (maintenance) {
      await register()
      storage.watch(instanceId, register)
    }
    const hash = (text: string) => oneShotHash('sha256', text)
    return {
      config,
      configPath: file.path,
      home,
      dbPath: database.shown,
      storage,
      queue,
      keys: createKeyStore({ storage, queue, clock, hash, newId: nextId, randomBytes }),
      brakes: createBrakeStore({ storage, queue, clock, newId: nextId }),
      hub: createHub({ storage, queue, clock, logger, hash, newId: nextId, randomBytes }),
      identities: createIdentityStore({ storage, queue, clock, newId: nextId }),
      traces,
      spoolOf,
      spooled: () => (database.kind === 'postgres' ? spooledIn(spoolFolder) : []),
      prices: createPriceCatalog(config),
      models: createModelCatalog(config),
      logger,
      clock,
      nextId,
      hash,
      redact,
      instanceId,
      async close() {
        await inTime(traces.settled().then(() => queue.idle()))
        // Whoever left turns in a spool must be found dead for them to be replayed.
        const isWhole = traces.close()
        if (maintenance && isWhole) await inTime(removeInstance({ storage, queue }, instanceId))
        queue.close()
        await storage.close()
      },
    }
  } catch (error) {
    await storage.close()
    throw error
  }
}

/** Beside a file; for a server in the home, one for each, so that no turn is replayed into another database. */
function spoolFolderOf(database: DatabaseAddress, home: string): string {
  if (database.kind === 'sqlite') return dirname(database.path)
  const folder = join(home, 'spool', oneShotHash('sha256', database.shown).slice(0, 16))
  makeFolder(folder)
  return folder
}

/** How long a store that is away may hold the end of a process back, twice at most. */
const LAST_WRITES_MS = 3000

async function inTime(work: Promise<unknown>): Promise<void> {
  const timer = new AbortController()
  await Promise.race([work, nodeClock.sleep(LAST_WRITES_MS, timer.signal).catch(() => undefined)])
  timer.abort()
}

/** New ids rise above what any earlier process wrote, even when the clock went back since. */
async function highestEventId(storage: NodeStorage): Promise<string | undefined> {
  const row = await storage.db
    .selectFrom('events')
    .select((table) => table.fn.max('id').as('id'))
    .executeTakeFirst()
  return row?.id ?? undefined
}
