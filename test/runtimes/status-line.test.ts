import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { startServe } from '../../runtimes/node/serve-process.ts'
import { statusLine } from '../../runtimes/node/status-line/status-line.ts'
import { printFigures, usdText } from '../../src/analytics/status-line/print-figures.ts'
import { commandHome, type CommandHome } from '../support/command-home.ts'
import { runtimeBinary } from '../support/runtime.ts'

let at: CommandHome
beforeEach(() => {
  at = commandHome()
})
afterEach(() => at.remove())

/** In the hour after the turns that are made by number, in their day. */
const now = new Date('2026-01-01T00:30:00Z')
const program = fileURLToPath(new URL('../../dist/statusline.cjs', import.meta.url))

function line(told: unknown, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const text = typeof told === 'string' ? told : JSON.stringify(told)
  return statusLine({ told: text, env: { METIS_HOME: at.home, TZ: 'UTC', NO_COLOR: '1', ...env }, cwd: at.path('.'), now })
}

/** A folder in which `branch` of the repository `gateway` is checked out. */
function workTree(branch: string): string {
  const folder = at.path('gateway')
  mkdirSync(join(folder, '.git'), { recursive: true })
  writeFileSync(join(folder, '.git', 'HEAD'), `ref: refs/heads/${branch}\n`)
  return folder
}

async function issueKey(...flags: readonly string[]): Promise<{ readonly key_id: string; readonly token: string }> {
  const { stdout } = await at.run('issue-key', '--name', 'k', '--workspace', '/w', '--create', '--json', ...flags)
  return z.object({ key_id: z.string(), token: z.string() }).parse(JSON.parse(stdout))
}

