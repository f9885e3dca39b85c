// What a buyer reads: names, quotas, orders and the words for "nobody", on rows small enough to check by hand.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listOf, objectOf } from '../support/json.ts'
import { callRow, insertCalls } from './support/call-rows.ts'
import { openServe, type OpenServe } from './support/open-serve.ts'

const atUs = (iso: string): number => Date.parse(iso) * 1000
const hostile = `O'Brien"; <script>alert(1)</script> \u202E`

let serve: OpenServe
beforeAll(async () => {
  serve = await openServe()
  const { db } = serve.storage
  const noCaps = { daily_cap_nano_usd: null, monthly_cap_nano_usd: null, created_us: 0, disabled_us: null }
  await db
    .insertInto('teams')
    .values([{ id: 'eng', display_name: 'Engineering', ...noCaps, monthly_cap_nano_usd: 10e9 }])
    .execute()
  await db
    .insertInto('users')
    .values([
      { id: 'ada', display_name: hostile, team_id: 'eng', ...noCaps, daily_cap_nano_usd: 4e9, monthly_cap_nano_usd: 0 },
      { id: 'bob', display_name: 'Bob', team_id: 'eng', ...noCaps },
    ])
    .execute()
  await db
    .insertInto('gateway_keys')
    .values({
      id: 'gk_1',
      name: "ada's laptop",
      token_hash: 'x',
      workspace: null,
      user_id: 'ada',
      team_id: null,
      allowed_models_json: '[]',
      daily_cap_nano_usd: null,
      monthly_cap_nano_usd: null,
      requests_per_minute: null,
      tokens_per_minute: null,
      concurrent_turns: null,
      tags_json: '{}',
      log_messages: 0,
      ignore_client_model: 0,
      created_us: 0,
      expires_us: null,
      revoked_us: null,
      last_used_us: null,
      budget_nano_usd: 8e9,
      allow_unpriced: 0,
      successor_id: null,
      // It took the place of an older key, and spends from that one's budget.
      root_id: 'gk_0',
    })
    .execute()
  const [today, november] = [atUs('2026-11-23T00:00:00Z'), atUs('2026-11-01T00:00:00Z')]
  const spent = [
    ['team', 'eng', 'monthly', november, 3_500_000_001],
    ['team', 'eng', 'monthly', atUs('2026-10-01T00:00:00Z'), 7e9],
    ['user', 'ada', 'daily', today, 1_000_000_001],
    ['user', 'ada', 'monthly', november, 3_000_000_001],
    ['user', 'eng', 'monthly', november, 1],
    ['key', 'gk_0', 'budget', 0, 2e9],
  ] as const
  const rest = { reserved_nano_usd: 5, alerted_percent: 0, last_turn_id: '' }
  const quotas = spent.map(([kind, id, scope, period_us, spent_nano_usd]) =>
    Object.assign({ kind, id, scope, period_us, spent_nano_usd }, rest),
  )
  await db.insertInto('quotas').values(quotas).execute()
  const none = { gateway_key_id: null, user_id: null, team_id: null, inbound_shape: null, session_id: 's-none' }
  await insertCalls(serve.storage, [
    // The clock stands at noon of 23 November: one call today, one yesterday, one last month.
    callRow('today', { timestamp_us: atUs('2026-11-23T09:00:00Z'), cost_nano_usd: 1_000_000_001 }),
    callRow('yesterday', { timestamp_us: atUs('2026-11-22T23:59:59Z'), cost_nano_usd: 2e9, inbound_shape: 'openai' }),
    callRow('october', { timestamp_us: atUs('2026-10-31T23:59:59Z'), cost_nano_usd: 7e9, cost_basis: 'partial_estimate' }),
    callRow('of bob', {
      timestamp_us: atUs('2026-11-21T10:00:00Z'),
      cost_nano_usd: 5e8,
      user_id: 'bob',
      gateway_key_id: 'gk_gone',
    }),
    callRow('of nobody', { timestamp_us: atUs('2026-11-21T11:00:00Z'), cost_nano_usd: null, ...none }),
    callRow('failed', {
      timestamp_us: atUs('2026-11-21T12:00:00Z'),
      cost_nano_usd: 0,
      status: 'failed',
      ...none,
      user_id: 'bob',
      team_id: 'eng',
    }),
  ])
})
afterAll(() => serve.close())

async function dataOf(path: string): Promise<readonly unknown[]> {
  const { status, body } = await serve.get(path)
  expect(status, JSON.stringify(body)).toBe(200)
  return listOf(objectOf(body).data)
}

describe('/analytics/by_team', () => {
  it('shows name, users and quota, and the calls of no team as a row of their own', async () => {
    expect(await dataOf('/analytics/by_team')).toMatchObject([
      {
        team_id: 'eng',
        team_name: 'Engineering',
        cost_usd: 3.500000001,
        call_count: 4,
        user_count: 2,
        by_user: [
          { user_id: 'ada', display_name: hostile, cost_usd: 3.000000001 },
          { user_id: 'bob', display_name: 'Bob', cost_usd: 0.5, call_count: 2 },
        ],
        quota: [
          { scope: 'monthly', limit_usd: 10, current_usd: 3.500000001, percentage: 35, resets_at: '2026-12-01T00:00:00.000Z' },
        ],
      },
      { team_id: null, team_name: null, cost_usd: null, call_count: 1, unpriced_calls: 1, user_count: 0, quota: [] },
    ])
  })
})

