// What the cron trigger of a Worker does beside closing turns: it sums the hours and days that are over, a piece each minute, and
// no answer is another one for it. In workerd, on D1, whose limits are its own.
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addToHour } from '../../src/store/projections.ts'
import { insertRows } from '../../src/store/insert-rows.ts'
import { lookBackUs, unsettle } from '../../src/store/settled.ts'
import type { CallsTable } from '../../src/store/schema.ts'
import { callColumns, eventColumns, eventRowOf } from '../../src/store/turn-statements.ts'
import { isoOf } from '../../src/analytics/window.ts'
import { callRow } from '../analytics/support/call-rows.ts'
import { answerOf, answersOf, marksOf } from '../analytics/support/settled-answers.ts'
import { turnOf } from '../support/turns.ts'
import { adminToken, ageHeartbeats, startWorkersGateway, type WorkersGateway } from '../support/workers-gateway.ts'

const hourUs = 3_600_000_000
const dayUs = 24 * hourUs
/** Whole hours; all of them are long over. */
const startUs = Math.floor(Date.now() / 3_600_000 - 56) * hourUs

let gateway: WorkersGateway
let before: readonly string[]
beforeAll(async () => {
  gateway = await startWorkersGateway()
  await fill()
  before = await answersOf(serve, scopes)
})
afterAll(() => gateway.stop())

/** Of two users and three sessions in two teams, every other hour of two days. */
const calls = (): readonly CallsTable[] =>
  Array.from({ length: 24 }, (_, nth) =>
    callRow(`turn-${nth}`, {
      timestamp_us: startUs + nth * 2.2 * hourUs,
      session_id: `s${nth % 3}`,
      user_id: nth % 2 === 0 ? 'ada' : 'bob',
      team_id: nth % 4 === 0 ? null : 'eng',
      model: nth % 5 === 0 ? 'anthropic:claude-opus-4-8' : 'anthropic:claude-haiku-4-5',
      status: nth % 7 === 0 ? 'failed' : 'ok',
      error_class: nth % 7 === 0 ? 'overloaded' : null,
      cost_nano_usd: nth % 11 === 0 ? null : nth * 1_000_003,
      tags_json: nth % 2 === 0 ? '{"env":"prod"}' : '{}',
    }),
  )

/** Every filter at once, and an edge in the middle of an hour. */
const scopes = [
  'window=30d',
  `from=${isoOf(startUs + hourUs * 1.3)}&to=${isoOf(startUs + 2.1 * dayUs)}`,
  `from=${isoOf(startUs + hourUs / 3)}&to=${isoOf(startUs + 2.1 * dayUs)}&gateway_key=gk_1&user=ada&team=eng&provider=anthropic&project=gateway&client=claude-code&model=anthropic:claude-haiku-4-5`,
]

const serve = {
  async get(path: string) {
    const response = await fetch(gateway.url + path, { headers: { authorization: `Bearer ${adminToken}` } })
    const body: unknown = await response.json()
    return { status: response.status, headers: response.headers, body }
  },
}

const marks = () => marksOf(gateway.storage())

async function fill(storage = gateway.storage()): Promise<void> {
  for (const table of ['calls', 'events', 'usage_hourly', 'settled_spans', 'settled_usage', 'settled_facts'] as const)
    await storage.db.deleteFrom(table).execute()
  await storage.commit([
    [
      ...insertRows(storage, { table: 'calls', columns: callColumns, where: sql`1 = 1` }, calls(), 100),
      addToHour(sql`1 = 1`).compile(storage.db),
    ],
  ])
  const routes = Array.from({ length: 6 }, (_, nth) => {
    const { route } = turnOf(nth).opened
    return eventRowOf({ ...route, timestampUs: startUs + nth * 9 * hourUs })
  })
  await storage.commit([[...insertRows(storage, { table: 'events', columns: eventColumns, where: sql`1 = 1` }, routes, 20)]])
}

