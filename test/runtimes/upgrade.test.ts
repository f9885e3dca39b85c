// Upgrade and rollback as docs/deployment.md tells them: ledgers that older versions left, real processes, SQLite and Postgres.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, describe, expect, it } from 'vitest'
import { databaseAddressOf } from '../../runtimes/node/database-address.ts'
import { openStorage, type NodeStorage } from '../../runtimes/node/open-storage.ts'
import { schemaState } from '../../src/store/migrate.ts'
import { migrations } from '../../src/store/migrations/index.ts'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import { eventually } from '../support/deadline.ts'
import { fakeIo } from '../support/fake-io.ts'
import { listOf, parseObject } from '../support/json.ts'
import { documents } from '../support/markdown.ts'
import { migrateUntil, readOlderLedger, rowsOf, tokensOf, type OlderLedger, type OlderRow } from '../support/older-ledger.ts'
import { openProgramHome, type ProgramHome } from '../support/program-gateway.ts'
import { onFile } from '../support/test-database.ts'

let home: ProgramHome
const opened: NodeStorage[] = []
afterEach(async () => {
  for (const storage of opened.splice(0)) await storage.close()
  await home.remove()
})

describe.each(['0001-initial', '0031-patterns'])('a ledger of schema %s', (schema) => {
  const older = readOlderLedger(schema)
  const version = schema.slice(0, 4)

  it('is migrated once by two gateways that start at once, and goes on in both', async () => {
    home = await openProgramHome({}, { older })
    const gateways = await Promise.all([home.start(), home.start()])
    const storage = await open()
    expect(await schemaState(storage)).toEqual({ applied: Object.keys(migrations), pending: [], unknown: [] })
    expect(await copies()).toEqual([onFile ? `metis.db.bak-${version}` : `public_before_${version}`])

    const [, revoked = ''] = tokensOf(older)
    for (const gateway of gateways) {
      const answers = await Promise.all([gateway.ask({ stream: false }), gateway.ask({ stream: false, token: revoked })])
      expect(answers.map(({ status }) => status)).toEqual([200, 401])
      for (const answer of answers) await answer.text()
    }
    // Whose gateway was killed before the upgrade.
    const cut = String(older.tables['inflight']?.[0]?.['turn_id'])
    const end = async () => (await home.turns()).get(cut)?.at(-1)?.payload['status']
    await eventually(12_000, 'the sweep', async () => (await end()) === 'interrupted')
    expect(await proof()).toMatchObject({ code: 0, ok: true, calls: callsIn(older) + 3 })
  })

  it('has every call, event, key and identity as it was, and the same totals to the nano-dollar, rebuilt or not', async () => {
    home = await openProgramHome({}, { older })
    const said = { code: 0, ok: true, calls: callsIn(older), costNanoUsd: costIn(older) }
    expect(await proof()).toMatchObject(said)
    const storage = await open()
    for (const [table, rows] of Object.entries(older.tables))
      expect([table, sorted(inColumnsOf(rows[0] ?? {}, await rowsOf(storage, table)))]).toEqual([table, sorted(rows)])
    expect((await run('rebuild')).code).toBe(0)
    expect(await proof()).toMatchObject(said)
    const keys = listOf(parseObject((await run('list-keys', '--json')).stdout)['data'])
    expect(keys.slice(0, 2)).toMatchObject([
      { name: 'ada', state: 'active', daily_cap_usd: 5 },
      { name: 'gone', state: 'revoked' },
    ])
  })

  it('comes back as it was left, and what the newer version wrote stays beside it', async () => {
    home = await openProgramHome({}, { older })
    expect((await run('issue-key', '--name', 'newer', '--workspace', '.')).code).toBe(0)
    await (onFile ? goBackOnFile(older, version) : goBackOnPostgres(older, version))
    // And forth again.
    expect(await proof()).toMatchObject({ code: 0, ok: true, calls: callsIn(older), costNanoUsd: costIn(older) })
  })
})

