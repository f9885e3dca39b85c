// Laptops and their hub, as they run: each laptop a ledger of its own, the hub a serve on a socket.
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openNode } from '../../runtimes/node/context.ts'
import { runCommand } from '../../runtimes/node/commands/run.ts'
import { startPushing } from '../../runtimes/node/pusher.ts'
import { startServe } from '../../runtimes/node/serve-process.ts'
import { usdOf } from '../../src/lib/money.ts'
import { readUnpushed } from '../../src/store/unpushed.ts'
import { eventually, within } from '../support/deadline.ts'
import { fakeIo } from '../support/fake-io.ts'
import { numberOf, objectOf, parseObject, textOf } from '../support/json.ts'
import { by, openTestHub, range, spendOn, work, type TestHub } from '../support/laptops.ts'

const totals = { accepted: 0, known: 0, refused: 0, later: 0, reasons: [], unreadable: 0 }

let hub: TestHub
beforeEach(async () => {
  hub = await openTestHub()
})
afterEach(() => hub.close())

/** In the hub's place. */
async function openServer(listener: RequestListener): Promise<{ readonly url: string; readonly close: () => void }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { url: `http://127.0.0.1:${port}`, close: () => server.close().closeAllConnections() }
}

describe('two laptops and a hub', () => {
  it('show on the hub what each has spent, to the nano-dollar, under the names they have there', async () => {
    const [ada, bob] = [await hub.laptop('ada', 'ada'), await hub.laptop('bob', 'bob')]
    await work(ada, range(0, 200))
    await work(bob, range(1000, 1030), { userId: 'bob' })
    await work(bob, range(1030, 1035), { userId: 'bob', end: 'failed' })
    await work(bob, [1035], { userId: 'bob', costNanoUsd: null })
    expect(await hub.pusher(ada)()).toEqual({ ...totals, accepted: 200 })
    expect(await hub.pusher(bob)()).toEqual({ ...totals, accepted: 36 })
    const sum = (numbers: readonly number[]) => usdOf(numbers.reduce((total, number) => total + 1_000_000_007 + number, 0))
    expect(await spendOn(hub.url)).toMatchObject([
      { gateway_key_id: ada.keyId, name: 'ada key @ ada', call_count: 200, cost_usd: sum(range(0, 200)) },
      { gateway_key_id: bob.keyId, name: 'bob key @ bob', call_count: 36, cost_usd: sum(range(1000, 1030)), unpriced_calls: 1 },
    ])
    expect(await spendOn(hub.url, 'by_user')).toMatchObject([{ user_id: 'ada' }, { user_id: 'bob', call_count: 36 }])
    for (const { context } of [ada, bob]) {
      const own = await startServe(context, { port: 0 })
      const [mine] = await spendOn(own.url)
      const onHub = (await spendOn(hub.url)).find((key) => key['gateway_key_id'] === mine?.['gateway_key_id'])
      await own.close()
      expect(onHub).toEqual({ ...mine, name: onHub?.['name'], quota: [] })
    }
    expect(await hub.context.storage.db.selectFrom('inflight').selectAll().execute()).toEqual([])
  })

  it('push a turn once, whatever is sent again, and only what is new', async () => {
    const ada = await hub.laptop('ada', 'ada')
    await work(ada, range(0, 5))
    const push = hub.pusher(ada)
    expect(await push()).toEqual({ ...totals, accepted: 5 })
    expect(await push()).toEqual(totals)
    const before = await spendOn(hub.url)
    await ada.context.storage.db.deleteFrom('pushed_turns').execute()
    expect(await hub.pusher(ada)()).toEqual({ ...totals, known: 5 })
    expect(await spendOn(hub.url)).toEqual(before)
    // Older than what was pushed before, as a turn from a spool is.
    await work(ada, [-50_000])
    expect(await hub.pusher(ada)()).toEqual({ ...totals, accepted: 1 })
  })

  it('catch up after a cut between two batches, and after one whose answer was lost', async () => {
    const ada = await hub.laptop('ada', 'ada')
    await work(ada, range(0, 250))
    const lost = await hub.road((nth) => ({ forward: nth < 2, answer: nth === 0 }))
    await expect(hub.pusher(ada, lost)()).rejects.toThrow(/cannot be reached/)
    expect(await spendOn(hub.url)).toMatchObject([{ call_count: 100 }])
    const back = await hub.road(() => ({ forward: true, answer: true }))
    // Another address is another hub to the laptop; to this one all but the last batch is known.
    expect(await hub.pusher(ada, back)()).toEqual({ ...totals, accepted: 150, known: 100 })
    expect(await spendOn(hub.url)).toMatchObject([{ call_count: 250, cost_usd: usdOf(250 * 1_000_000_007 + (249 * 250) / 2) }])
  })

  it('catch up by themselves when the hub is back', async () => {
    const ada = await hub.laptop('ada', 'ada')
    let away = true
    const url = await hub.road(() => ({ forward: !away, answer: !away }))
    // Now: what is pushed again and again looks back an hour, and only once a day further.
    const hour = Math.floor((Date.now() - Date.UTC(2026, 0)) / 3_600_000)
    await work(ada, range(0, 3), { hour })
    const told: string[] = []
    const logger = { log: (_: string, message: string) => void told.push(message) }
    const pushing = startPushing({ ...ada.context, logger }, { url, token: ada.token, everyMs: 20 })
    await eventually(10_000, 'a fault', () => told.length > 0)
    away = false
    await eventually(10_000, 'the turns', async () => (await spendOn(hub.url))[0]?.['call_count'] === 3)
    await work(ada, range(3, 5), { hour })
    await eventually(10_000, 'the new turns', async () => (await spendOn(hub.url))[0]?.['call_count'] === 5)
    await pushing.stop()
    expect(told).toEqual(['turns could not be pushed to the hub; it is tried again', 'the hub has all again'])
  })

  it('are told in plain words of an answer that is cut in the middle', async () => {
    const ada = await hub.laptop('ada', 'ada')
    await work(ada, [1])
    const { url, close } = await openServer((_, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy())
    })
    await expect(hub.pusher(ada, url)()).rejects.toThrow(/the hub at \S+ cannot be reached/)
    close()
  })

  it('stop at once, also while the hub is silent about what they pushed', async () => {
    const ada = await hub.laptop('ada', 'ada')
    await work(ada, [1])
    let asked = 0
    const { url, close } = await openServer(() => {
      asked += 1
    })
    const told: string[] = []
    const logger = { log: (_: string, message: string) => void told.push(message) }
    const pushing = startPushing({ ...ada.context, logger }, { url, token: ada.token, everyMs: 20 })
    await eventually(10_000, 'a push', () => asked === 1)
    await within(10_000, 'the stop', pushing.stop())
    close()
    expect(told).toEqual([])
  })

  it('never count under a key of another or of the hub, and never rename one', async () => {
    const [ada, bob] = [await hub.laptop('ada', 'ada'), await hub.laptop('bob', 'bob')]
    const own = await hub.context.keys.issue({ name: 'hub key' }, by)
    await work(ada, [1])
    await hub.pusher(ada)()
    const before = await spendOn(hub.url)
    const { db } = bob.context.storage
    for (const [number, id] of [
      [2, ada.keyId],
      [3, own.keyId],
    ] as const) {
      await db.updateTable('gateway_keys').set({ id, name: 'stolen' }).where('id', '=', bob.keyId).execute()
      await work({ ...bob, keyId: id }, [number])
      await db.updateTable('gateway_keys').set({ id: bob.keyId }).where('id', '=', id).execute()
    }
    const reasons = [2, 3].map((number) => ({ turn_id: `turn-${number}`, reason: 'its key is another’s' }))
    expect(await hub.pusher(bob)()).toEqual({ ...totals, refused: 2, reasons })
    // The same turn again, with its own key and another price.
    await db.deleteFrom('events').execute()
    await db.deleteFrom('calls').execute()
    await work(bob, [1], { costNanoUsd: 5 })
    expect(await hub.pusher(bob)()).toEqual({ ...totals, known: 1 })
    expect(await spendOn(hub.url)).toEqual(before)
    expect(await hub.context.keys.list()).toMatchObject([{ id: own.keyId, name: 'hub key' }])
  })

  it('send no word of a prompt, an answer or a provider, and nothing that opens a door', async () => {
    const ada = await hub.laptop('ada', 'ada')
    await work(ada, [1], { end: 'failed' })
    const { db } = ada.context.storage
    for (const event of await db.selectFrom('events').select(['id', 'payload_json']).where('turn_id', '!=', '').execute()) {
      const payload = { ...JSON.parse(event.payload_json), prompt: 'SECRET', error_message_redacted: 'SECRET' }
      await db
        .updateTable('events')
        .set({ payload_json: JSON.stringify(payload) })
        .where('id', '=', event.id)
        .execute()
    }
    const unpushed = await readUnpushed(db, 'x', { sinceUs: 0, nowUs: hub.context.clock.nowUs() })
    const text = JSON.stringify(unpushed?.push)
    expect(unpushed?.push.turns).toHaveLength(1)
    const { token_hash } = await db.selectFrom('gateway_keys').select('token_hash').executeTakeFirstOrThrow()
    for (const hidden of ['SECRET', token_hash]) expect(text).not.toContain(hidden)
  })
})