describe('the cron trigger', () => {
  it('sums a piece of what is over, and no answer is another one for it', async () => {
    await gateway.scheduled()
    expect((await marks()).length).toBeGreaterThan(0)
    expect(await answersOf(serve, scopes)).toEqual(before)
  })

  it('goes on a minute later, also while another one still runs', async () => {
    const first = await marks()
    await Promise.all([gateway.scheduled(), gateway.scheduled()])
    expect((await marks()).length).toBeGreaterThan(first.length)
  })

  it('comes to an end, and answers are then made of sums', async () => {
    for (let count = -1; count < (await marks()).length; await gateway.scheduled()) count = (await marks()).length
    const days = (await marks()).filter((mark) => mark.startsWith('day'))
    expect(days.length).toBeGreaterThanOrEqual(2)
    expect(await answersOf(serve, scopes)).toEqual(before)
    const { db } = gateway.storage()
    const [month = ''] = scopes
    const asked = `/analytics/cost?group_by=session&${month}`
    await sql`update calls set input_tokens = input_tokens + 1`.execute(db)
    const { body } = await serve.get(asked)
    await sql`update calls set input_tokens = input_tokens - 1`.execute(db)
    expect(before).toContain(answerOf(asked, body))
  })

  it('leaves answers as they were where the past has changed here and there, and D1 must join many pieces', async () => {
    for (const hours of [6, 30])
      await unsettle(startUs + hours * hourUs, startUs + hours * hourUs - lookBackUs).execute(gateway.storage().db)
    expect(await answersOf(serve, scopes)).toEqual(before)
  })

  it('leaves a day of too many rows to its hours, until it has fewer', async () => {
    const { db } = gateway.storage()
    const dayStart = Math.floor((startUs + dayUs) / dayUs) * dayUs
    await sql`insert into events (id, timestamp_us, session_id, turn_id, type, actor, sensitivity, payload_json)
with recursive number(n) as (select 1 union all select n + 1 from number where n <= 75000)
select 'many-' || n, ${dayStart} + n * 1000000, 's', 'turn-many-' || n, 'route.decided', 'system', 'pseudonymous', '{}' from number`.execute(
      db,
    )
    const day = `day ${isoOf(dayStart)}`
    await unsettle(dayStart).execute(db)
    await gateway.scheduled()
    expect(await marks()).not.toContain(day)
    expect((await marks()).length).toBeGreaterThan(0)
    await sql`delete from events where id like 'many-%'`.execute(db)
    await unsettle(dayStart).execute(db)
    await gateway.scheduled()
    expect(await marks()).toContain(day)
  })

  const without = async (table: string, work: () => Promise<void>): Promise<void> => {
    const { db } = gateway.storage()
    await sql`alter table ${sql.table(table)} rename to away`.execute(db)
    await work()
    await sql`alter table away rename to ${sql.table(table)}`.execute(db)
  }

  it('closes turns where nothing can be summed, and sums where no turn can be closed', async () => {
    await gateway.storage().db.deleteFrom('settled_spans').execute()
    gateway.provider.script({ fault: 'stall-mid' })
    const body = { model: 'claude-haiku-4-5', stream: true, max_tokens: 64, messages: [{ role: 'user', content: 'Hello.' }] }
    const cut = await gateway.post('/v1/messages', body)
    await gateway.crash()
    await cut.text().catch(() => '')
    await ageHeartbeats(gateway.storage(), 91_000)
    await without('inflight', async () => {
      await expect(gateway.scheduled()).rejects.toThrow(/cron trigger/)
      expect((await marks()).length).toBeGreaterThan(0)
    })
    await without('settled_usage', () => gateway.scheduled())
    expect(await gateway.storage().db.selectFrom('inflight').selectAll().execute()).toEqual([])
  })

  it('sums nothing where METIS_SETTLE is off, as on the free plan', async () => {
    const other = await startWorkersGateway({ variables: { METIS_SETTLE: 'off' } })
    await fill(other.storage())
    await other.scheduled()
    expect(await marksOf(other.storage())).toEqual([])
    await other.stop()
  })
})
