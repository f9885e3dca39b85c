// This machine's PgBouncer in front of a Postgres of the tests, configured as its package is but for how it pools.
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { eventually } from './deadline.ts'
import { freePort } from './free-port.ts'
import { nobody, query, unprivileged } from './postgres-server.ts'
import { startProcess } from './program.ts'

export interface PgBouncer {
  /** Of the same database, through it. */
  readonly url: string
  stop(): Promise<void>
}

const binary = '/usr/sbin/pgbouncer'
export const pgBouncerIsHere = existsSync(binary)
/** For the names of tests that are skipped. */
export const withoutPgBouncer = pgBouncerIsHere ? '' : ' (skipped: no PgBouncer on this machine)'

/** `at`: the port that it had before. */
export async function startPgBouncer(database: string, mode: string, at?: number): Promise<PgBouncer> {
  const { hostname, port, username, password, pathname } = new URL(database)
  const folder = mkdtempSync(join(tmpdir(), 'metis-pgbouncer-'))
  const own = at ?? (await freePort())
  const all = { listen_addr: '127.0.0.1', listen_port: own, unix_socket_dir: '', auth_type: 'any', pool_mode: mode }
  const server = `host=${hostname} port=${port} user=${username} password='${decodeURIComponent(password)}'`
  const file = join(folder, 'pgbouncer.ini')
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`)
  writeFileSync(file, ['[databases]', `* = ${server}`, '[pgbouncer]', ...lines, ''].join('\n'))
  if (process.getuid?.() === 0) chownSync(folder, nobody.uid, nobody.gid)
  const [command = '', ...argv] = unprivileged(binary, [file])
  const program = startProcess(command, argv, { home: folder })
  const url = `postgres://metis:${password}@127.0.0.1:${own}${pathname}`
  await eventually(10_000, 'PgBouncer to answer', () =>
    query(url, 'select').then(
      () => true,
      () => undefined,
    ),
  )
  return {
    url,
    async stop() {
      program.signal('SIGQUIT')
      await program.ended
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
