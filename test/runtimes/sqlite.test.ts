import { build } from 'esbuild'
import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { processFacts } from '../../runtimes/node/process-facts.ts'
import { loadSqliteDriver } from '../../runtimes/node/sqlite-driver.ts'
import { openSqlite } from '../../runtimes/node/sqlite.ts'
import type { SqliteStorage } from '../../runtimes/node/sqlite.ts'
import { migrate, schemaState } from '../../src/store/migrate.ts'
import { StorageBusy } from '../../src/store/storage.ts'
import type { Storage } from '../../src/store/storage.ts'
import { StoreError } from '../../src/store/store-error.ts'
import { openStore, temporaryFolder } from '../store/open-store.ts'
import { eventually, within } from '../support/deadline.ts'
import { turnOf } from '../support/turns.ts'

/** Whichever this Node has: the tests hold for both. */
const driver = await loadSqliteDriver()
let folder = temporaryFolder()
let path = ''
let opened: Storage[] = []

const open = async (...[file, options]: Parameters<typeof openSqlite>): Promise<SqliteStorage> => {
  const storage = await openSqlite(file, options)
  opened.push(storage)
  return storage
}
const insertTeam = (storage: SqliteStorage, id: string) =>
  storage.commit([[storage.db.insertInto('teams').values({ id, display_name: id, created_us: 1 }).compile()]])

beforeEach(() => {
  folder = temporaryFolder()
  path = join(folder.path, 'metis.db')
  opened = []
})
afterEach(async () => {
  for (const storage of opened) await storage.close()
  folder.remove()
})

