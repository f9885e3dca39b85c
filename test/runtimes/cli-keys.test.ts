import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import { openSqlite } from '../../runtimes/node/sqlite.ts'
import { parseToken } from '../../src/lib/token.ts'
import { fakeIo } from '../support/fake-io.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'metis-cli-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

async function run(argv: readonly string[], answer?: boolean) {
  const io = fakeIo({ env: { METIS_HOME: home, USER: 'alice' }, cwd: '/srv/shop', ...(answer === undefined ? {} : { answer }) })
  const code = await runCommand(argv, io)
  return { code, stdout: io.stdout, stderr: io.stderr, questions: io.questions }
}

async function keys(): Promise<readonly Record<string, unknown>[]> {
  const { stdout } = await run(['list-keys', '--json'])
  return JSON.parse(stdout.join('')).data
}

async function rows(table: 'users' | 'teams' | 'events') {
  const storage = await openSqlite(join(home, 'metis.db'), { readonly: true })
  try {
    return await storage.db.selectFrom(table).selectAll().execute()
  } finally {
    await storage.close()
  }
}

const issue = ['issue-key', '--name', 'alice-laptop', '--workspace', '.']

describe('issue-key', () => {
  it('prints id and token in the two lines that scripts look for, and warns on stderr that this is the only time', async () => {
    const { code, stdout, stderr } = await run(issue)
    expect(code).toBe(0)
    expect(stdout).toHaveLength(2)
    const keyId = /^key_id: (gk_\S+)$/.exec(stdout[0] ?? '')?.[1]
    const token = /^token: {2}(gw_\S+)$/.exec(stdout[1] ?? '')?.[1]
    expect(parseToken(token ?? '')?.keyId).toBe(keyId)
    expect(stderr.join('')).toContain('shown this once')
  })

  it('keeps no token: neither the database nor list-keys knows it', async () => {
    const { stdout } = await run(issue)
    const token = (stdout[1] ?? '').replace('token:  ', '')
    expect((await run(['list-keys', '--json'])).stdout.join('')).not.toContain(token)
    expect(JSON.stringify(await rows('events'))).not.toContain(token)
  })

  it('stores every limit as it was given, the workspace as an absolute path', async () => {
    const limits = ['--allow-model', 'haiku', '--allow-model', 'openai:*', '--daily-cap-usd', '0.50', '--monthly-cap-usd', '20']
    const others = ['--rpm', '60', '--tpm', '90000', '--expires', '90d', '--tag', 'env=ci', '--tag', 'expr=a=b']
    const before = Date.now()
    const { code, stdout } = await run([...issue, ...limits, ...others, '--json'])
    expect(code).toBe(0)
    const [key] = await keys()
    expect(key).toMatchObject({
      name: 'alice-laptop',
      state: 'active',
      workspace: '/srv/shop',
      allowed_models: ['haiku', 'openai:*'],
      daily_cap_usd: 0.5,
      monthly_cap_usd: 20,
      requests_per_minute: 60,
      tokens_per_minute: 90_000,
      tags: { env: 'ci', expr: 'a=b' },
    })
    const days = (Date.parse(String(key?.['expires_at'])) - before) / 86_400_000
    expect(days).toBeCloseTo(90, 2)
    expect(JSON.parse(stdout.join(''))).toMatchObject({ key_id: key?.['key_id'], token: expect.stringMatching(/^gw_/), ...key })
  })

  it('leaves ids as they were typed: 007 is no number', async () => {
    expect((await run([...issue, '--user', '007', '--team', '1e3', '--create'])).code).toBe(0)
    expect((await keys())[0]).toMatchObject({ user_id: '007', team_id: '1e3' })
  })

  it('refuses an unknown user with exit 2 when nobody can be asked, and writes nothing', async () => {
    const { code, stderr } = await run([...issue, '--user', 'alcie'])
    expect(code).toBe(2)
    expect(stderr.join('')).toContain('there is no user "alcie": check the name, or give --create')
    expect(await keys()).toEqual([])
    expect(await rows('users')).toEqual([])
  })

  it('asks on a terminal before it makes a user or team, and takes no for an answer', async () => {
    const refused = await run([...issue, '--team', 'eng'], false)
    expect([refused.code, refused.questions]).toEqual([2, ['There is no team "eng" yet. Create it?']])
    const agreed = await run([...issue, '--user', 'bob', '--team', 'eng'], true)
    expect(agreed.code).toBe(0)
    expect(agreed.questions).toHaveLength(2)
    expect(await rows('users')).toMatchObject([{ id: 'bob', team_id: 'eng' }])
    expect((await run([...issue, '--user', 'bob', '--team', 'eng'], false)).questions).toEqual([])
  })

  it('refuses a name that no query could filter by', async () => {
    const { code, stderr } = await run([...issue, '--user', "bob'; drop table users", '--create'])
    expect(code).toBe(2)
    expect(stderr.join('')).toContain('cannot name a user')
  })

  it('records who issued it', async () => {
    await run(issue)
    const issued = (await rows('events')).find((event) => 'type' in event && event.type === 'gateway.key_issued')
    expect(JSON.stringify(issued)).toMatch(/actor.+alice.+origin.+cli/)
  })
})

