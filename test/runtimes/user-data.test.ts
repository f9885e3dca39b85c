// A user's own data, for them; and a trace from which nothing leads back to them, with the same totals.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { giveFeedback } from '../../src/store/patterns.ts'
import { openServe } from '../analytics/support/open-serve.ts'
import { commandHome, type CommandHome } from '../support/command-home.ts'

let at: CommandHome
beforeEach(async () => {
  at = commandHome()
  await at.run('team', 'add', 'eng')
  await at.run('user', 'add', 'ada', '--name', 'Ada Lovelace', '--team', 'eng', '--daily-cap-usd', '5')
  await at.run('user', 'add', 'bob')
  await at.run('issue-key', '--name', 'ada-laptop', '--workspace', '/home/ada/project', '--user', 'ada', '--tag', 'desk=ada-7')
  await at.play(
    { userId: 'ada' },
    { userId: 'bob' },
    { userId: 'ada', hour: 3, costNanoUsd: 7 },
    { userId: 'ada', end: 'failed' },
  )
})
afterEach(() => at.remove())

const rows = () =>
  at.inStore(async ({ storage: { db } }) => ({
    events: await db.selectFrom('events').selectAll().orderBy('id').execute(),
    calls: await db.selectFrom('calls').selectAll().orderBy('turn_id').execute(),
    hours: await db.selectFrom('usage_hourly').selectAll().execute(),
    users: await db.selectFrom('users').selectAll().execute(),
    keys: await db.selectFrom('gateway_keys').selectAll().execute(),
    quotas: await db.selectFrom('quotas').selectAll().execute(),
    sessions: await db.selectFrom('sessions').selectAll().execute(),
    messages: await db.selectFrom('session_messages').selectAll().execute(),
  }))
const everything = async () => JSON.stringify(await rows())

async function converse(): Promise<void> {
  await at.inStore(async ({ storage: { db } }) => {
    const session = {
      id: 'ses_1',
      created_us: 1,
      updated_us: 1,
      title: 'Ada’s plans',
      workspace: '/home/ada',
      active_model: null,
      system_text: null,
      user_id: 'ada',
      team_id: null,
      client: 'dashboard',
      tags_json: '{}',
      running_turn_id: null,
      running_instance_id: null,
      stop_turn_id: null,
      deleted_us: null,
    }
    await db.insertInto('sessions').values(session).execute()
    const message = {
      session_id: 'ses_1',
      position: 1,
      turn_id: 't',
      role: 'user' as const,
      content: 'I am Ada',
      created_us: 1,
      model: null,
      status: null,
      stop_reason: null,
      input_tokens: null,
      output_tokens: null,
      cost_nano_usd: null,
      latency_ms: null,
    }
    await db.insertInto('session_messages').values(message).execute()
  })
}

describe('user export', () => {
  it('prints the user, keys without their hashes, conversations, calls and events; nobody else’s', async () => {
    await converse()
    const judged = (await rows()).calls.find(({ user_id: id }) => id === 'ada')
    await at.inStore((context) => giveFeedback(context, judged?.turn_id ?? '', 0.25))
    const { code, lines, stdout } = await at.run('user', 'export', 'ada')
    expect(code).toBe(0)
    const records = lines.map((line) => JSON.parse(line))
    expect(records.filter(({ feedback_rating: rating }) => rating === 0.25)).toMatchObject([{ kind: 'call', turn_id: judged?.turn_id }]) // prettier-ignore
    const count = (kind: string) => records.filter((record) => record.kind === kind).length
    expect(['user', 'key', 'session', 'message', 'call'].map(count)).toEqual([1, 1, 1, 1, 3])
    // Three turns of three events, made, issued.
    expect(count('event')).toBeGreaterThanOrEqual(11)
    expect(records.filter(({ kind, user_id: id }) => kind === 'call' && id !== 'ada')).toEqual([])
    expect(stdout).not.toMatch(/token_hash|gw_|"bob"/)
    expect((await rows()).events.at(-1)).toMatchObject({ type: 'analytics.user_exported' })
  })

  it('knows no user that is not there', async () => {
    expect(await at.run('user', 'export', 'eve')).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('there is no user "eve"'),
    })
    expect(await at.run('user', 'export')).toMatchObject({ code: 2 })
  })
})

