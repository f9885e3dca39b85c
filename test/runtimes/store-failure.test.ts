// A database that cannot be ours is refused at the start and left as it was; `durability: strict` through a whole gateway
// (reliability.md §1, §2). What happens when the store goes away while the gateway runs: store-away.test.ts.
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openSqlite } from '../../runtimes/node/sqlite.ts'
import { migrate } from '../../src/store/migrate.ts'
import { deferred, eventually, within } from '../support/deadline.ts'
import { startTestGateway } from '../support/gateway.ts'
import { runProgram, temporaryHome } from '../support/program.ts'

let home: string
beforeEach(() => {
  home = temporaryHome()
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

const garbage = (size: number): Buffer => {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at += 32) createHash('sha256').update(String(at)).digest().copy(bytes, at)
  return bytes
}

async function newerDatabase(path: string): Promise<void> {
  const storage = await openSqlite(path)
  await migrate(storage)
  await sql`insert into kysely_migration (name, timestamp) values ('9999-from-tomorrow', '2030-01-01T00:00:00.000Z')`.execute(
    storage.db,
  )
  await storage.close()
}

async function foreignDatabase(path: string): Promise<void> {
  const storage = await openSqlite(path)
  await sql`create table bookmarks (url text)`.execute(storage.db)
  await storage.close()
}

/** Of the file itself, and what a log beside it would add to it: SQLite may leave an empty one behind. */
function fingerprint(db: string): readonly unknown[] {
  const isFile = statSync(db).isFile()
  const log = statSync(`${db}-wal`, { throwIfNoEntry: false })?.size ?? 0
  return [isFile ? createHash('sha256').update(readFileSync(db)).digest('hex') : readdirSync(db), log]
}

const refusals: readonly { readonly what: string; readonly make: (path: string) => unknown; readonly says: RegExp }[] = [
  { what: 'garbage', make: (path) => writeFileSync(path, garbage(40_960)), says: /is not a metis database/ },
  { what: 'a text', make: (path) => writeFileSync(path, 'providers:\n  anthropic: {}\n'), says: /is not a metis database/ },
  { what: 'half a database', make: (path) => halfOf(path), says: /is not a metis database/ },
  { what: "another program's database", make: foreignDatabase, says: /is not a metis database/ },
  { what: 'a newer schema', make: newerDatabase, says: /newer/ },
  { what: 'a directory', make: (path) => mkdirSync(path), says: /is a directory/ },
]

async function halfOf(path: string): Promise<void> {
  const whole = `${path}.whole`
  const storage = await openSqlite(whole)
  await migrate(storage)
  await storage.close()
  const bytes = readFileSync(whole)
  // The head and the schema are torn: what a disk that lost sectors leaves.
  writeFileSync(path, Buffer.concat([bytes.subarray(0, 100), garbage(bytes.length - 100)]))
  rmSync(whole)
}

describe.each(['start', 'serve'])('%s', (command) => {
  it.each(refusals)('refuses $what with one line and exit 1, and leaves it byte for byte', async ({ make, says }) => {
    const folder = join(home, 'data')
    mkdirSync(folder)
    const db = join(folder, 'metis.db')
    await make(db)
    const before = fingerprint(db)
    const ports = command === 'start' ? ['--port', '0', '--no-serve'] : ['--port', '0']
    const { code, stdout, stderr } = await runProgram([command, ...ports, '--db', db], { home })
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr.trim().split('\n')).toEqual([expect.stringMatching(says)])
    expect(stderr).toContain(db)
    expect(stderr).not.toMatch(/\n {4}at |Error:/)
    expect(fingerprint(db)).toEqual(before)
  })
})

describe('durability: strict', () => {
  const body = (stream: boolean) => ({
    model: 'claude-haiku-4-5',
    stream,
    max_tokens: 64,
    messages: [{ role: 'user', content: 'Say hello.' }],
  })

  it.each([{ stream: true }, { stream: false }])('holds the end back until the flush (stream: $stream)', async ({ stream }) => {
    const gateway = await startTestGateway({ config: { durability: 'strict' } })
    try {
      let flushed: (() => void) | undefined
      vi.spyOn(gateway.context.storage, 'flush').mockImplementation(() => new Promise((resolve) => (flushed = resolve)))
      let text: string | undefined
      const answered = gateway.post('/v1/messages', body(stream)).then(async (answer) => (text = await answer.text()))
      await eventually(10_000, 'the flush', () => flushed !== undefined)
      // Committed, so that a crash loses nothing; not yet told, because power loss still could.
      expect((await gateway.events()).map(({ type }) => type).slice(-1)).toEqual(['turn.completed'])
      expect(text).toBeUndefined()
      flushed?.()
      expect(await within(10_000, 'the end', answered)).toContain(stream ? 'message_stop' : '"end_turn"')
    } finally {
      vi.restoreAllMocks()
      await gateway.stop()
    }
  })

  it('makes fifty that end at once share the flushes of a slow disk, each on record', async () => {
    const gateway = await startTestGateway({ config: { durability: 'strict' } })
    try {
      const slow = deferred()
      const flush = vi.spyOn(gateway.context.storage, 'flush').mockImplementationOnce(() => slow.promise)
      const answers = Array.from({ length: 50 }, async () => (await gateway.post('/v1/messages', body(true))).text())
      const ended = async () => (await gateway.events()).filter(({ type }) => type === 'turn.completed').length === 50
      await eventually(10_000, 'all of them to be on record, during the first flush', ended)
      slow.resolve()
      for (const text of await Promise.all(answers)) expect(text).toContain('message_stop')
      expect(flush.mock.calls.length).toBeLessThanOrEqual(3)
    } finally {
      vi.restoreAllMocks()
      await gateway.stop()
    }
  })
})