describe('list-keys and revoke-key', () => {
  it('shows a revoked key as such, and revokes it only once', async () => {
    const { stdout } = await run([...issue, '--json'])
    const id: string = JSON.parse(stdout.join('')).key_id
    expect(await run(['revoke-key', id])).toMatchObject({ code: 0, stdout: [`revoked ${id}`] })
    expect((await keys())[0]).toMatchObject({ key_id: id, state: 'revoked', revoked_at: expect.any(String) })
    const again = await run(['revoke-key', id])
    expect([again.code, again.stderr[0]]).toEqual([1, `metis-gateway: ${id} was revoked before`])
  })

  it('says what mends an unknown id, and never repeats a token that was given for one', async () => {
    const unknown = await run(['revoke-key', 'gk_nobody'])
    expect([unknown.code, unknown.stderr[0]]).toEqual([1, expect.stringContaining('list-keys shows those there are')])
    const token = await run(['revoke-key', 'gw_secret'])
    expect(token.code).toBe(1)
    expect(token.stderr.join('')).not.toContain('gw_secret')
  })

  it('lines up a table for people and says how to begin when there is none', async () => {
    expect((await run(['list-keys'])).stderr.join('')).toContain('no key has been issued yet')
    await run(issue)
    const { stdout } = await run(['list-keys'])
    expect(stdout[0]).toMatch(/^KEY +NAME +USER +TEAM +STATE/)
    expect(stdout[1]).toMatch(/^gk_\w{26} {2}alice-laptop {2}- +- +active +never +\/srv\/shop$/)
  })
})

it('makes home and database for their owner only, and --db and METIS_DB choose another file', async () => {
  await run(issue)
  expect(statSync(join(home, 'metis.db')).mode & 0o777).toBe(0o600)
  const other = join(home, 'other.db')
  await run([...issue, '--db', other])
  expect(await keys()).toHaveLength(1)
  const io = fakeIo({ env: { METIS_HOME: home, METIS_DB: other } })
  await runCommand(['list-keys', '--json'], io)
  expect(JSON.parse(io.stdout.join('')).data).toHaveLength(1)
})

describe('a store or a configuration that cannot be used ends with 1 and one line', () => {
  it.each<[readonly string[], string]>([
    [['list-keys', '--db', '/'], 'is a directory'],
    // On Linux no folder can be made there; elsewhere the root takes none from a user.
    [['list-keys', '--db', '/proc/nope/x.db'], '/proc/nope/x.db'],
    [['list-keys', '--config', '/nowhere/config.yaml'], '/nowhere/config.yaml'],
    [['list-keys', '--db', 'postgres://ada:secret@127.0.0.1:1/metis'], 'cannot be opened'],
  ])('%j', async (argv, message) => {
    const { code, stderr } = await run(argv)
    expect(code).toBe(1)
    expect(stderr).toHaveLength(1)
    expect(stderr[0]).toContain(message)
    expect(stderr[0]).not.toContain('\n')
  })
})
