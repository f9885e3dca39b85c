// Serve on a real database, as `createServe` makes it: tests go in through `fetch` and see what a user sees.
import { createHash, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createModelCatalog } from '../../../src/catalog/model-catalog.ts'
import { createPriceCatalog } from '../../../src/catalog/price-catalog.ts'
import { resolveConfig } from '../../../src/config/resolve.ts'
import type { ConfigFile } from '../../../src/config/schema.ts'
import { webReadBody } from '../../../src/gateway/web-ports.ts'
import { createIdFactory } from '../../../src/lib/ids.ts'
import { presets } from '../../../src/providers/presets.ts'
import { createServe, type Serve, type ServeOptions } from '../../../src/serve/app.ts'
import { createCommitQueue } from '../../../src/store/commit-queue.ts'
import { createIdentityStore, type IdentityStore } from '../../../src/store/identities.ts'
import { createKeyStore } from '../../../src/store/keys.ts'
import { migrate } from '../../../src/store/migrate.ts'
import type { ReadBody } from '../../../src/services.ts'
import type { Storage } from '../../../src/store/storage.ts'
import { fakeClock, type FakeClock } from '../../support/fake-clock.ts'
import { openDatabase } from '../../support/test-database.ts'

export interface OpenServe {
  readonly storage: Storage
  readonly identities: IdentityStore
  readonly clock: FakeClock
  /** Messages logged as errors. */
  readonly faults: readonly string[]
  /** As it comes from a socket. */
  handle(request: Request): Promise<Response>
  /** A path, or a whole URL. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** The parsed body of a GET. */
  get(path: string): Promise<Answer>
  close(): Promise<void>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  // Only tests look inside: what they expect there is what they check.
  readonly body: unknown
}

/** The clock stands at 2026-11-23 12:00 UTC. */
export async function openServe(
  options: {
    readonly config?: ConfigFile
    readonly serve?: Partial<ServeOptions>
    /** Of the runtime whose requests `handle` gets. */
    readonly readBody?: ReadBody
  } = {},
): Promise<OpenServe> {
  const folder = mkdtempSync(join(tmpdir(), 'metis-serve-'))
  const storage = await openDatabase(join(folder, 'metis.db'))
  await migrate(storage)
  const clock = fakeClock({ auto: true })
  const config = resolveConfig({ file: options.config ?? {}, env: {}, presets, demo: true })
  const faults: string[] = []
  const logger = {
    log: (level: string, message: string) => {
      if (level === 'error') faults.push(message)
    },
  }
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')
  const newId = createIdFactory(() => clock.nowUs() / 1000)
  const queue = createCommitQueue({ storage, clock, defer: setImmediate, logger })
  const identities = createIdentityStore({ storage, queue, clock, newId })
  const close = async () => {
    queue.close()
    await storage.close()
    rmSync(folder, { recursive: true, force: true })
  }
  let serve: Serve
  try {
    serve = createServe(
      {
        config,
        storage,
        clock,
        hash,
        readBody: options.readBody ?? webReadBody,
        logger,
      },
      {
        version: '0.0.0-test',
        startedUs: clock.nowUs(),
        models: createModelCatalog(config),
        prices: createPriceCatalog(config),
        keys: createKeyStore({ storage, queue, clock, hash, newId, randomBytes }),
        identities,
        queue,
        newId,
        ...options.serve,
      },
    )
  } catch (error) {
    await close()
    throw error
  }
  const fetch = (path: string, init?: RequestInit) =>
    serve.fetch(new Request(path.startsWith('/') ? `http://localhost${path}` : path, init))
  return {
    storage,
    identities,
    clock,
    faults,
    handle: (request) => serve.fetch(request),
    fetch,
    async get(path) {
      const response = await fetch(path)
      return { status: response.status, headers: response.headers, body: await response.json() }
    },
    close,
  }
}
