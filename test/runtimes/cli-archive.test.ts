// What goes out of the store and comes back: export, backup, restore, prune.
import fs, {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { csvLine } from '../../src/analytics/export/csv.ts'
import { csvOf } from '../../src/dashboard/csv.ts'
import { microsecondsOf } from '../../src/lib/calendar.ts'
import { processFacts } from '../../runtimes/node/process-facts.ts'
import { isDeadBy } from '../../src/store/instances.ts'
import type { InstancesTable } from '../../src/store/schema.ts'
import { openNode } from '../../runtimes/node/context.ts'
import { commandHome, playTurns, type CommandHome } from '../support/command-home.ts'
import { turnOf } from '../support/turns.ts'

let at: CommandHome
beforeEach(() => {
  at = commandHome()
})
afterEach(() => at.remove())

const cost = (line: string): number => JSON.parse(line).cost_usd

describe('export', () => {
  it('prints every call once, in the order of time, however many there are', async () => {
    await at.play(...Array.from({ length: 1201 }, (_, number) => ({ hour: number % 5, costNanoUsd: number })))
    const { code, lines, stderr } = await at.run('export')
    expect([code, lines.length, stderr]).toEqual([0, 1201, '1201 calls'])
    const records = lines.map((line) => JSON.parse(line))
    expect(new Set(records.map(({ turn_id: id }) => id)).size).toBe(1201)
    const times = records.map(({ timestamp }) => microsecondsOf(timestamp) ?? 0)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(Math.round(records.reduce((sum, { cost_usd: usd }) => sum + usd * 1e9, 0))).toBe((1200 * 1201) / 2)
  })

  it('takes a window, half open, and a user', async () => {
    await at.play({ userId: 'ada' }, { userId: 'bob' }, { userId: 'ada', hour: 1 }, { userId: 'ada', hour: 2 })
    const { lines } = await at.run('export', '--from', '2026-01-01', '--to', '2026-01-01T02:00:00Z', '--user', 'ada')
    expect(lines.map((line) => JSON.parse(line).turn_id)).toEqual(['turn-1', 'turn-3'])
    expect((await at.run('export', '--team', 'nobody')).lines).toEqual([])
  })

  it('prints CSV that a spreadsheet may open', async () => {
    await at.play({}, { costNanoUsd: null })
    await at.inStore(({ storage }) =>
      storage.db.updateTable('calls').set({ project: '=cmd()', branch: 'a,"b"\nc' }).where('turn_id', '=', 'turn-1').execute(),
    )
    const { lines, stderr } = await at.run('export', '--format', 'csv')
    const [header = '', first = '', second = ''] = lines
    expect(header.split(',').slice(0, 3)).toEqual(['turn_id', 'timestamp', 'session_id'])
    expect(first).toContain(`,'=cmd(),"a,""b""\nc",`)
    expect(second.split(',')[header.split(',').indexOf('cost_usd')]).toBe('')
    expect(stderr).toBe('2 calls, 1 of them unpriced')
  })

  it('prints FOCUS 1.2 with every column that may not be missing, and no cost in scientific notation', async () => {
    await at.play({ costNanoUsd: 1 }, { costNanoUsd: null })
    const { lines, stderr } = await at.run('export', '--format', 'focus')
    const header = lines[0]?.split(',') ?? []
    expect(header).toEqual(expect.arrayContaining(mandatoryFocusColumns))
    expect(header.filter((name) => !/^(?:x_)?[A-Z][A-Za-z]+$/.test(name))).toEqual([])
    const row = Object.fromEntries(header.map((name, index) => [name, lines[1]?.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)[index]]))
    expect(row).toMatchObject({
      BilledCost: '0.000000001',
      BillingPeriodStart: '2026-01-01T00:00:00Z',
      BillingPeriodEnd: '2026-02-01T00:00:00Z',
      ChargeCategory: 'Usage',
      ChargePeriodStart: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      ServiceCategory: 'AI and Machine Learning',
      ConsumedQuantity: '127',
      x_InputTokens: '100',
    })
    expect(stderr).toContain('1 of them unpriced: BilledCost 0, x_CostBasis unpriced')
  })

  it('calls keys and teams by name in FOCUS, each otherwise, and charges nothing to a month that had ended', async () => {
    await at.run('team', 'add', 'eng', '--name', 'Engineering')
    const keys: string[] = []
    for (const name of ['laptop', 'laptop', 'ci']) {
      const { stdout } = await at.run('issue-key', '--name', name, '--workspace', '.', '--json')
      keys.push(JSON.parse(stdout).key_id)
    }
    const [first = '', second = '', third = ''] = keys
    await at.play({ keyId: first }, { keyId: second }, { keyId: third }, { keyId: null })
    await at.inStore(({ storage }) =>
      storage.db.updateTable('calls').set({ team_id: 'eng' }).where('turn_id', '=', 'turn-1').execute(),
    )
    const { lines } = await at.run('export', '--format', 'focus')
    const [header = [], ...rows] = lines.map((line) => line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/))
    const column = (name: string) => rows.map((row) => row[header.indexOf(name)])
    expect(column('BillingAccountName')).toEqual([`laptop (${first})`, `laptop (${second})`, 'ci', 'In-process'])
    expect(column('SubAccountName')).toEqual(['Engineering', '', '', ''])
    // Begun on 31 December, and ended in the first second of January.
    expect([column('ChargePeriodStart')[0], column('BillingPeriodStart')[0]]).toEqual([
      '2026-01-01T00:00:00Z',
      '2026-01-01T00:00:00Z',
    ])
  })

  it.each(['=1', '+1', '-1', '@x', '\t=1', '\r=1', '\n=1', '＝1', '＋1', '－1', '＠x'])('disarms %j in every text', (text) => {
    expect(csvLine([text]).replaceAll('"', '').startsWith("'")).toBe(true)
    expect(csvOf([], [[text]])).toBe(`\r\n${csvLine([text])}\r\n`)
  })

  it.each([
    [['--format', 'xml'], '--format wants one of jsonl, csv, focus'],
    [['--from', 'yesterday'], '--from wants a date or time in UTC'],
    [['--from', '2026-02-30'], '--from wants a date'],
    [['--from', '2026-02-02', '--to', '2026-02-01'], '--from must not be later than --to'],
  ])('refuses %j', async (argv, message) => {
    expect(await at.run('export', ...argv)).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) })
  })
})

