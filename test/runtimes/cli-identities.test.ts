// Users, teams and the life of a key, through the commands, in front of a gateway that runs meanwhile.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import { fakeIo } from '../support/fake-io.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { objectOf, parseObject, textOf } from '../support/json.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

async function run(...argv: readonly string[]) {
  const io = fakeIo({ env: { METIS_HOME: gateway.context.home, USER: 'alice' }, cwd: '/srv/shop' })
  const code = await runCommand(argv, io)
  return { code, stdout: io.stdout.join('\n'), stderr: io.stderr.join('\n') }
}

const json = async (...argv: readonly string[]) => parseObject((await run(...argv, '--json')).stdout)

async function ask(token: string) {
  const body = { model: 'claude-haiku-4-5', max_tokens: 16, messages: [{ role: 'user', content: 'hi' }] }
  const response = await gateway.post('/v1/messages', body, { token })
  return { status: response.status, error: objectOf(parseObject(await response.text())['error'] ?? {}) }
}

describe('user and team', () => {
  it.each(['user', 'team'] as const)(
    '%s: a disabled one is refused by the next request, and says who is disabled',
    async (kind) => {
      const id = `${kind}-of-key`
      expect(await run(kind, 'add', id, '--daily-cap-usd', '5')).toMatchObject({ code: 0, stdout: `added ${kind} ${id}` })
      const key = await json('issue-key', '--name', 'k', '--workspace', '.', `--${kind}`, id)
      const token = textOf(key['token'])
      expect((await ask(token)).status).toBe(200)
      expect(await run(kind, 'disable', id)).toMatchObject({ code: 0, stdout: `disabled ${kind} ${id}` })
      const refused = await ask(token)
      expect(refused).toMatchObject({ status: 401, error: { code: 'key_revoked', key_id: key['key_id'], [`${kind}_id`]: id } })
      expect(refused.error['message']).toContain(`the ${kind} "${id}", disabled at`)
      const [listed] = JSON.parse((await run('list-keys', '--json')).stdout).data.slice(-1)
      expect(listed).toMatchObject({ key_id: key['key_id'], state: 'disabled' })
      expect((await run(kind, 'disable', id)).stderr).toContain(`${id} was disabled before`)
      expect(await run(kind, 'enable', id)).toMatchObject({ code: 0 })
      expect((await ask(token)).status).toBe(200)
    },
  )

  it.each(['user', 'team'] as const)(
    '%s set-cap changes one cap, lifts another, and leaves the third as it was',
    async (kind) => {
      await run(kind, 'add', 'capped', '--name', 'Capped', '--daily-cap-usd', '5', '--monthly-cap-usd', '50')
      expect(await json(kind, 'set-cap', 'capped', '--daily-cap-usd', '7.5')).toMatchObject({
        [`${kind}_id`]: 'capped',
        display_name: 'Capped',
        daily_cap_usd: 7.5,
        monthly_cap_usd: 50,
      })
      expect(await json(kind, 'set-cap', 'capped', '--daily-cap-usd', 'none')).toMatchObject({
        daily_cap_usd: null,
        monthly_cap_usd: 50,
      })
      expect((await run(kind, 'list')).stdout).toMatch(
        kind === 'user' ? /capped +Capped +- +- +50 +- +active/ : /capped +Capped +- +50 +- +active/,
      )
    },
  )

  it.each([
    [['user', 'set-cap', 'nobody', '--daily-cap-usd', '1'], 1, 'there is no user "nobody"'],
    [['team', 'disable', 'nobody'], 1, 'there is no team "nobody"'],
    [['user', 'add', 'grace', '--team', 'nobody'], 1, 'there is no team "nobody"'],
    [['user', 'set-cap', 'nobody'], 2, 'needs a cap'],
    [['user', 'set-team', 'nobody', 'none'], 1, 'there is no user "nobody"'],
    [['user', 'set-team', 'nobody', 'nowhere'], 1, "there is no team 'nowhere'"],
    [['user', 'set-team', 'nobody'], 2, 'needs the id of a user, and of a team or none'],
    [['set-key'], 2, 'set-key needs the id of a key'],
    [['set-key', 'gk_no'], 2, 'needs something to change'],
    [['set-key', 'gk_no', '--rpm', 'none'], 1, 'there is no key gk_no'],
    [['set-key', 'gk_no', '--rpm', '0'], 2, '--rpm wants a whole number'],
    [['set-key', 'gk_no', '--allow-model', 'all', '--allow-model', 'x'], 2, 'all stands alone'],
    [['set-key', 'gk_no', '--allow-unpriced', 'yes'], 2, 'one of on, off'],
    [['user', 'set-cap', 'nobody', '--daily-cap-usd', '-1'], 2, '--daily-cap-usd'],
    [['user', 'set-cap', 'nobody', '--daily-cap-usd', '1e3'], 2, 'an amount in USD'],
    [['user', 'add', 'a b'], 2, 'cannot name a user'],
    [['user', 'add'], 2, 'needs an ID'],
    [['team', 'add', 'x', '--team', 'y'], 2, '--team'],
    [['user'], 2, 'user needs one word more: `user add`'],
    [['user', 'remove'], 2, 'there is no "user remove"'],
  ] as const)('%j ends with %d: %s', async (argv, code, message) => {
    const ended = await run(...argv)
    expect([ended.code, ended.stderr]).toEqual([code, expect.stringContaining(message)])
  })

  it('are told of by --help, together and one by one', async () => {
    const all = await run('user', '--help')
    for (const action of ['add', 'list', 'set-cap', 'disable', 'enable']) expect(all.stdout).toContain(`user ${action}`)
    expect((await run('team', 'set-cap', '--help')).stdout).toContain('Usage: metis-gateway team set-cap ID [flags]')
    expect((await run('help', 'user', 'add')).stdout).toContain('Usage: metis-gateway user add ID [flags]')
  })
})