it('who is forgotten on the hub is known there by no name that a laptop brought, and counts as before', async () => {
  const ada = await hub.laptop('ada-laptop', 'ada')
  await work(ada, range(0, 3))
  await hub.pusher(ada)()
  const [before] = await spendOn(hub.url)
  await runCommand(['user', 'forget', 'ada', '--yes'], fakeIo({ env: { METIS_HOME: join(hub.folder, 'hub'), METIS_DB: hub.db } }))
  expect(await hub.context.storage.db.selectFrom('pushed_names').select(['kind', 'id']).execute()).toEqual([])
  const [after] = await spendOn(hub.url)
  expect(after).toMatchObject({ call_count: 3, cost_usd: before?.['cost_usd'] })
  expect(JSON.stringify(after)).not.toContain('ada-laptop')
})

it('a turn whose call is gone is never pushed without it', async () => {
  const ada = await hub.laptop('ada', 'ada')
  await work(ada, range(0, 2))
  const { db } = ada.context.storage
  await db.deleteFrom('events').where('type', '=', 'llm.call_completed').where('turn_id', '=', 'turn-0').execute()
  expect(await hub.pusher(ada)()).toEqual({ ...totals, accepted: 1, unreadable: 1 })
  expect(await spendOn(hub.url)).toMatchObject([{ call_count: 1 }])
})

