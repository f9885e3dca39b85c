// The storage contract on the SQLite drivers that this Node does not have: on Bun, and on a Node with `node:sqlite`.
// And which of them a program takes that was installed without the native one.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { startProcess, temporaryHome } from '../support/program.ts'
import { bunBinary } from '../support/runtime.ts'
import { storages } from './storages.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const vitest = 'node_modules/vitest/vitest.mjs'
/** `.ci/run` brings one where the Node that runs it is older. */
const newerNode = process.env['METIS_NEWER_NODE'] ?? null

/** Driver → what runs vitest where it is. */
const programs: Readonly<Record<string, readonly string[] | null>> = {
  'bun:sqlite': bunBinary === null ? null : [bunBinary, '--bun', vitest],
  ...(storages['node:sqlite'] === null ? { 'node:sqlite': newerNode === null ? null : [newerNode, vitest] } : {}),
}

describe.each(Object.entries(programs))('on %s', (driver, program) => {
  it.skipIf(program === null)('the whole storage contract holds', { timeout: 120_000 }, async () => {
    const [command = '', ...argv] = program ?? []
    const contract = ['run', '--project', 'node', 'test/contract/storages.test.ts', '-t', `on ${driver}`]
    const run = startProcess(command, [...argv, ...contract], { home: temporaryHome(), cwd: root })
    const code = await run.ended
    const said = run.stdout() + run.stderr()
    expect(code, said).toBe(0)
    const [, passed = '0'] = /^(\d+) passed, 0 failed/m.exec(run.stdout()) ?? []
    expect(Number(passed), said).toBeGreaterThan(30)
  })
})

/** A Node that has node:sqlite. */
const nodeWithSqlite = storages['node:sqlite'] === null ? newerNode : process.execPath

it.skipIf(nodeWithSqlite === null)('node:sqlite is taken by itself where better-sqlite3 is not installed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'metis-package-'))
  try {
    cpSync(join(root, 'dist'), join(folder, 'dist'), { recursive: true })
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(join(root, 'node_modules/undici'), join(folder, 'node_modules/undici'))
    const env = { PATH: process.env['PATH'], METIS_HOME: join(folder, 'home') }
    const run = (...argv: readonly string[]) =>
      execFileSync(nodeWithSqlite ?? '', [join(folder, 'dist/cli.js'), ...argv], { env, encoding: 'utf8' })
    expect(run('issue-key', '--name', 'first', '--workspace', folder)).toContain('token:')
    expect(run('doctor')).toMatch(/SQLite [\d.]+ through node:sqlite/)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
