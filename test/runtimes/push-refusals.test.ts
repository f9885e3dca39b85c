// What a hub does not take: turns that cannot be true, turns that its store rejects, and strangers. None of it keeps anybody
// else's turns out.
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import { startPushing } from '../../runtimes/node/pusher.ts'
import { proveLedger } from '../../src/analytics/ledger/prove.ts'
import { eventually } from '../support/deadline.ts'
import { fakeIo } from '../support/fake-io.ts'
import { by, openTestHub, range, spendOn, work, type Laptop, type TestHub } from '../support/laptops.ts'
import { onFile } from '../support/test-database.ts'

let hub: TestHub
beforeEach(async () => {
  hub = await openTestHub({ trusted_proxies: ['127.0.0.1'], limits: { auth_failures_per_minute: 5 } })
})
afterEach(() => hub.close())

/** Changes what the laptop has on record of a turn. */
async function rewrite({ context }: Laptop, turnId: string, type: string, change: object): Promise<void> {
  const { db } = context.storage
  const of = db.selectFrom('events').select(['id', 'payload_json']).where('turn_id', '=', turnId).where('type', '=', type)
  const { id, payload_json } = await of.executeTakeFirstOrThrow()
  const payload = JSON.stringify({ ...JSON.parse(payload_json), ...change })
  await db.updateTable('events').set({ payload_json: payload }).where('id', '=', id).execute()
}

/** As a store that is broken for one turn. */
const poison = `create trigger poison before insert on calls when new.turn_id = 'turn-2' begin select raise(abort, 'poison'); end`

describe('a turn that cannot be true is refused, and its neighbours are taken', () => {
  const call = 'llm.call_completed'
  it.each([
    { what: 'a cost below nothing', of: call, change: { cost_usd: -5 }, total: -5, says: 'cost_usd' },
    { what: 'a cost that no integer counts', of: call, change: { cost_usd: 1e10 }, total: 1e10, says: 'cost_usd' },
    { what: 'a cost that spoils every sum', of: call, change: { cost_usd: 9e6 }, total: 9e6, says: 'cost_usd' },
    { what: 'tokens below nothing', of: call, change: { input_tokens: -1 }, says: 'input_tokens' },
    { what: 'tokens that overflow a sum', of: call, change: { output_tokens: Number.MAX_SAFE_INTEGER }, says: 'output_tokens' },
    { what: 'a latency that no hour holds', of: call, change: { latency_ms: 1e300 }, says: 'latency_ms' },
    { what: 'another cost at its end', of: 'turn.completed', change: { total_cost_usd: 7 }, says: 'another cost' },
    { what: 'more calls than it has', of: 'turn.completed', change: { llm_call_count: 2 }, says: 'other calls' },
    { what: 'a status without a call', of: 'turn.completed', change: { status: 'refused' }, says: 'status' },
    { what: 'a key that no text of Postgres is', of: 'turn.completed', change: { gateway_key_id: 'a\0b' }, says: 'NUL' },
  ])('$what', async ({ of, change, total, says }) => {
    const ada = await hub.laptop('ada', 'ada')
    await work(ada, range(0, 5))
    await rewrite(ada, 'turn-2', of, change)
    if (total !== undefined) await rewrite(ada, 'turn-2', 'turn.completed', { total_cost_usd: total })
    const push = hub.pusher(ada)
    const reasons = [{ turn_id: 'turn-2', reason: expect.stringContaining(says) }]
    expect(await push()).toMatchObject({ accepted: 4, refused: 1, later: 0, unreadable: 0, reasons })
    expect(await push()).toMatchObject({ accepted: 0, refused: 0 })
    expect(await spendOn(hub.url)).toMatchObject([{ call_count: 4 }])
    const { storage, prices, clock } = hub.context
    expect((await proveLedger({ storage, prices, nowUs: clock.nowUs() })).faults).toEqual([])
  })

  it('numbers that JSON has no word for, and what is no turn at all', async () => {
    const { token } = await hub.context.hub.issue('ada', by)
    const response = await fetch(`${hub.url}/ingest`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: '{"format":1,"names":[],"turns":[7,{},{"turnId":"x","route":{"timestampUs":1e999}}]}',
    })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ accepted: 0, later: [], refused: [{ turn_id: '' }, {}, { turn_id: 'x' }] })
  })
})

