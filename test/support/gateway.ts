// A gateway as users run it, on Node or Bun and a real database, in front of a mock provider: requests go in over a socket, rows
// are read from the store.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { openNode, type NodeContext } from '../../runtimes/node/context.ts'
import { startGateway, type GatewayProcess } from '../../runtimes/node/gateway-process.ts'
import type { ConfigFile } from '../../src/config/schema.ts'
import type { NewKey } from '../../src/store/keys.ts'
import type { Storage } from '../../src/store/storage.ts'
import { byTest } from './author.ts'
import { parseObject, type JsonObject } from './json.ts'
import { startMockProvider, type MockProvider, type MockProviderOptions } from './mock-provider.ts'
import { startProgram } from './program.ts'
import { onBun } from './runtime.ts'
import { databaseFor } from './test-database.ts'

/** What a suite may ask of a gateway on any runtime. */
export interface GatewayUnderTest {
  readonly url: string
  /** With `/v1`, for OpenAI clients. */
  readonly openaiUrl: string
  /** Of a key without limits. */
  readonly token: string
  readonly keyId: string
  readonly provider: MockProvider
  issue(key?: Partial<NewKey>): Promise<{ keyId: string; token: string }>
  revoke(keyId: string): Promise<boolean>
  /** All events in the order of their ids, payloads parsed. */
  events(): Promise<readonly TestEvent[]>
  post(path: string, body: unknown, init?: PostInit): Promise<Response>
  stop(): Promise<void>
}

export interface TestGateway extends GatewayUnderTest {
  readonly context: NodeContext
}

interface PostInit {
  readonly headers?: Record<string, string>
  readonly signal?: AbortSignal
  /** Over the gateway's own; null = none. */
  readonly token?: string | null
}

export interface TestEvent {
  readonly id: string
  readonly turnId: string
  readonly type: string
  readonly payload: JsonObject
}

export interface TestGatewayOptions {
  readonly provider?: MockProviderOptions
  readonly config?: ConfigFile
  readonly demo?: boolean
}

/** `anthropic` and `openai` are both the mock provider, with list prices of the real ones. */
export async function startTestGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const home = await mkdtemp(join(tmpdir(), 'metis-test-'))
  const provider = await startMockProvider(options.provider)
  const config: ConfigFile = {
    ...options.config,
    providers: {
      anthropic: { wire: 'anthropic', base_url: provider.url, api_key: 'sk-ant-mock-provider-key', client_logins: true },
      openai: { wire: 'openai', base_url: provider.openaiUrl, api_key: 'sk-mock-provider-key' },
      ...options.config?.providers,
    },
  }
  await writeFile(join(home, 'config.yaml'), stringify(config), { mode: 0o600 })
  const db = await databaseFor(join(home, 'metis.db'))
  const context = await openNode({
    home,
    db,
    env: {},
    maintenance: !onBun,
    logLevel: 'error',
    ...(options.demo === true ? { demo: true } : {}),
  })
  const gateway = onBun ? await startProgramOnBun(home, db, options.demo === true) : await startGateway(context, { port: 0 })
  const issue = (key: Partial<NewKey> = {}) =>
    context.keys.issue({ name: 'test', workspace: '/srv/project', create: true, ...key }, byTest)
  const { keyId, token } = await issue()
  return {
    url: gateway.url,
    openaiUrl: `${gateway.url}/v1`,
    token,
    keyId,
    provider,
    context,
    issue,
    revoke: (id) => context.keys.revoke(id, byTest),
    events: () => eventsIn(context.storage),
    post: (path, body, init) => postTo(gateway.url + path, token, body, init),
    async stop() {
      await gateway.close()
      await context.close()
      await provider.stop()
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** Bun cannot run inside this process: keys are issued and rows are read from here, on the same database. */
async function startProgramOnBun(home: string, db: string, demo: boolean): Promise<GatewayProcess> {
  const flags = ['--port', '0', '--no-serve', '--db', db, '--config', join(home, 'config.yaml'), '--log-level', 'error']
  const program = startProgram(['start', ...flags, ...(demo ? ['--demo'] : [])], { home, env: { METIS_HOME: home } })
  const [, url = ''] = await program.printed(/gateway is on (\S+)/)
  return {
    url,
    async close() {
      program.signal('SIGTERM')
      await program.ended
    },
  }
}

export async function eventsIn({ db }: Pick<Storage, 'db'>): Promise<readonly TestEvent[]> {
  const rows = await db.selectFrom('events').selectAll().orderBy('id').execute()
  return rows.map((row) => ({ id: row.id, turnId: row.turn_id, type: row.type, payload: parseObject(row.payload_json) }))
}

export function postTo(url: string, usual: string, body: unknown, init: PostInit = {}): Promise<Response> {
  const { headers, signal, token = usual } = init
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  })
}