describe('POST /ingest', () => {
  const post = (token: string | null, body: string) =>
    fetch(`${hub.url}/ingest`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
      body,
    })
  const empty = JSON.stringify({ format: 1, names: [], turns: [] })

  it('takes a token of its own kind, until it is revoked or the laptop has a new one', async () => {
    const { id, token } = await hub.context.hub.issue('ada', by)
    const key = await hub.context.keys.issue({ name: 'k' }, by)
    expect((await post(token, empty)).status).toBe(200)
    for (const other of [
      null,
      'x',
      key.token,
      id,
      `${token.slice(0, -1)}${token.endsWith('0') ? '1' : '0'}`,
      token.replace('hub_', 'gw_'),
    ])
      expect((await post(other, empty)).status).toBe(401)
    const next = await hub.context.hub.issue('ada', by)
    expect([(await post(token, empty)).status, (await post(next.token, empty)).status]).toEqual([401, 200])
    expect(await hub.context.hub.revoke(next.id, by)).toBe(true)
    expect((await post(next.token, empty)).status).toBe(401)
    const stored = JSON.stringify(await hub.context.storage.db.selectFrom('hub_tokens').selectAll().execute())
    expect(stored).not.toContain(token)
  })

  it('keeps what a laptop pushed its own when its token is changed', async () => {
    const ada = await hub.laptop('ada', 'ada')
    await work(ada, [1])
    await hub.pusher(ada)()
    const { token } = await hub.context.hub.issue('ada', by)
    await work(ada, [2])
    expect(await hub.pusher({ ...ada, token })()).toEqual({ ...totals, accepted: 1 })
  })

  it('takes no turn of the future, so that no clock of a laptop moves the hub’s ids, and the laptop keeps it', async () => {
    const ada = await hub.laptop('ada', 'ada')
    await work(ada, [1])
    const { db } = ada.context.storage
    const future = { timestamp_us: Date.UTC(2100, 0) * 1000 }
    await db.updateTable('events').set(future).where('type', '=', 'route.decided').execute()
    const reasons = [{ turn_id: 'turn-1', reason: expect.stringContaining('more than an hour ahead of the hub’s clock') }]
    expect(await hub.pusher(ada)()).toEqual({ ...totals, later: 1, reasons })
    expect(await spendOn(hub.url)).toEqual([])
    expect(await db.selectFrom('pushed_turns').selectAll().execute()).toEqual([])
    // By its own clock a laptop never sends one at all.
    const timestamp_us = hub.context.clock.nowUs() + 60_000_000
    await db.updateTable('events').set({ timestamp_us }).where('type', '=', 'turn.completed').execute()
    expect(await hub.pusher(ada)()).toEqual(totals)
  })

  it('has its tokens issued, listed and revoked over HTTP, each change an audit event that holds no token', async () => {
    const own = { 'content-type': 'application/json' }
    const change = async (path: string, body: object, headers: Readonly<Record<string, string>> = own) => {
      const response = await fetch(`${hub.url}/admin/hub-tokens${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
      return { status: response.status, body: parseObject(await response.text()) }
    }
    const { status, body } = await change('', { name: 'ada' })
    const [id, token] = [textOf(body['id']), textOf(body['token'])]
    expect([status, (await post(token, empty)).status]).toEqual([201, 200])
    const listed = await (await fetch(`${hub.url}/admin/hub-tokens`)).text()
    expect(parseObject(listed)['data']).toMatchObject([{ id, name: 'ada', revoked_at: null, last_push_at: expect.any(String) }])
    expect((await change(`/${id}/revoke`, {})).status).toBe(200)
    expect((await change(`/${id}/revoke`, {})).status).toBe(404)
    expect((await post(token, empty)).status).toBe(401)
    expect((await change('', { name: 'a b' })).status).toBe(400)
    expect((await change('', { name: 'b' }, { ...own, 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    const events = await hub.context.storage.db.selectFrom('events').select(['type', 'payload_json']).orderBy('id').execute()
    expect(events.map(({ type }) => type)).toEqual(['gateway.hub_token_issued', 'gateway.hub_token_revoked'])
    expect(listed + JSON.stringify(events)).not.toContain(token)
  })

  it.each([
    { what: 'no JSON', body: 'x', status: 400 },
    { what: 'another format', body: JSON.stringify({ format: 2, names: [], turns: [] }), status: 400 },
    {
      what: 'more turns than a batch holds',
      body: JSON.stringify({ format: 1, names: [], turns: Array.from({ length: 51 }, () => ({})) }),
      status: 400,
    },
    { what: 'too much', body: `"${'x'.repeat(5_000_000)}"`, status: 413 },
  ])('answers $what with $status', async ({ body, status }) => {
    const { token } = await hub.context.hub.issue('ada', by)
    const answer = await post(token, body)
    expect(answer.status).toBe(status)
    expect(objectOf(parseObject(await answer.text())['error'])['code']).toEqual(expect.any(String))
  })
})

it('push and hub-token as commands: from a token to the numbers', async () => {
  const home = join(hub.folder, 'cli')
  const env = { METIS_HOME: home }
  const onHub = fakeIo({ env: { METIS_HOME: join(hub.folder, 'hub'), METIS_DB: hub.db } })
  expect(await runCommand(['hub-token', '--name', 'cli-laptop', '--json'], onHub)).toBe(0)
  const token = textOf(parseObject(onHub.stdout.join(''))['token'])
  const context = await openNode({ home, env: {}, logLevel: 'error' })
  const { keyId } = await context.keys.issue({ name: 'cli key' }, by)
  await work({ context, keyId, token }, range(0, 3), { userId: null })
  await context.close()
  const io = fakeIo({ env: { ...env, METIS_HUB_TOKEN: token } })
  expect(await runCommand(['push', '--to', hub.url, '--json'], io)).toBe(0)
  expect(parseObject(io.stdout.join(''))).toEqual({ ...totals, accepted: 3 })
  const [spend] = await spendOn(hub.url)
  expect([spend?.['name'], numberOf(spend?.['call_count'])]).toEqual(['cli key @ cli-laptop', 3])
  // As a backup from before the push.
  for (const table of ['events', 'calls', 'usage_hourly'] as const) await hub.context.storage.db.deleteFrom(table).execute()
  for (const [flags, accepted] of [
    [[], 0],
    [['--again'], 3],
    [['--again'], 0],
  ] as const) {
    const again = fakeIo({ env: { ...env, METIS_HUB_TOKEN: token } })
    expect(await runCommand(['push', '--to', hub.url, '--json', ...flags], again)).toBe(0)
    expect(parseObject(again.stdout.join(''))).toMatchObject({ accepted })
  }
  expect(await runCommand(['push', '--to', 'ftp://hub'], fakeIo({ env }))).toBe(2)
  expect(await runCommand(['push'], fakeIo({ env }))).toBe(2)
})