describe('user forget', () => {
  it('leaves nothing that leads back, changes no total, and the proof and a rebuild agree', async () => {
    await converse()
    await at.run('user', 'export', 'ada')
    const before = await rows()
    const { code, stdout } = await at.run('user', 'forget', 'ada', '--yes', '--json')
    expect(code).toBe(0)
    const { pseudonym, ...counts } = JSON.parse(stdout)
    expect(pseudonym).toMatch(/^forgotten-[0-9a-z]{26}$/)
    expect(counts).toMatchObject({ forgotten: true, calls: 3, keys: 1, sessions: 1 })
    expect((await everything()).replaceAll(/[0-9a-f]{64}/g, '')).not.toMatch(/ada|Ada/)

    const after = await rows()
    const total = ({ calls }: typeof after) => calls.reduce((sum, call) => sum + (call.cost_nano_usd ?? 0), 0)
    expect(total(after)).toBe(total(before))
    expect(after.calls.map((call) => [call.turn_id, call.project, call.branch, call.cost_nano_usd])).toEqual(
      before.calls.map((call) => [call.turn_id, call.project, call.branch, call.cost_nano_usd]),
    )
    expect(after.users.map(({ id, team_id: team }) => [id, team]).toSorted()).toEqual([
      ['bob', null],
      [pseudonym, 'eng'],
    ])
    expect(after.keys).toMatchObject([{ user_id: pseudonym, revoked_us: expect.any(Number) }])
    expect(after.events.at(-1)).toMatchObject({ type: 'analytics.user_forgotten' })
    expect((await at.run('doctor', 'ledger')).code).toBe(0)
    await at.run('rebuild')
    expect((await rows()).calls).toEqual(after.calls)
  })

  it('is done once: again there is nobody', async () => {
    await at.run('user', 'forget', 'ada', '--yes')
    const after = await everything()
    expect((await at.run('user', 'forget', 'ada', '--yes')).stdout).toContain('there is nobody of that id')
    expect(await everything()).toBe(after)
  })

  it('goes on with the same pseudonym when it was cut short', async () => {
    await at.inStore(({ storage: { db } }) =>
      db.updateTable('users').set({ display_name: 'forgotten-01kat0000000000000000000aa' }).where('id', '=', 'ada').execute(),
    )
    expect(JSON.parse((await at.run('user', 'forget', 'ada', '--yes', '--json')).stdout)).toMatchObject({
      pseudonym: 'forgotten-01kat0000000000000000000aa',
    })
  })

  it('is not done without a yes', async () => {
    expect(await at.run('user', 'forget', 'ada')).toMatchObject({ code: 2, stderr: expect.stringContaining('give --yes') })
    expect((await rows()).users).toHaveLength(2)
  })
})

describe('over HTTP', () => {
  it('exports as JSON lines and forgets, both on record, the second time for nobody', async () => {
    const serve = await openServe()
    try {
      const user = {
        id: 'team/ada@x',
        display_name: 'Ada',
        team_id: null,
        daily_cap_nano_usd: null,
        monthly_cap_nano_usd: null,
        budget_nano_usd: null,
        created_us: 0,
        disabled_us: null,
      }
      await serve.storage.db.insertInto('users').values(user).execute()
      const path = `/analytics/user/${encodeURIComponent(user.id)}`
      const exported = await serve.fetch(`${path}/export`)
      expect([exported.status, exported.headers.get('content-type'), exported.headers.get('metis-api-version')]).toEqual([
        200,
        'application/x-ndjson; charset=utf-8',
        '1.0',
      ])
      expect(JSON.parse((await exported.text()).split('\n')[0] ?? '')).toMatchObject({ kind: 'user', id: user.id })
      expect((await serve.fetch('/analytics/user/nobody/export')).status).toBe(404)
      expect((await serve.fetch('/analytics/user/no%20body/export')).status).toBe(400)
      expect((await serve.fetch(`${path}/forget`)).status).toBe(405)
      const post = (headers: Record<string, string>) => serve.fetch(`${path}/forget`, { method: 'POST', headers, body: '{}' })
      expect((await post({})).status).toBe(415)
      const json = { 'content-type': 'application/json' }
      expect((await post({ ...json, 'sec-fetch-site': 'cross-site' })).status).toBe(403)
      const forget = async () => (await post(json)).json()
      expect(await forget()).toMatchObject({ forgotten: true, pseudonym: expect.stringMatching(/^forgotten-/) })
      expect(await forget()).toMatchObject({ forgotten: false, pseudonym: null, events: 0 })
      const types = await serve.storage.db.selectFrom('events').select('type').orderBy('id').execute()
      expect(types.map(({ type }) => type)).toEqual(['analytics.user_exported', 'analytics.user_forgotten'])
    } finally {
      await serve.close()
    }
  })
})