it('a turn of the far future waits on its laptop, and keeps no other there', async () => {
  const ada = await hub.laptop('ada', 'ada')
  await work(ada, range(0, 120))
  const { db } = ada.context.storage
  const route = db.updateTable('events').where('turn_id', '=', 'turn-7').where('type', '=', 'route.decided')
  await route.set({ timestamp_us: Date.UTC(2100, 0) * 1000 }).execute()
  expect(await hub.pusher(ada)()).toMatchObject({ accepted: 119, later: 1 })
  expect(await hub.pusher(ada)()).toMatchObject({ accepted: 0, known: 0, later: 1 })
})

it('a hub of an older version, which knows no turn for another day, is pushed to all the same', async () => {
  const ada = await hub.laptop('ada', 'ada')
  await work(ada, range(0, 2))
  vi.spyOn(globalThis, 'fetch').mockResolvedValueOnce(Response.json({ accepted: 2, known: 0, refused: [] }))
  expect(await hub.pusher(ada)()).toMatchObject({ accepted: 2, later: 0 })
  vi.restoreAllMocks()
  expect(await hub.pusher(ada)()).toMatchObject({ accepted: 0, known: 0 })
})

describe.runIf(onFile)('a turn that the hub’s store rejects', () => {
  it('stays on the laptop, is told of with its reason, and is taken once the store takes it', async () => {
    const ada = await hub.laptop('ada', 'ada')
    await work(ada, range(0, 120))
    const env = { METIS_HOME: join(hub.folder, 'ada'), METIS_HUB_TOKEN: ada.token }
    const storage = hub.context.storage
    await storage.exclusively?.(() => execute(poison))
    const io = fakeIo({ env })
    expect(await runCommand(['push', '--to', hub.url], io)).toBe(1)
    expect([io.stdout, io.stderr]).toEqual([
      ['119 turns are new to the hub'],
      [
        '1 turns were not taken this time; the next push sends them again',
        '  turn turn-2: the hub’s store does not take it; its log says why',
      ],
    ])
    await storage.exclusively?.(() => execute('drop trigger poison'))
    const again = fakeIo({ env })
    expect([await runCommand(['push', '--to', hub.url], again), again.stderr]).toEqual([0, []])
    expect(again.stdout).toEqual(['1 turns are new to the hub'])
  })

  it('does not stop the pusher: what comes after it is pushed, and the log has it once', async () => {
    const ada = await hub.laptop('ada', 'ada')
    const hour = Math.floor((Date.now() - Date.UTC(2026, 0)) / 3_600_000)
    await work(ada, range(0, 5), { hour })
    await hub.context.storage.exclusively?.(() => execute(poison))
    const told: unknown[] = []
    const logger = { log: (_: string, message: string, fields: object = {}) => void told.push({ message, ...fields }) }
    const pushing = startPushing({ ...ada.context, logger }, { url: hub.url, token: ada.token, everyMs: 20 })
    const countOf = async () => (await spendOn(hub.url))[0]?.['call_count']
    await eventually(10_000, 'the neighbours', async () => (await countOf()) === 4)
    await work(ada, range(5, 7), { hour })
    await eventually(10_000, 'the turns after it', async () => (await countOf()) === 6)
    await pushing.stop()
    expect(told).toEqual([expect.objectContaining({ message: 'the hub did not take some turns', later: 1, turn_id: 'turn-2' })])
  })

  async function execute(text: string): Promise<void> {
    const { db } = hub.context.storage
    await sql.raw(text).execute(db)
  }
})

describe('bad hub tokens from one address', () => {
  const post = async (token: string, address: string): Promise<Response> =>
    fetch(`${hub.url}/ingest`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'x-forwarded-for': address },
      body: JSON.stringify({ format: 1, names: [], turns: [] }),
    })

  it('cost no look into the database after five a minute, while a laptop that has pushed from there goes on', async () => {
    const { token } = await hub.context.hub.issue('ada', by)
    const { token: revoked } = await hub.context.hub.issue('old', by)
    await hub.context.hub.issue('old', by)
    expect((await post(token, '203.0.113.7')).status).toBe(200)
    const looks = vi.spyOn(hub.context.hub, 'sourceOf')
    const statuses: number[] = []
    for (let asked = 0; asked < 8; asked++) statuses.push((await post(revoked, '203.0.113.7')).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429, 429])
    expect(looks).toHaveBeenCalledTimes(5)
    const refused = await post(revoked, '203.0.113.7')
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.json()).toMatchObject({ error: { code: 'rate_limit_exceeded' } })
    expect((await post(token, '203.0.113.7')).status).toBe(200)
    expect((await post(revoked, '203.0.113.8')).status).toBe(401)
  })
})