describe('a file that cannot be ours is refused in one line and stays as it was', () => {
  it.each<{ what: string; make: (file: string) => void; says: RegExp }>([
    { what: 'text', make: (file) => writeFileSync(file, 'hello'), says: /is not a metis database/ },
    { what: 'zeros', make: (file) => writeFileSync(file, new Uint8Array(4096)), says: /is not a metis database/ },
    { what: 'a picture', make: (file) => writeFileSync(file, `\x89PNG\r\n${'x'.repeat(9000)}`), says: /is not a metis database/ },
    {
      what: 'a database of a newer program',
      make: (file) => {
        const database = driver.connect(file, { readonly: false })
        database.exec(
          `create table kysely_migration (name text, timestamp text); insert into kysely_migration values ('9999-future', '')`,
        )
        database.close()
      },
      says: /written by a newer metis-gateway \(schema 9999-future/,
    },
  ])('$what', async ({ make, says }) => {
    make(path)
    const before = readFileSync(path)
    const fault: unknown = await open(path).catch((error: unknown) => error)
    expect(fault).toBeInstanceOf(StoreError)
    expect(fault).toMatchObject({ message: expect.stringMatching(says), mend: expect.stringContaining('--db') })
    expect(fault).toMatchObject({ message: expect.stringContaining(path) })
    expect(fault).toMatchObject({ message: expect.not.stringContaining('\n') })
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  it('a directory', async () => {
    mkdirSync(path)
    await expect(open(path)).rejects.toThrow(`${path} is a directory`)
    expect(readdirSync(path)).toEqual([])
  })

  it('a missing one that shall only be read', async () => {
    await expect(open(path, { readonly: true })).rejects.toThrow(`${path} does not exist`)
    expect(readdirSync(folder.path)).toEqual([])
  })
})

describe('a database on SQLite', () => {
  it('is a file of its owner alone, in a folder of its owner alone', async () => {
    const deep = join(folder.path, 'home', 'metis.db')
    const storage = await open(deep)
    await migrate(storage)
    const modeOf = (file: string) => statSync(file).mode & 0o777
    expect(modeOf(join(folder.path, 'home'))).toBe(0o700)
    expect(readdirSync(join(folder.path, 'home')).map((name) => [name, modeOf(join(folder.path, 'home', name))])).toEqual([
      ['metis.db', 0o600],
      ['metis.db-shm', 0o600],
      ['metis.db-wal', 0o600],
    ])
  })

  it('tells its driver and a SQLite without the WAL-reset defect', async () => {
    const storage = await open(path)
    expect(storage.driver).toBe(driver.name)
    const [major = 0, minor = 0, patch = 0] = storage.sqliteVersion.split('.').map(Number)
    expect(major * 1e6 + minor * 1e3 + patch).toBeGreaterThanOrEqual(3_051_003)
  })

  it('answers at once that another process holds the lock', async () => {
    const storage = await open(path)
    await migrate(storage)
    const other = driver.connect(path, { readonly: false })
    other.exec('begin immediate')
    const beganMs = performance.now()
    // What waits for a lock, waits five seconds each time.
    for (let nth = 0; nth < 4; nth += 1) await expect(insertTeam(storage, 'a')).rejects.toBeInstanceOf(StorageBusy)
    expect(performance.now() - beganMs).toBeLessThan(10_000)
    other.exec('rollback')
    other.close()
    await expect(insertTeam(storage, 'a')).resolves.toEqual([{ ok: true, affected: [1] }])
  })

  it('keeps a copy from before a migration, and none of a file that needs no migration', async () => {
    const old = driver.connect(path, { readonly: false })
    old.exec(`create table kysely_migration (name text primary key, timestamp text); create table precious (id text)`)
    old.close()
    const storage = await open(path)
    await storage.exclusively(async () => storage.copyBeforeMigration?.('0000'))
    await migrate(storage)
    await migrate(storage)
    expect(readdirSync(folder.path).filter((name) => name.includes('.bak'))).toEqual(['metis.db.bak-0000'])
    expect(statSync(`${path}.bak-0000`).mode & 0o777).toBe(0o600)
    const copy = driver.connect(`${path}.bak-0000`, { readonly: true })
    expect(copy.prepare(`select name from sqlite_master where type = 'table' order by name`).all([])).toEqual([
      { name: 'kysely_migration' },
      { name: 'precious' },
    ])
    copy.close()
  })

  it('can be looked at by a reader that may not write', async () => {
    const storage = await open(path)
    await migrate(storage)
    await insertTeam(storage, 'a')
    const reader = await open(path, { readonly: true })
    expect(await schemaState(reader)).toMatchObject({ pending: [], unknown: [] })
    expect(await reader.db.selectFrom('teams').select('id').execute()).toEqual([{ id: 'a' }])
    await expect(insertTeam(reader, 'b')).rejects.toThrow(/readonly/)
  })

  it('says which drivers there are when none of the asked kind loads', async () => {
    const [major = 0] = process.versions.node.split('.').map(Number)
    const loading = loadSqliteDriver('node:sqlite')
    await (major >= 22
      ? expect(loading).resolves.toMatchObject({ name: 'node:sqlite' })
      : expect(loading).rejects.toMatchObject({ mend: expect.stringContaining('npm rebuild better-sqlite3') }))
  })
})

describe('the maintenance thread', () => {
  it('keeps the heartbeat, flushes when asked, and ends with the storage', async () => {
    const entry = join(folder.path, 'maintenance-thread.mjs')
    await bundle('runtimes/node/maintenance-thread.ts', entry)
    await open(path).then(migrate)
    const faults: unknown[] = []
    const storage = await open(path, { maintenance: pathToFileURL(entry), onFault: (fault) => faults.push(fault) })
    const row = { id: 'i', host: 'h', pid: 1, process_start: '', version: '1', started_us: 1, heartbeat_us: 1 }
    await storage.commit([[storage.db.insertInto('instances').values(row).compile()]])
    storage.watch('i')
    await within(10_000, 'the flush', storage.flush())
    const beat = await eventually(10_000, 'a heartbeat', async () => {
      const found = await storage.db.selectFrom('instances').select('heartbeat_us').executeTakeFirst()
      return found !== undefined && found.heartbeat_us > 1 && found.heartbeat_us
    })
    await insertTeam(storage, 'a')
    await eventually(10_000, 'a heartbeat after a change', async () => {
      const found = await storage.db.selectFrom('instances').select('heartbeat_us').executeTakeFirst()
      return found !== undefined && found.heartbeat_us > beat
    })
    await within(10_000, 'the thread to end', storage.close())
    await expect(storage.flush()).rejects.toThrow('the maintenance thread has ended')
    expect(faults).toEqual([])
  })
})

describe('a process killed in the middle of its writing', () => {
  it('loses no turn that it said was on record, and leaves a whole file', async () => {
    const script = join(folder.path, 'writer.mjs')
    await bundle('test/runtimes/sqlite-victim.ts', script)
    const victim = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    victim.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await eventually(10_000, 'some hundred turns', () => said.length > 3000)
    const ended = new Promise((resolve) => victim.once('exit', resolve))
    victim.kill('SIGKILL')
    await within(10_000, 'the victim’s end', ended)
    const numbers = said.slice(0, said.lastIndexOf('\n')).split('\n').map(Number)
    const store = await openStore(path)
    opened.push(store.storage)
    const check = driver.connect(path, { readonly: true })
    expect(check.prepare('pragma integrity_check').all([])).toEqual([{ integrity_check: 'ok' }])
    check.close()
    const rows = await store.storage.db.selectFrom('calls').select('turn_id').execute()
    const recorded = new Set(rows.map((row) => row.turn_id))
    expect(numbers.filter((number) => !recorded.has(turnOf(number).opened.turnId))).toEqual([])
    expect(recorded.size).toBe(rows.length)
  })
})

describe('process facts', () => {
  const facts = processFacts()

  it('know this process as alive, and not with another start', () => {
    expect(facts.isProcessAlive(facts.pid, facts.processStart)).toBe(true)
    expect(facts.isProcessAlive(facts.pid, '')).toBe(true)
    if (facts.processStart !== '') expect(facts.isProcessAlive(facts.pid, 'boot:1')).toBe(false)
  })

  it('know a process that has ended as dead', async () => {
    const child = spawn(process.execPath, ['-e', '0'])
    const { pid } = child
    await within(10_000, 'the child’s end', new Promise((resolve) => child.once('exit', resolve)))
    expect(pid === undefined ? undefined : facts.isProcessAlive(pid, '')).toBe(false)
  })
})

async function bundle(entry: string, outfile: string): Promise<void> {
  const better = pathToFileURL(join(process.cwd(), 'node_modules/better-sqlite3/lib/index.js')).href
  await build({
    entryPoints: [entry],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['file://*'],
    // The bundle lies in a folder without node_modules.
    plugins: [
      { name: 'driver', setup: (b) => b.onResolve({ filter: /^better-sqlite3$/ }, () => ({ path: better, external: true })) },
    ],
    banner: { js: `import{createRequire as __cr}from'node:module';const require=__cr(import.meta.url);` },
  })
}