describe('a ledger of a newer version', () => {
  it('is refused in one line by whatever would write to it, and nothing in it changes', async () => {
    home = await openProgramHome()
    const storage = await openNewer()
    const before = await everything(storage)
    const line = /^[^\n]+ was written by a newer metis-gateway \(schema 9999-newer; [^\n]+: upgrade metis-gateway, [^\n]+\n?$/
    for (const servers of [
      ['start', '--port', '0', '--no-serve'],
      ['serve', '--port', '0'],
    ])
      expect(await home.run(...servers)).toEqual({ code: 1, stdout: '', stderr: expect.stringMatching(line) })
    for (const command of [['list-keys'], ['issue-key', '--name', 'a', '--workspace', '.'], ['rebuild'], ['export']])
      expect([command, await run(...command)]).toEqual([command, { code: 1, stdout: '', stderr: expect.stringMatching(line) }])
    expect(await run('doctor')).toMatchObject({ code: 1, stdout: expect.stringContaining('by a newer metis-gateway') })
    expect(await everything(storage)).toEqual(before)
  })

  it('goes on being written by a gateway that was running before it was migrated', async () => {
    home = await openProgramHome()
    const gateway = await home.start()
    expect(await (await gateway.ask()).text()).toContain('message_stop')
    const storage = await openNewer()
    expect(await (await gateway.ask()).text()).toContain('message_stop')
    expect(await rowsOf(storage, 'calls')).toMatchObject([
      { status: 'ok', newer: 7 },
      { status: 'ok', newer: 7 },
    ])
    expect(await rowsOf(storage, 'inflight')).toEqual([])
  })
})

/** A command in this process: most of this needs no start. */
async function run(...argv: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const io = fakeIo({ env: { METIS_HOME: join(home.home, '.metis'), METIS_DB: home.db, HOME: home.home }, cwd: home.home })
  const code = await runCommand(argv, io)
  return { code, stdout: io.stdout.join('\n'), stderr: io.stderr.join('\n') }
}

async function open(db = home.db): Promise<NodeStorage> {
  const storage = await openStorage(databaseAddressOf(db), { maintained: false })
  opened.push(storage)
  return storage
}

async function goBackOnFile(older: OlderLedger, version: string): Promise<void> {
  const folder = join(home.home, '.metis')
  const kept = join(folder, `metis.db.bak-${version}`)
  await expectAsLeft(await open(kept), older)
  expect((await run('restore', kept, '--force')).code).toBe(0)
  const beside = readdirSync(folder).find((name) => /^metis\.db\.before-restore-\w+$/.test(name)) ?? ''
  expect(await rowsOf(await open(join(folder, beside)), 'gateway_keys')).toContainEqual(
    expect.objectContaining({ name: 'newer' }),
  )
}

/** With the statements of the page; the older version's part is to make its tables. */
async function goBackOnPostgres(older: OlderLedger, version: string): Promise<void> {
  const blocks = documents().flatMap((document) => document.blocks)
  const block = blocks.find(({ file, info }) => file === 'docs/deployment.md' && info === 'sql')
  const { db } = await open()
  for (const statement of ['alter schema public rename to public_newer', 'create schema public'])
    await sql.raw(statement).execute(db)
  const storage = await open()
  await migrateUntil(storage, older.migrations)
  await sql.raw((block?.text ?? '').replaceAll('public_before_0006', `public_before_${version}`)).execute(db)
  await expectAsLeft(storage, older)
  expect(await rowsOf(storage, 'public_newer.gateway_keys')).toContainEqual(expect.objectContaining({ name: 'newer' }))
}

/** The whole ledger in the older version's own tables. */
async function expectAsLeft(storage: NodeStorage, { migrations: applied, tables }: OlderLedger): Promise<void> {
  expect((await schemaState(storage)).applied).toEqual(applied)
  for (const [table, rows] of Object.entries(tables)) expect(sorted(await rowsOf(storage, table))).toEqual(sorted(rows))
}

/** After what a version to come may do to it: add. */
async function openNewer(): Promise<NodeStorage> {
  const storage = await open()
  for (const statement of [
    'alter table calls add column newer bigint not null default 7',
    'create table newer_things (id text primary key)',
    `insert into kysely_migration (name, timestamp) values ('9999-newer', '2030-01-01T00:00:00.000Z')`,
  ])
    await sql.raw(statement).execute(storage.db)
  return storage
}

async function everything(storage: NodeStorage): Promise<unknown> {
  const tables = await storage.db.introspection.getTables({ withInternalKyselyTables: true })
  return Promise.all(tables.map(async ({ name }) => [name, sorted(await rowsOf(storage, name))]))
}

/** What was kept of the state before. */
async function copies(): Promise<readonly string[]> {
  if (onFile) return readdirSync(join(home.home, '.metis')).filter((name) => name.includes('.bak'))
  const { db } = await open()
  const { rows } = await sql<{ name: string }>`select nspname as name from pg_namespace where nspname like 'public\\_%'`.execute(
    db,
  )
  return rows.map(({ name }) => name)
}

async function proof(): Promise<object> {
  const { code, stdout } = await run('doctor', 'ledger', '--json')
  const { ok, calls, cost_usd: costUsd } = parseObject(stdout)
  return { code, ok, calls, costNanoUsd: Math.round(Number(costUsd) * 1e9) }
}

const callsIn = ({ tables }: OlderLedger): number => (tables['calls'] ?? []).length
const costIn = ({ tables }: OlderLedger): number =>
  (tables['calls'] ?? []).reduce((sum, { cost_nano_usd: cost }) => sum + Number(cost ?? 0), 0)

/** Only the columns that were there before. */
const inColumnsOf = (columns: OlderRow, rows: readonly OlderRow[]): readonly OlderRow[] =>
  rows.map((row) => Object.fromEntries(Object.keys(columns).map((name) => [name, row[name] ?? null])))

/** Rows have no order, and neither have their columns. */
const sorted = (rows: readonly OlderRow[]): readonly string[] =>
  rows.map((row) => JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)))).toSorted()
