// The gateway as a Worker: the built bundle in workerd with a D1 of its own, in front of a mock provider.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Miniflare } from 'miniflare'
import { openD1 } from '../../runtimes/workers/d1.ts'
import { randomBytes, sha256, workersClock as clock } from '../../runtimes/workers/ports.ts'
import { createIdFactory } from '../../src/lib/ids.ts'
import { createCommitQueue } from '../../src/store/commit-queue.ts'
import { createKeyStore } from '../../src/store/keys.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { Storage } from '../../src/store/storage.ts'
import { defer, silent } from '../store/open-store.ts'
import { callsTo, type AgentUnderTest } from './agent.ts'
import { byTest } from './author.ts'
import { within } from './deadline.ts'
import { eventsIn, postTo, type GatewayUnderTest, type TestGatewayOptions } from './gateway.ts'
import { root } from './import-graph.ts'
import { startMockProvider } from './mock-provider.ts'

export interface WorkersGatewayOptions extends TestGatewayOptions {
  /** Beside the usual ones; undefined takes one away. */
  readonly variables?: Readonly<Record<string, unknown>>
}

export interface WorkersGateway extends GatewayUnderTest {
  storage(): Storage
  /** What the cron trigger does. */
  scheduled(): Promise<void>
  /** Kills workerd, as no platform does it more suddenly, and starts another on the same database, at another `url`. */
  crash(): Promise<void>
}

export const adminToken = 'the-admin-token-of-a-test'

/** As if nobody had been heard of for so long. */
export async function ageHeartbeats({ db }: Storage, ms: number): Promise<void> {
  await db
    .updateTable('instances')
    .set(({ ref, eb }) => ({ heartbeat_us: eb(ref('heartbeat_us'), '-', ms * 1000) }))
    .execute()
}

interface Workerd {
  readonly url: string
  readonly storage: Storage
  scheduled(): Promise<void>
  kill(): Promise<void>
}

async function startWorkerd(folder: string, variables: Readonly<Record<string, unknown>>): Promise<Workerd> {
  const set = Object.entries(variables).filter(([, value]) => value !== undefined)
  const miniflare = new Miniflare({
    modules: true,
    scriptPath: join(root, 'dist/workers.js'),
    // As in wrangler.toml, which test/runtimes/workers.test.ts compares.
    compatibilityDate: '2026-04-01',
    compatibilityFlags: ['enable_request_signal'],
    d1Databases: { DB: 'metis' },
    d1Persist: folder,
    // Without Miniflare's own Worker in front: as on Cloudflare, where a client that leaves is felt.
    unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
    bindings: JSON.parse(JSON.stringify(Object.fromEntries(set))),
    unsafeTriggerHandlers: true,
    // Its log holds what tests provoke.
    handleRuntimeStdio: () => undefined,
  })
  const entry = await within(20_000, 'workerd', miniflare.ready)
  return {
    url: (await miniflare.unsafeGetDirectURL()).href.replace(/\/$/, ''),
    storage: openD1(await miniflare.getD1Database('DB')),
    async scheduled() {
      const response = await fetch(new URL('/cdn-cgi/handler/scheduled', entry))
      if (!response.ok) throw new Error(`the cron trigger failed: ${await response.text()}`)
    },
    kill: () => miniflare.dispose(),
  }
}

export async function startWorkersGateway(options: WorkersGatewayOptions = {}): Promise<WorkersGateway> {
  const folder = await mkdtemp(join(tmpdir(), 'metis-workers-'))
  const provider = await startMockProvider(options.provider)
  const variables = {
    METIS_ADMIN_TOKEN: adminToken,
    METIS_DEMO: options.demo === true ? '1' : undefined,
    METIS_CONFIG: {
      ...options.config,
      providers: {
        anthropic: { wire: 'anthropic', base_url: provider.url, api_key: 'sk-ant-mock-provider-key' },
        openai: { wire: 'openai', base_url: provider.openaiUrl, api_key: 'sk-mock-provider-key' },
        ...options.config?.providers,
      },
    },
    ...options.variables,
  }
  let workerd = await startWorkerd(folder, variables)
  await migrate(workerd.storage)
  const newId = createIdFactory(() => Date.now())
  const keys = () => {
    const { storage } = workerd
    const queue = createCommitQueue({ storage, clock, defer, logger: silent, random: Math.random })
    return createKeyStore({ storage, queue, clock, hash: sha256, newId, randomBytes })
  }
  const issue: GatewayUnderTest['issue'] = (key = {}) =>
    keys().issue({ name: 'test', workspace: '/srv/project', create: true, ...key }, byTest)
  const { keyId, token } = await issue()
  return {
    get url() {
      return workerd.url
    },
    get openaiUrl() {
      return `${workerd.url}/v1`
    },
    token,
    keyId,
    provider,
    storage: () => workerd.storage,
    issue,
    revoke: (id) => keys().revoke(id, byTest),
    events: () => eventsIn(workerd.storage),
    post: (path, body, init) => postTo(workerd.url + path, token, body, init),
    scheduled: () => workerd.scheduled(),
    async crash() {
      await workerd.kill()
      workerd = await startWorkerd(folder, variables)
    },
    async stop() {
      await workerd.kill()
      await provider.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Serve of a Worker, as whoever has the admin token. */
export async function startWorkersAgent(): Promise<AgentUnderTest> {
  const worker = await startWorkersGateway({ config: { default_model: 'anthropic:claude-haiku-4-5', keep_alive_ms: 500 } })
  return {
    ...callsTo(() => worker.url, { authorization: `Bearer ${adminToken}` }),
    provider: worker.provider,
    storage: () => worker.storage(),
    // Another isolate on the same database.
    restart: () => worker.crash(),
    stop: () => worker.stop(),
  }
}