describe('backup and restore', () => {
  it('takes one moment while a gateway writes, and puts it back', async () => {
    const gateway = await openNode({ home: at.home, env: {}, maintenance: true, logLevel: 'error' })
    await playTurns(gateway, [{}, {}])
    const file = at.path('copy.db')
    const [taken] = await Promise.all([at.run('backup', 'copy.db'), playTurns(gateway, [{}, {}, {}, {}, {}])])
    expect(taken).toMatchObject({ code: 0, stdout: expect.stringContaining(file) })
    expect(statSync(file).mode & 0o777).toBe(0o600)

    const refused = await at.run('restore', 'copy.db', '--force')
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(/a gateway runs on .*: stop it/) })
    await gateway.close()

    expect(await at.run('restore', 'copy.db')).toMatchObject({ code: 1, stderr: expect.stringContaining('give --force') })
    const { code, lines } = await at.run('restore', 'copy.db', '--force')
    expect([code, lines[0]]).toEqual([0, expect.stringMatching(/metis\.db has the \d+ events of the backup/)])
    const aside = readdirSync(at.home).find((name) => name.includes('.before-restore-')) ?? ''
    expect(countIn(join(at.home, aside), 'calls')).toBe(5)
    expect(countIn(join(at.home, 'metis.db'), 'calls')).toBeLessThanOrEqual(5)
    expect((await at.run('doctor', 'ledger')).code).toBe(0)
  })

  it('refuses while any other process has the file open', async () => {
    await at.play({})
    await at.run('backup', 'copy.db')
    const reader = new Database(join(at.home, 'metis.db'), { readonly: true })
    reader.prepare('select count(*) from events').get()
    const refused = await at.run('restore', 'copy.db', '--force')
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('another process has') })
    reader.close()
    expect((await at.run('restore', 'copy.db', '--force')).code).toBe(0)
  })

  it('needs no --force where there is no database, and takes the place of a damaged one', async () => {
    await at.play({}, {})
    await at.run('backup', 'copy.db')
    const other = at.path('other/metis.db')
    mkdirSync(at.path('other'))
    expect((await at.run('restore', 'copy.db', '--db', other)).code).toBe(0)
    expect(countIn(other, 'calls')).toBe(2)
    writeFileSync(other, 'garbage that is as long as a header of a database would be, and still is none at all, not even close')
    expect((await at.run('restore', 'copy.db', '--db', other, '--force')).code).toBe(0)
    expect(countIn(other, 'calls')).toBe(2)
  })

  it('makes the folder on a machine that has none yet', async () => {
    await at.play({})
    await at.run('backup', 'copy.db')
    const other = at.path('new/machine/metis.db')
    expect(await at.run('restore', 'copy.db', '--db', other)).toMatchObject({ code: 0, stderr: '' })
    expect(countIn(other, 'calls')).toBe(1)
    expect([statSync(at.path('new')).mode & 0o777, statSync(other).mode & 0o777]).toEqual([0o700, 0o600])
  })

  it('puts the file that a link names aside, and the backup in its place', async () => {
    await at.play({})
    await at.run('backup', 'copy.db')
    mkdirSync(at.path('disk'))
    const real = at.path('disk/metis.db')
    renameSync(join(at.home, 'metis.db'), real)
    symlinkSync(real, join(at.home, 'metis.db'))
    expect((await at.run('restore', 'copy.db', '--force')).code).toBe(0)
    expect(lstatSync(join(at.home, 'metis.db')).isSymbolicLink()).toBe(true)
    expect(readdirSync(at.path('disk')).map((name) => name.replace(/-\d{8}T\d{6}Z$/, ''))).toEqual([
      'metis.db',
      'metis.db.before-restore',
    ])
    symlinkSync(real, at.path('link.db'))
    expect(await at.run('restore', 'link.db', '--force')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is the database itself'),
    })
  })

  it('plays no journal of a database that is gone into the one that comes', async () => {
    await at.play({})
    await at.run('backup', 'copy.db')
    const file = join(at.home, 'metis.db')
    await at.inStore(async (context) => {
      await playTurns(context, [{}, {}, {}])
      copyFileSync(`${file}-wal`, at.path('stale'))
    })
    rmSync(file)
    renameSync(at.path('stale'), `${file}-wal`)
    expect((await at.run('restore', 'copy.db')).code).toBe(0)
    expect(countIn(file, 'calls')).toBe(1)
  })

  it('is never without a database, whatever moment it is killed at', async () => {
    await at.play({}, {})
    await at.run('backup', 'copy.db')
    const file = join(at.home, 'metis.db')
    const missing: string[] = []
    const realLink = fs.linkSync
    const realRename = fs.renameSync
    const looking =
      <Arguments extends readonly unknown[]>(step: string, real: (...names: Arguments) => void) =>
      (...names: Arguments) => {
        if (!existsSync(file)) missing.push(`before ${step}`)
        real(...names)
        if (!existsSync(file)) missing.push(`after ${step}`)
      }
    vi.spyOn(fs, 'linkSync').mockImplementation(looking('link', realLink))
    vi.spyOn(fs, 'renameSync').mockImplementation(looking('rename', realRename))
    syncBuiltinESMExports()
    try {
      expect((await at.run('restore', 'copy.db', '--force')).code).toBe(0)
    } finally {
      vi.restoreAllMocks()
      syncBuiltinESMExports()
    }
    expect(missing).toEqual([])
    expect(readdirSync(at.home).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  it('closes the turns that were under way when the backup was taken, though their gateway still runs elsewhere', async () => {
    const gateway = await openNode({ home: at.home, env: {}, maintenance: true, logLevel: 'error' })
    await gateway.traces.openTurn(turnOf(1).opened, { mustCommit: false })
    await at.run('backup', 'copy.db')
    const other = at.path('other.db')
    expect((await at.run('restore', 'copy.db', '--db', other)).code).toBe(0)
    const facts = processFacts()
    const copied = new Database(other, { readonly: true })
    const [instance] = copied.prepare<[], InstancesTable>('select * from instances').all()
    copied.close()
    expect(instance === undefined ? null : isDeadBy(facts, Date.now() * 1000)(instance)).toBe(true)
    await gateway.close()
  })

  it.each([
    ['a text file', (file: string) => writeFileSync(file, 'x'.repeat(200)), 'is not a metis database'],
    ['nothing', () => undefined, 'does not exist'],
    ['an empty file', (file: string) => writeFileSync(file, ''), 'is not a metis database'],
    ["another program's", (file: string) => new Database(file).exec('create table t (a)').close(), "another program's tables"],
    ['a newer one', (file: string) => newer(file), 'was written by a newer metis-gateway'],
  ])('refuses %s as a backup, and leaves all as it was', async (_, make, message) => {
    await at.play({})
    const file = at.path('bad.db')
    make(file)
    expect(await at.run('restore', 'bad.db', '--force')).toMatchObject({ code: 1, stderr: expect.stringContaining(message) })
    expect(readdirSync(at.home).filter((name) => name.includes('restore'))).toEqual([])
    expect(countIn(join(at.home, 'metis.db'), 'calls')).toBe(1)
  })

  it('does not write over a file', async () => {
    await at.play({})
    writeFileSync(at.path('copy.db'), 'mine')
    expect(await at.run('backup', 'copy.db')).toMatchObject({ code: 1, stderr: expect.stringContaining('is there already') })
    expect(await at.run('backup')).toMatchObject({ code: 2 })
    expect(await at.run('backup', 'nowhere/copy.db')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/copy\.db cannot be written \(ENOENT[^\n]*: give a folder that is there/),
    })
    expect(readdirSync(at.path('')).filter((name) => name.endsWith('.part'))).toEqual([])
  })
})