it('user set-team moves what is spent from then on, and the caps that hold, with the next request', async () => {
  await run('team', 'add', 'old')
  await run('team', 'add', 'broke', '--monthly-cap-usd', '0')
  await run('user', 'add', 'mover', '--team', 'old')
  const key = await json('issue-key', '--name', 'k', '--workspace', '.', '--user', 'mover')
  const token = textOf(key['token'])
  expect((await ask(token)).status).toBe(200)
  expect(await json('user', 'set-team', 'mover', 'broke')).toEqual({ user_id: 'mover', team_id: 'broke' })
  expect(await ask(token)).toMatchObject({ status: 429, error: { identity: 'team:broke' } })
  expect((await run('user', 'set-team', 'mover', 'none')).stdout).toBe('user mover is in no team')
  expect((await ask(token)).status).toBe(200)
  const { db } = gateway.context.storage
  const calls = await db.selectFrom('calls').select('team_id').where('user_id', '=', 'mover').orderBy('turn_id').execute()
  expect(calls.map((call) => call.team_id)).toEqual(['old', null])
  const [last] = (await gateway.events()).filter(({ type }) => type === 'gateway.identity_changed').slice(-1)
  expect(last?.payload).toMatchObject({ kind: 'user', id: 'mover', change: 'team_set', team_id: null })
})

