// The built gateway as a process in front of a mock provider: for signals, crashes, and several gateways on one file.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { databaseAddressOf } from '../../runtimes/node/database-address.ts'
import { openStorage, type NodeStorage } from '../../runtimes/node/open-storage.ts'
import type { ConfigFile } from '../../src/config/schema.ts'
import { parseObject, type JsonObject } from './json.ts'
import { startMockProvider, type MockProvider } from './mock-provider.ts'
import { tokensOf, writeOlderLedger, type OlderLedger } from './older-ledger.ts'
import { runProgram, startProgram, temporaryHome, type Program, type ProgramOptions } from './program.ts'
import { databaseFor } from './test-database.ts'

export interface ProgramHome {
  readonly home: string
  /** What METIS_DB is for its programs. */
  readonly db: string
  readonly provider: MockProvider
  readonly token: string
  /** A command on the same database, to its end. */
  run(...argv: string[]): ReturnType<typeof runProgram>
  /** Another gateway on the same home and database. */
  start(...flags: string[]): Promise<ProgramGateway>
  /** Another serve on the same home and database. */
  serve(): Promise<ProgramServer>
  /** For reading. */
  open(): Promise<NodeStorage>
  /** Of all turns on record, by turn id, in the order they were decided: the events' types and payloads. */
  turns(): Promise<ReadonlyMap<string, readonly TurnRecord[]>>
  remove(): Promise<void>
}

export interface TurnRecord {
  readonly type: string
  readonly payload: JsonObject
}

export interface ProgramServer {
  readonly program: Program
  readonly url: string
}

export interface ProgramGateway extends ProgramServer {
  readonly port: number
  /** Asks for an answer of the mock provider. */
  ask(options?: AskOptions): Promise<Response>
}

export interface AskOptions {
  readonly shape?: 'anthropic' | 'openai'
  readonly stream?: boolean
  readonly signal?: AbortSignal
  /** Another than the home's own. */
  readonly token?: string
}

/** Asks a gateway for an answer of the mock provider. */
export function askFor(url: string, { shape = 'anthropic', stream = true, signal, token = '' }: AskOptions): Promise<Response> {
  return fetch(url + (shape === 'anthropic' ? '/v1/messages' : '/v1/chat/completions'), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: shape === 'anthropic' ? 'claude-haiku-4-5' : 'gpt-4o-mini',
      stream,
      max_tokens: 64,
      messages: [{ role: 'user', content: 'Say hello in one word.' }],
    }),
    ...(signal === undefined ? {} : { signal }),
  })
}

export interface HomeDatabase {
  /** Of a Postgres; absent = what the suite runs on. */
  readonly url?: string
  /** As an older version left it, whose first key is then the home's own. */
  readonly older?: OlderLedger
}

export async function openProgramHome(config: ConfigFile = {}, { url, older }: HomeDatabase = {}): Promise<ProgramHome> {
  const home = temporaryHome()
  const db = url ?? (await databaseFor(join(home, '.metis', 'metis.db')))
  const env = { METIS_DB: db }
  const provider = await startMockProvider()
  const configPath = join(home, 'config.yaml')
  const providers = {
    anthropic: { wire: 'anthropic', base_url: provider.url, api_key: 'sk-ant-mock-provider-key' },
    openai: { wire: 'openai', base_url: provider.openaiUrl, api_key: 'sk-mock-provider-key' },
    ...config.providers,
  } as const
  writeFileSync(configPath, stringify({ ...config, providers }), { mode: 0o600 })
  const issuedToken = older === undefined ? await issueToken({ home, env }) : await olderToken(db, older)
  const open = () => openStorage(databaseAddressOf(db), { readonly: true, maintained: false })
  const running: Program[] = []

  async function listening(command: 'start' | 'serve', flags: readonly string[], says: RegExp): Promise<ProgramServer> {
    const program = startProgram([command, '--port', '0', '--config', configPath, ...flags], { home, env })
    running.push(program)
    const [, url = ''] = await program.printed(says)
    return { program, url }
  }

  async function start(...flags: string[]): Promise<ProgramGateway> {
    const { program, url } = await listening('start', ['--no-serve', ...flags], /gateway is on (\S+)/)
    return {
      program,
      url,
      port: Number(new URL(url).port),
      ask: (options = {}) => askFor(url, { token: issuedToken, ...options }),
    }
  }

  return {
    home,
    db,
    provider,
    token: issuedToken,
    start,
    serve: () => listening('serve', [], /serve is on (http:[\w.:/]+)/),
    run: (...argv) => runProgram(argv, { home, env }),
    open,
    async turns() {
      const storage = await open()
      const rows = await storage.db.selectFrom('events').select(['turn_id', 'type', 'payload_json']).orderBy('id').execute()
      await storage.close()
      const turns = new Map<string, TurnRecord[]>()
      for (const { turn_id: turnId, type, payload_json: payload } of rows) {
        if (type !== 'route.decided' && !turns.has(turnId)) continue
        turns.set(turnId, [...(turns.get(turnId) ?? []), { type, payload: parseObject(payload) }])
      }
      return turns
    },
    async remove() {
      for (const program of running) program.signal('SIGKILL')
      await Promise.all(running.map(({ ended }) => ended))
      await provider.stop()
      rmSync(home, { recursive: true, force: true })
    },
  }
}

async function issueToken(options: ProgramOptions): Promise<string> {
  const { stdout } = await runProgram(['issue-key', '--name', 'test', '--workspace', '.', '--json'], options)
  return String(parseObject(stdout)['token'])
}

async function olderToken(db: string, older: OlderLedger): Promise<string> {
  await writeOlderLedger(db, older)
  return tokensOf(older)[0] ?? ''
}