it.each([
  ['backup', 'copy.db'],
  ['export'],
  ['prune', '--older-than', '90d'],
  ['reprice', '--since', '2026-11-01'],
  ['rebuild'],
  ['doctor', 'ledger'],
])('%s makes no empty database of a path that was mistyped', async (...argv) => {
  const typo = at.path('metsi.db')
  expect(await at.run(...argv, '--db', typo)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('metsi.db does not exist: '),
  })
  expect(existsSync(typo)).toBe(false)
})

describe('prune', () => {
  it('takes the events of old turns, keeps audits, totals, open turns and the proof', async () => {
    await at.play({}, { end: 'failed' }, { hour: 30 })
    await at.run('issue-key', '--name', 'a', '--workspace', '.')
    const before = (await at.run('export')).lines
    const age = `${Math.floor((Date.now() - Date.UTC(2026, 0, 1, 20)) / 60_000)}m`
    expect((await at.run('prune', '--older-than', age, '--dry-run')).stdout).toMatch(/^6 events of 2 turns before .* would go/)
    expect(await typesOf()).toHaveLength(10)
    expect((await at.run('prune', '--older-than', age)).stdout).toMatch(/^6 events of 2 turns before .* are gone/)
    expect(await typesOf()).toEqual([
      'route.decided',
      'llm.call_completed',
      'turn.completed',
      'gateway.key_issued',
      'trace.pruned',
    ])
    expect((await at.run('export')).lines).toEqual(before)
    expect(before.map(cost)).toEqual([0.00125, 0, 0.00125])
    expect((await at.run('rebuild')).code).toBe(0)
    expect((await at.run('export')).lines).toEqual(before)
    const { code, stdout } = await at.run('doctor', 'ledger')
    expect([code, stdout]).toEqual([0, expect.stringContaining('2 of them have no events any more: pruned')])
    expect((await at.run('prune', '--older-than', age)).stdout).toMatch(/^0 events of 0 turns/)
    expect(await typesOf()).toHaveLength(5)
  })

  it('says in the proof when events are gone that were too young to be pruned', async () => {
    await at.play({}, { hour: 30 })
    await at.run('prune', '--older-than', `${Math.floor((Date.now() - Date.UTC(2026, 0, 1, 20)) / 60_000)}m`)
    await at.inStore(({ storage }) => storage.db.deleteFrom('events').where('turn_id', '=', 'turn-2').execute())
    const { code, stdout } = await at.run('doctor', 'ledger')
    expect([code, stdout]).toEqual([1, expect.stringContaining('calls turn-2: has no event')])
  })

  it('takes nothing of an age before time', async () => {
    await at.play({})
    expect(await at.run('prune', '--older-than', '999999999d')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^0 events of 0 turns before 1970-01-01T00:00:00.000Z/),
    })
  })

  it('wants an age', async () => {
    expect(await at.run('prune')).toMatchObject({ code: 2, stderr: expect.stringContaining('prune needs --older-than') })
  })
})

const typesOf = () =>
  at.inStore(async ({ storage }) =>
    (await storage.db.selectFrom('events').select('type').orderBy('id').execute()).map(({ type }) => type),
  )

function countIn(path: string, table: string): number {
  const database = new Database(path, { readonly: true })
  try {
    return database.prepare<[], { n: number }>(`select count(*) as n from ${table}`).get()?.n ?? -1
  } finally {
    database.close()
  }
}

function newer(file: string): void {
  new Database(file)
    .exec("create table kysely_migration (name text, timestamp text); insert into kysely_migration values ('9999-later', '')")
    .close()
}

/** FOCUS 1.2, feature level Mandatory. */
const mandatoryFocusColumns = [
  'BilledCost',
  'BillingAccountId',
  'BillingAccountName',
  'BillingCurrency',
  'BillingPeriodEnd',
  'BillingPeriodStart',
  'ChargeCategory',
  'ChargeClass',
  'ChargeDescription',
  'ChargePeriodEnd',
  'ChargePeriodStart',
  'ContractedCost',
  'EffectiveCost',
  'InvoiceIssuerName',
  'ListCost',
  'PricingQuantity',
  'PricingUnit',
  'ProviderName',
  'PublisherName',
  'ServiceCategory',
  'ServiceName',
]