describe('set-key', () => {
  it('changes what it names and nothing else, works with the next request, and is on record', async () => {
    const key = await json(
      'issue-key',
      '--name',
      'k',
      '--workspace',
      '.',
      '--rpm',
      '1000',
      '--daily-cap-usd',
      '5',
      '--tag',
      'a=b',
    )
    const [id, token] = [textOf(key['key_id']), textOf(key['token'])]
    expect((await ask(token)).status).toBe(200)
    const change = ['--daily-cap-usd', 'none', '--monthly-cap-usd', '0.000001', '--name', 'renamed', '--expires', '1d']
    const { key_id: _id, token: _token, expires_at: _none, ...rest } = key
    expect(await json('set-key', id, ...change)).toMatchObject({
      ...rest,
      last_used_at: expect.any(String),
      name: 'renamed',
      daily_cap_usd: null,
      monthly_cap_usd: 0.000001,
      expires_at: expect.any(String),
    })
    // What the month has cost before is counted.
    expect(await ask(token)).toMatchObject({ status: 429, error: { identity: `key:${id}`, scope: 'monthly' } })
    const refused = await ask(token)
    expect(Number(refused.error['current_usd'])).toBeGreaterThan(0)
    await run('set-key', id, '--monthly-cap-usd', 'none', '--allow-model', 'openai:*')
    expect(await ask(token)).toMatchObject({ status: 403, error: { code: 'model_not_allowed' } })
    await run('set-key', id, '--allow-model', 'all', '--expires', 'none', '--rpm', 'none')
    expect((await ask(token)).status).toBe(200)
    const changes = (await gateway.events()).filter(({ type }) => type === 'gateway.key_changed')
    expect(changes.at(-3)?.payload).toMatchObject({ key_id: id, daily_cap_usd: null, monthly_cap_usd: 0.000001, name: 'renamed' })
    expect(changes.at(-1)?.payload).toMatchObject({ allowed_models: [], requests_per_minute: null, expires_us: null })
  })

  it('limits a rotated key and its successor together', async () => {
    const key = await json('issue-key', '--name', 'k', '--workspace', '.')
    expect((await ask(textOf(key['token']))).status).toBe(200)
    const successor = await json('rotate-key', textOf(key['key_id']))
    await run('set-key', textOf(successor['key_id']), '--daily-cap-usd', '0.000001')
    for (const token of [key['token'], successor['token']]) {
      const refused = await ask(textOf(token))
      expect([refused.status, Number(refused.error['current_usd']) > 0]).toEqual([429, true])
    }
  })

  it('does not wake a revoked key', async () => {
    const key = await json('issue-key', '--name', 'k', '--workspace', '.')
    await run('revoke-key', textOf(key['key_id']))
    expect(await run('set-key', textOf(key['key_id']), '--expires', 'none')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('is revoked'),
    })
  })
})

describe('rotate-key', () => {
  it('gives a token that works at once beside the old one, which ends with the grace period', async () => {
    const old = await json('issue-key', '--name', 'ci', '--workspace', '.', '--allow-model', 'haiku', '--rpm', '600')
    const next = await json('rotate-key', textOf(old['key_id']), '--grace-period', '1h')
    expect(next).toMatchObject({ name: 'ci', allowed_models: ['haiku'], requests_per_minute: 600, predecessor_id: old['key_id'] })
    for (const token of [old['token'], next['token']]) expect((await ask(textOf(token))).status).toBe(403)
    const last = await json('rotate-key', textOf(next['key_id']), '--grace-period', '0s')
    expect((await ask(textOf(next['token']))).error).toMatchObject({ code: 'key_expired' })
    expect((await ask(textOf(last['token']))).status).toBe(403)
  })

  it.each([
    [['gk_nobody'], 'there is no key gk_nobody'],
    [['gw_secret'], 'a gw_ token is not an id'],
  ])('%j ends with 1: %s', async (argv, message) => {
    const ended = await run('rotate-key', ...argv)
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining(message)])
    expect(ended.stderr).not.toContain('gw_secret')
  })

  it('says why a key cannot be rotated: rotated before, or revoked', async () => {
    const id = textOf((await json('issue-key', '--name', 'x', '--workspace', '.'))['key_id'])
    const successor = textOf((await json('rotate-key', id))['key_id'])
    expect((await run('rotate-key', id)).stderr).toContain(`was rotated before: its successor is ${successor}`)
    await run('revoke-key', successor)
    expect((await run('rotate-key', successor)).stderr).toContain(`${successor} is revoked`)
  })
})