describe('the status line', () => {
  it('says what session, day and branch cost and how much came from the cache, as analytics does', async () => {
    await at.play({ costNanoUsd: 1_250_000_001 }, {}, { costNanoUsd: null }, { end: 'failed' }, {}, {}, {}, { costNanoUsd: 3 })
    const shown = await line({ session_id: 'session-1', workspace: { current_dir: workTree('main') } })
    expect(shown).toBe('session $1.25 · today $1.26 · main $1.26 · cache 3%')

    const totals = z.object({ data: z.object({ cost_usd: z.number() }) })
    await at.inStore(async (context) => {
      const serve = await startServe(context, { port: 0 })
      const costOf = async (query: string): Promise<string> => {
        const answer = await fetch(`${serve.url}/analytics/cost?group_by=none&${query}`)
        return usdText(totals.parse(await answer.json()).data.cost_usd * 1e9)
      }
      try {
        const [session, today] = [await costOf('window=all&session=session-1'), await costOf('from=2026-01-01&to=2026-01-02')]
        expect(shown).toBe(`session ${session} · today ${today} · main ${await costOf('window=all&project=gateway')} · cache 3%`)
        // The database is open here, and written to as while a gateway runs: the same answer.
        expect(await line({ session_id: 'session-1', workspace: { current_dir: workTree('main') } })).toBe(shown)
      } finally {
        await serve.close()
      }
    })
  })

  it('says how many calls of the session have no price, never that they were free', async () => {
    await at.play({ costNanoUsd: null })
    expect(await line({ session_id: 'session-1' })).toBe('session $0.00 + 1 unpriced · today $0.00 · cache 3%')
  })

  it("shows the cap that has the least left, of the token's key, its user and its team", async () => {
    await at.run('team', 'add', 'eng', '--monthly-cap-usd', '100')
    await at.run('user', 'add', 'ada', '--team', 'eng', '--daily-cap-usd', '8')
    const { key_id, token } = await issueKey('--user', 'ada', '--monthly-cap-usd', '30')
    const spend = (kind: string, id: string, scope: string, periodUs: number, usd: number) =>
      at.inStore(({ storage }) =>
        storage.db
          .insertInto('quotas')
          .values({
            kind,
            id,
            scope,
            period_us: periodUs,
            spent_nano_usd: usd * 1e9,
            reserved_nano_usd: 500_000_000,
            alerted_percent: 0,
            last_turn_id: '',
          }) // prettier-ignore
          .onConflict((conflict) =>
            conflict.columns(['kind', 'id', 'scope', 'period_us']).doUpdateSet({ spent_nano_usd: usd * 1e9 }),
          )
          .execute(),
      )
    const startUs = Date.UTC(2026, 0) * 1000
    expect(await line({}, { ANTHROPIC_AUTH_TOKEN: token })).toContain('$8.00 left today')
    await spend('user', 'ada', 'daily', startUs, 2)
    expect(await line({}, { ANTHROPIC_AUTH_TOKEN: token })).toContain('$5.50 left today')
    await spend('key', key_id, 'monthly', startUs, 28)
    expect(await line({}, { ANTHROPIC_API_KEY: token })).toContain('$1.50 left this month')
    await spend('team', 'eng', 'monthly', startUs, 101)
    expect(await line({}, { ANTHROPIC_API_KEY: token })).toContain('$0.00 left this month')
    expect(await line({}, { ANTHROPIC_API_KEY: 'sk-ant-of-somebody' })).not.toContain('left')
  })

  it('counts the day of the user whom the key belongs to, of the key itself where it belongs to none, and of all without a key', async () => {
    const ada = await issueKey('--user', 'ada')
    const nobody = await issueKey()
    await at.play(
      { keyId: ada.key_id, userId: 'ada' },
      { keyId: null, userId: 'ada' },
      { userId: 'bob', costNanoUsd: 5_000_000_000 },
      { keyId: nobody.key_id, userId: null, costNanoUsd: 2_000_000_000 },
    )
    expect(await line({}, { ANTHROPIC_AUTH_TOKEN: ada.token })).toContain('today $0.00250')
    expect(await line({}, { ANTHROPIC_AUTH_TOKEN: nobody.token })).toContain('today $2.00')
    expect(await line({})).toContain('today $7.00')
    const beside = `x-team: a\nx-metis-key: ${nobody.token}`
    expect(await line({}, { ANTHROPIC_AUTH_TOKEN: '', ANTHROPIC_CUSTOM_HEADERS: beside })).toContain('today $2.00')
  })

  it.each([
    ['nothing', '', 'session – · metis: no ledger yet'],
    ['no JSON', '{"session_id":', 'session – · metis: no ledger yet'],
    ['other types', '{"session_id":7,"cost":{"total_cost_usd":"x"},"workspace":[]}', 'session – · metis: no ledger yet'],
    [
      'a session that goes elsewhere',
      '{"session_id":"s","cost":{"total_cost_usd":0.0123}}',
      'session ~$0.0123 · metis: no ledger yet',
    ],
  ])('makes do with %s', async (_, told, expected) => {
    expect(await line(told)).toBe(expected)
  })

  it('says so when the ledger cannot be read', async () => {
    mkdirSync(at.home, { recursive: true })
    writeFileSync(join(at.home, 'metis.db'), 'this is no database, and long enough to be looked at'.repeat(20))
    expect(await line({})).toContain('the ledger cannot be read, see metis-gateway doctor')
    expect(await line({}, { METIS_DB: 'postgres://u:secret@127.0.0.1/metis' })).toBe(
      'session – · metis: see the dashboard (Postgres)',
    )
  })

  it('tells the terminal nothing but text, whatever a branch is called', async () => {
    await at.play({})
    expect(await line({ cwd: workTree('fix\u{1b}[31m\u{7}/🦊') })).toContain(' · fix[31m/🦊')
    expect(await line({ cwd: workTree('a'.repeat(99)) })).toContain(`${'a'.repeat(31)}…`)
  })

  it.each([
    [0.21, '$0.21 left today'],
    [0.2, '\u{1b}[33m$0.20 left today\u{1b}[39m'],
    [0.05, '\u{1b}[31m$0.0500 left today\u{1b}[39m'],
    [0, '\u{1b}[31m$0.00 left today\u{1b}[39m'],
  ])('colours the budget where alerts are given: %d of 1 left', (left, expected) => {
    const budget = { scope: 'daily', leftNanoUsd: left * 1e9, limitNanoUsd: 1e9 } as const
    const figures = { session: null, todayNanoUsd: 0, branchNanoUsd: null, budget }
    expect(printFigures({ figures, estimateUsd: null, branch: null, problem: null, colour: true })).toContain(expected)
  })
})

describe('statusline --setting', () => {
  const setting = (env: Readonly<Record<string, string>>, ...flags: readonly string[]): string => {
    const argv = [join(program, '..', 'cli.js'), 'statusline', '--setting', ...flags]
    const { stdout } = spawnSync(runtimeBinary, argv, { env: { PATH: process.env['PATH'], ...env }, encoding: 'utf8' })
    const command = z.object({ type: z.literal('command'), command: z.string() })
    return z.object({ statusLine: command }).parse(JSON.parse(stdout)).statusLine.command
  }

  it('names a program that needs no command line of ours, and prints the same as the command', async () => {
    await at.play({})
    const command = setting({ METIS_HOME: at.home })
    expect(command).toContain('statusline.sh')
    const input = '{"session_id":"session-1"}'
    const direct = spawnSync('sh', ['-c', command], { input, cwd: at.path('.'), env: { PATH: '/usr/bin:/bin', NO_COLOR: '1' }, encoding: 'utf8' }) // prettier-ignore
    expect(direct).toMatchObject({ status: 0, stderr: '' })
    expect(direct.stdout).toBe('session $0.00125 · today $0.00 · cache 3%\n')
  })

  it.each([
    ['the environment', { METIS_DB: 'postgres://u:secret@127.0.0.1/metis' }, []],
    ['a flag', {}, ['--db', 'postgres://u:secret@127.0.0.1/metis']],
  ] as const)('writes no password of a database into a settings file: of %s', (_, env, flags) => {
    expect(setting(env, ...flags)).not.toContain('secret')
  })
})
