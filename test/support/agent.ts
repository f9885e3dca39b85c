// Serve as users run it, on Node or Bun, with sessions on a real store in front of a mock provider: stopped and started again on the
// same data.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { openNode, type NodeContext, type OpenNodeOptions } from '../../runtimes/node/context.ts'
import { startServe, type ServeProcess } from '../../runtimes/node/serve-process.ts'
import type { ConfigFile } from '../../src/config/schema.ts'
import type { Storage } from '../../src/store/storage.ts'
import { objectOf, parseObject, type JsonObject } from './json.ts'
import { startMockProvider, type MockProvider } from './mock-provider.ts'
import { startProgram } from './program.ts'
import { onBun } from './runtime.ts'

/** Serve with sessions, on whatever runtime. */
export interface AgentUnderTest extends AgentCalls {
  readonly provider: MockProvider
  storage(): Storage
  restart(): Promise<void>
  stop(): Promise<void>
}

export interface TestAgent extends AgentUnderTest {
  readonly home: string
  readonly context: () => NodeContext
}

export interface AgentCalls {
  /** `body` is sent as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
  /** The parsed answer, which must have this status. */
  json(method: string, path: string, body?: unknown, status?: number): Promise<JsonObject>
  /** Events of a streamed turn, in order. */
  stream(path: string, body: unknown): AsyncGenerator<{ readonly event: string; readonly data: JsonObject }>
}

export interface TestAgentOptions {
  readonly config?: ConfigFile
  /** A `postgres://` URL; absent = a SQLite file. */
  readonly db?: string
  /** A database that only this process can reach. */
  readonly openStorage?: NonNullable<OpenNodeOptions['openStorage']>
}

export async function startTestAgent(options: TestAgentOptions = {}): Promise<TestAgent> {
  const home = mkdtempSync(join(tmpdir(), 'metis-agent-'))
  const provider = await startMockProvider()
  const config: ConfigFile = {
    default_model: 'anthropic:claude-haiku-4-5',
    ...options.config,
    providers: {
      anthropic: { wire: 'anthropic', base_url: provider.url, api_key: 'sk-ant-mock-provider-key' },
      openai: { wire: 'openai', base_url: provider.openaiUrl, api_key: 'sk-mock-provider-key' },
      ...options.config?.providers,
    },
  }
  writeFileSync(join(home, 'config.yaml'), stringify(config), { mode: 0o600 })
  let context: NodeContext
  let serve: ServeProcess

  async function start(): Promise<void> {
    const { config: _, ...store } = options
    context = await openNode({ home, env: {}, maintenance: !onBun, logLevel: 'error', ...store })
    serve = onBun ? await startProgramOnBun(home, options.db) : await startServe(context, { port: 0 })
  }

  async function end(): Promise<void> {
    await serve.close()
    await context.close()
  }

  await start()
  return {
    ...callsTo(() => serve.url),
    provider,
    home,
    context: () => context,
    storage: () => context.storage,
    async restart() {
      await end()
      await start()
    },
    async stop() {
      await end()
      await provider.stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

/** `always`: headers of every request. */
export function callsTo(url: () => string, always: Readonly<Record<string, string>> = {}): AgentCalls {
  const call: AgentCalls['call'] = (method, path, body, headers = {}) =>
    fetch(url() + path, {
      method,
      headers: { ...always, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
  return {
    call,
    async json(method, path, body, status = 200) {
      const response = await call(method, path, body)
      const text = await response.text()
      if (response.status !== status) throw new Error(`${method} ${path}: ${response.status} ${text}`)
      return parseObject(text)
    },
    async *stream(path, body) {
      const response = await call('POST', path, body, { accept: 'text/event-stream' })
      if (!response.ok || response.body === null) throw new Error(`${response.status} ${await response.text()}`)
      let text = ''
      for await (const bytes of response.body.pipeThrough(new TextDecoderStream())) {
        text += bytes
        const frames = text.split('\n\n')
        text = frames.pop() ?? ''
        for (const frame of frames) {
          const [, event = '', data = '{}'] = /^event: (.*)\ndata: (.*)$/.exec(frame) ?? []
          if (event !== '') yield { event, data: objectOf(JSON.parse(data)) }
        }
      }
    },
  }
}

/** Bun cannot run inside this process: rows are read from here, on the same database. */
async function startProgramOnBun(home: string, db: string | undefined): Promise<ServeProcess> {
  const flags = ['--port', '0', '--log-level', 'error', ...(db === undefined ? [] : ['--db', db])]
  const program = startProgram(['serve', ...flags], { home, env: { METIS_HOME: home } })
  const [, url = ''] = await program.printed(/serve is on ([^\s,]+)/)
  return {
    url,
    async close() {
      program.signal('SIGTERM')
      await program.ended
    },
  }
}
