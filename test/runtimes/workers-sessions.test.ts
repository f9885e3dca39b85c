// What is the Worker's own of sessions, beside what they are everywhere (test/serve/sessions.test.ts): isolates that know of each
// other by the database alone, and requests that the platform ends.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCommitQueue } from '../../src/store/commit-queue.ts'
import { createSessionStore } from '../../src/store/sessions.ts'
import { workersClock as clock } from '../../runtimes/workers/ports.ts'
import { defer, silent } from '../store/open-store.ts'
import { callsTo } from '../support/agent.ts'
import { objectOf, textOf } from '../support/json.ts'
import { adminToken, ageHeartbeats, startWorkersGateway, type WorkersGateway } from '../support/workers-gateway.ts'

let gateway: WorkersGateway
beforeAll(async () => {
  gateway = await startWorkersGateway({ config: { default_model: 'anthropic:claude-haiku-4-5' } })
})
afterAll(() => gateway.stop())

const agent = callsTo(() => gateway.url, { authorization: `Bearer ${adminToken}` })
const create = async () => textOf((await agent.json('POST', '/sessions', {}, 201))['id'])
const say = (id: string, message: string) => agent.call('POST', `/sessions/${id}/turns`, { message })

/** On the same database, as another isolate is. */
function elsewhere() {
  const storage = gateway.storage()
  const queue = createCommitQueue({ storage, clock, defer, logger: silent, random: Math.random })
  return createSessionStore({ storage, queue, clock, instanceId: 'another isolate' })
}

async function stalled(id: string): Promise<{ readonly turnId: string; readonly rest: () => Promise<readonly string[]> }> {
  gateway.provider.script({ fault: 'stall-mid', faultAfterFrames: 5 })
  const events = agent.stream(`/sessions/${id}/turns`, { message: 'a long one' })
  const turnId = textOf((await events.next()).value?.data['id'])
  await events.next()
  return {
    turnId,
    async rest() {
      const seen: string[] = []
      for await (const { event } of events) seen.push(event)
      return seen
    },
  }
}

describe('sessions of a Worker', () => {
  it('are for whoever has the admin token, and /openapi.json tells of them', async () => {
    for (const headers of [{}, { authorization: `Bearer ${gateway.token}` }]) {
      const refused = await callsTo(() => gateway.url, headers).call('POST', '/sessions', {})
      expect([refused.status, await refused.json()]).toMatchObject([401, { error: { code: 'admin_token_required' } }])
    }
    const { paths } = await agent.json('GET', '/openapi.json')
    expect(Object.keys(objectOf(paths))).toContain('/sessions/{id}/turns')
  })

  it('take one turn at a time whichever isolate runs it, and whichever isolate is asked stops it', async () => {
    const id = await create()
    const { turnId, rest } = await stalled(id)
    expect(await elsewhere().begin(id, 'another turn', 'me too')).toBe(false)
    expect(await elsewhere().tellToStop(id)).toBe(turnId)
    expect((await rest()).at(-1)).toBe('error')
    expect((await elsewhere().messages(id, { after: 0, limit: 9 }))[1]).toMatchObject({ status: 'cancelled', turn_id: turnId })
    expect(await elsewhere().tellToStop(id)).toBeNull()
    expect((await say(id, 'and now')).status).toBe(200)
    const { db } = gateway.storage()
    expect(await db.selectFrom('instances').selectAll().where('id', '=', turnId).execute()).toEqual([])
  })

  it('refuse a question that no row of D1 could hold, and take one that just fits', async () => {
    const id = await create()
    const refused = await say(id, 'x'.repeat(1_900_000))
    expect([refused.status, await refused.json()]).toMatchObject([413, { error: { code: 'request_too_large' } }])
    expect((await say(id, 'x'.repeat(1_899_900))).status).toBe(200)
  })

  it('are free again once the heart of a turn has stopped that the platform ended, and not before', async () => {
    const id = await create()
    const { rest } = await stalled(id)
    await gateway.crash()
    await rest().catch(() => undefined)
    expect((await say(id, 'anybody there?')).status).toBe(409)
    await ageHeartbeats(gateway.storage(), 91_000)
    await gateway.scheduled()
    expect((await say(id, 'anybody there?')).status).toBe(200)
  })
})