describe('/analytics/by_user', () => {
  it('measures caps in their own windows, whatever window the query asks for', async () => {
    const quota = [
      { scope: 'daily', limit_usd: 4, current_usd: 1.000000001, percentage: 25, resets_at: '2026-11-24T00:00:00.000Z' },
      { scope: 'monthly', limit_usd: 0, current_usd: 3.000000001, percentage: 100, resets_at: '2026-12-01T00:00:00.000Z' },
    ]
    for (const window of ['24h', '7d', 'all']) {
      expect(await dataOf(`/analytics/by_user?user=ada&window=${window}`)).toMatchObject([{ user_id: 'ada', quota }])
    }
  })

  it('keeps a hostile name as data, character by character', async () => {
    expect(await dataOf('/analytics/by_user?user=ada')).toMatchObject([{ display_name: hostile }])
  })

  it('lists the keys of a user, with the name of each that still has one', async () => {
    expect(await dataOf('/analytics/by_user?window=30d')).toMatchObject([
      { user_id: 'ada', cost_usd: 10.000000001, by_key: [{ gateway_key_id: 'gk_1', name: "ada's laptop", call_count: 3 }] },
      {
        user_id: 'bob',
        by_key: [
          { gateway_key_id: 'gk_gone', name: null },
          { gateway_key_id: null, name: null },
        ],
      },
      { user_id: null, display_name: null, quota: [] },
    ])
  })
})

describe('/analytics/by_key', () => {
  it('shows the last call and the shapes, and null for in-process calls', async () => {
    const rows = await dataOf('/analytics/by_key')
    expect(rows).toMatchObject([
      {
        gateway_key_id: 'gk_1',
        name: "ada's laptop",
        last_call_at: '2026-11-23T09:00:00.000Z',
        by_inbound_shape: [
          { inbound_shape: 'openai', cost_usd: 2 },
          { inbound_shape: 'anthropic', cost_usd: 1.000000001 },
        ],
        quota: [{ scope: 'budget', limit_usd: 8, current_usd: 2, percentage: 25, resets_at: null }],
      },
      { gateway_key_id: 'gk_gone', name: null },
      { gateway_key_id: null, name: null, cost_usd: 0, call_count: 2, by_inbound_shape: [{ inbound_shape: null }] },
    ])
  })
})

describe('/analytics/cost', () => {
  it('prints money exactly, never as 3.0000000010000001', async () => {
    const text = await (await serve.fetch('/analytics/cost?group_by=user&user=ada')).text()
    expect(text).toContain('"cost_usd":3.000000001,')
  })

  it('puts the dearest first and time in its order', async () => {
    const users = await dataOf('/analytics/cost?group_by=user&window=all')
    expect(users.map((row) => objectOf(row).user_id)).toEqual(['ada', 'bob', null])
    const days = await dataOf('/analytics/cost?group_by=day&window=all')
    expect(days.map((row) => objectOf(row).day)).toEqual(['2026-10-31', '2026-11-21', '2026-11-22', '2026-11-23'])
    const hours = await dataOf('/analytics/cost?group_by=hour&window=24h')
    expect(hours.map((row) => objectOf(row).hour)).toEqual(['2026-11-22T23:00:00.000Z', '2026-11-23T09:00:00.000Z'])
  })

  it('splits by model when nothing is said, and answers one object for none', async () => {
    expect(await dataOf('/analytics/cost')).toMatchObject([{ model: 'anthropic:claude-haiku-4-5' }])
    const { body } = await serve.get('/analytics/cost?group_by=none')
    expect(objectOf(body).data).toMatchObject({ call_count: 5, cost_usd: 3.500000001 })
  })

  it('says how much of a cost was measured', async () => {
    const { body } = await serve.get('/analytics/cost?group_by=none&window=all')
    expect(objectOf(body).data).toMatchObject({ cost_usd: 10.500000001, measured_cost_usd: 3.500000001 })
  })
})

describe('/analytics/cache_effectiveness', () => {
  it('tells rates of all input, and what the cache saved at list price', async () => {
    // Haiku 4.5: input $1, read $0.10, write $1.25 per million. 10 uncached, 30 read, 40 written a call.
    const [row] = await dataOf('/analytics/cache_effectiveness')
    expect(row).toMatchObject({
      model: 'anthropic:claude-haiku-4-5',
      input_tokens: 50,
      cached_input_tokens: 150,
      cache_creation_input_tokens: 200,
      hit_rate: 0.375,
      cache_write_share: 0.5,
    })
    expect(objectOf(row).saved_usd).toBeCloseTo((150 * 0.9 - 200 * 0.25) / 1e6, 12)
  })
})
