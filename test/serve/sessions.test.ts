// The agent surface over a socket, on every store there is, with a restart in the middle (contract.md §6).
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openD1 } from '../../runtimes/workers/d1.ts'
import { startTestAgent, type AgentUnderTest, type TestAgent, type TestAgentOptions } from '../support/agent.ts'
import { startD1, type D1Server } from '../support/d1.ts'
import { eventually } from '../support/deadline.ts'
import { listOf, objectOf, textOf } from '../support/json.ts'
import { postgresBinaries, startPostgres, withoutPostgres, type PostgresServer } from '../support/postgres-server.ts'
import { onBun } from '../support/runtime.ts'
import { startWorkersAgent } from '../support/workers-gateway.ts'

let server: PostgresServer | null = null
let workerd: D1Server | null = null
let databases = 0
afterAll(async () => {
  await server?.stop()
  await workerd?.stop()
})

/** A store of its own for each test. On Bun, which runs as another program, its own SQLite: D1 could not be reached from there. */
const stores: Readonly<Record<string, () => Promise<AgentUnderTest>>> = {
  SQLite: () => startTestAgent(),
  ...(onBun
    ? {}
    : {
        Postgres: async () => startTestAgent(await onPostgres()),
        D1: async () => startTestAgent(await onD1()),
        'D1, in a Worker': startWorkersAgent,
      }),
}

async function onPostgres(): Promise<TestAgentOptions> {
  server ??= await startPostgres()
  databases += 1
  return { db: await server.database(`sessions_${databases}`) }
}

async function onD1(): Promise<TestAgentOptions> {
  workerd ??= await startD1()
  databases += 1
  const database = await workerd.database(`sessions_${databases}`)
  return { openStorage: () => Promise.resolve({ ...openD1(database), watch: () => undefined }) }
}

for (const [name, open] of Object.entries(stores)) {
  const here = name !== 'Postgres' || postgresBinaries !== null
  describe.skipIf(!here)(`sessions on ${name}${here ? '' : withoutPostgres}`, () => {
    let agent: AgentUnderTest
    beforeEach(async () => {
      agent = await open()
    })
    afterEach(() => agent.stop())

    const create = async (body: object = {}) => textOf((await agent.json('POST', '/sessions', body, 201))['id'])
    const say = (id: string, message: string, more: object = {}) =>
      agent.json('POST', `/sessions/${id}/turns`, { message, ...more })
    const saidTo = (index: number) => listOf(agent.provider.at(index).json['messages']).map((message) => objectOf(message))
    const messages = async (id: string) =>
      listOf((await agent.json('GET', `/sessions/${id}/messages`))['data']).map((message) => objectOf(message))

    it('go on after a restart: the model hears what was said before', async () => {
      const id = await create({ title: 'first', workspace: '/srv/shop', system: 'Be brief.', tags: { lane: 'test' } })
      expect(id).toMatch(/^ses_[0-9A-Z]{26}$/)
      expect(await say(id, 'one')).toMatchObject({
        session_id: id,
        model: 'anthropic:claude-haiku-4-5',
        status: 'ok',
        stop_reason: 'end_turn',
        text: 'You said: "one". Héllo from the mock ✓',
        cost_usd: expect.any(Number),
      })
      await agent.restart()
      await say(id, 'two')
      expect(agent.provider.at(1).json['system']).toEqual([{ type: 'text', text: 'Be brief.' }])
      expect(saidTo(1).map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
      expect(await messages(id)).toMatchObject([
        { position: 1, role: 'user', text: 'one' },
        { position: 2, role: 'assistant', status: 'ok', model: 'anthropic:claude-haiku-4-5' },
        { position: 3, role: 'user', text: 'two' },
        { position: 4, role: 'assistant', text: 'You said: "two". Héllo from the mock ✓' },
      ])
      expect(await agent.json('GET', `/sessions/${id}`)).toMatchObject({
        title: 'first',
        workspace: '/srv/shop',
        system: 'Be brief.',
        tags: { lane: 'test' },
        turns: 2,
        unpriced_turns: 0,
        running_turn_id: null,
      })
    })

    it('are on record without a key and without a wire, and analytics show them so', async () => {
      const id = await create()
      const { id: turnId } = await say(id, 'hello')
      const events = listOf((await agent.json('GET', `/sessions/${id}/events`))['data']).map((event) => objectOf(event))
      expect(events.map(({ type }) => type)).toEqual(['route.decided', 'llm.call_completed', 'turn.completed'])
      for (const event of events) {
        expect(event).toMatchObject({ session_id: id, turn_id: turnId })
        expect(event['payload']).toMatchObject({ gateway_key_id: null, inbound_shape: null, client_session_id: id })
      }
      expect(JSON.stringify(events)).not.toContain('hello')
      const [row] = listOf((await agent.json('GET', '/analytics/by_key'))['data'])
      expect(row).toMatchObject({
        gateway_key_id: null,
        call_count: 1,
        by_inbound_shape: [{ inbound_shape: null, call_count: 1 }],
      })
    })

    it('stream their turns, and the answer is on record before the stream says so', async () => {
      const id = await create()
      const seen: string[] = []
      let text = ''
      for await (const { event, data } of agent.stream(`/sessions/${id}/turns`, { message: 'stream it' })) {
        if (seen.at(-1) !== event) seen.push(event)
        if (event === 'text') text += textOf(data['text'])
        if (event === 'done') expect((await messages(id))[1]).toMatchObject({ text, status: 'ok' })
      }
      expect(seen).toEqual(['turn', 'text', 'done'])
      expect(text).toBe('You said: "stream it". Héllo from the mock ✓')
    })

    it('take one turn at a time, which another process can see and a cancel ends', async () => {
      const id = await create()
      agent.provider.script({ fault: 'stall-mid', faultAfterFrames: 5 })
      const events = agent.stream(`/sessions/${id}/turns`, { message: 'a long one' })
      const [turn] = [(await events.next()).value]
      await events.next()
      const refused = await agent.call('POST', `/sessions/${id}/turns`, { message: 'me too' })
      expect([refused.status, await refused.json()]).toMatchObject([409, { error: { code: 'turn_in_flight' } }])
      expect(await agent.json('GET', `/sessions/${id}`)).toMatchObject({ running_turn_id: turn?.data['id'] })
      expect((await agent.call('DELETE', `/sessions/${id}`)).status).toBe(409)
      expect(await agent.json('POST', `/sessions/${id}/cancel`, {}, 202)).toEqual({ turn_id: turn?.data['id'] })
      const rest: string[] = []
      for await (const { event } of events) rest.push(event)
      expect(rest.at(-1)).toBe('error')
      expect((await messages(id))[1]).toMatchObject({ role: 'assistant', status: 'cancelled', stop_reason: null })
      const idle = await agent.call('POST', `/sessions/${id}/cancel`, {})
      expect([idle.status, await idle.json()]).toMatchObject([409, { error: { code: 'no_turn_in_flight' } }])
      expect(await say(id, 'and now')).toMatchObject({ status: 'ok' })
    })

    it('are free again when their client leaves, with what came so far', async () => {
      const id = await create()
      agent.provider.script({ fault: 'stall-mid', faultAfterFrames: 5 })
      const events = agent.stream(`/sessions/${id}/turns`, { message: 'bye' })
      await events.next()
      await events.next()
      await events.return(undefined)
      await eventually(
        10_000,
        'the session to be free',
        async () => (await agent.json('GET', `/sessions/${id}`))['running_turn_id'] === null,
      )
      expect((await messages(id))[1]).toMatchObject({ status: 'cancelled' })
    })

    it('are free again when the process that ran their turn is gone', async () => {
      const id = await create()
      const { db } = agent.storage()
      await db
        .updateTable('sessions')
        .set({ running_turn_id: 'lost', running_instance_id: 'of a dead process' })
        .where('id', '=', id)
        .execute()
      expect(await say(id, 'anybody there?')).toMatchObject({ status: 'ok' })
    })

    it('go by policy, by the model of the session, and by the model of one message', async () => {
      const id = await create()
      expect(await say(id, 'a')).toMatchObject({ model: 'anthropic:claude-haiku-4-5' })
      expect(await agent.json('PATCH', `/sessions/${id}`, { active_model: 'openai:gpt-5-mini' })).toMatchObject({
        active_model: 'openai:gpt-5-mini',
      })
      expect(await say(id, 'b')).toMatchObject({ model: 'openai:gpt-5-mini' })
      expect(await say(id, 'c', { model: 'sonnet' })).toMatchObject({ model: 'anthropic:claude-sonnet-5-5' })
      await agent.json('PATCH', `/sessions/${id}`, { active_model: null })
      expect(await say(id, 'd')).toMatchObject({ model: 'anthropic:claude-haiku-4-5' })
      const events = listOf((await agent.json('GET', `/sessions/${id}/events`))['data']).map((event) => objectOf(event))
      const winners = events.flatMap(({ type, payload }) => {
        const { chain, winner_index: winner } = objectOf(payload)
        return type === 'route.decided' ? [objectOf(listOf(chain)[Number(winner)])['policy']] : []
      })
      expect(winners).toEqual(['global_default', 'manual_sticky', 'per_message_override', 'global_default'])
    })

    it('take what people say of a turn, whoever asked it', async () => {
      const { id: turnId } = await say(await create(), 'hello')
      expect(await agent.json('POST', `/turns/${textOf(turnId)}/feedback`, { rating: 'bad' })).toEqual({
        turn_id: turnId,
        rating: 0,
      })
      expect(await agent.json('POST', `/turns/${textOf(turnId)}/feedback`, { rating: 0.8 })).toMatchObject({ rating: 0.8 })
      const rows = await agent.storage().db.selectFrom('turn_feedback').select(['turn_id', 'rating']).execute()
      expect(rows).toEqual([{ turn_id: turnId, rating: 0.8 }])
      // Nothing is learned unless pattern routing is on.
      expect(await agent.storage().db.selectFrom('turn_patterns').selectAll().execute()).toEqual([])
    })

    it('do not send a question again that nobody answered', async () => {
      const id = await create()
      agent.provider.script({ status: 400 })
      expect((await agent.call('POST', `/sessions/${id}/turns`, { message: 'broken' })).status).toBe(400)
      await say(id, 'whole')
      expect(JSON.stringify(agent.provider.at(1).json['messages'])).not.toContain('broken')
      expect((await messages(id)).map(({ text }) => text)).toEqual(['broken', 'whole', expect.stringContaining('You said')])
    })

    it('are listed newest first, page by page, and can be deleted, or purged with all that was said', async () => {
      const ids = [await create(), await create(), await create()].reverse()
      const first = await agent.json('GET', '/sessions?limit=2')
      expect(listOf(first['data']).map((session) => objectOf(session)['id'])).toEqual(ids.slice(0, 2))
      const second = await agent.json('GET', `/sessions?limit=2&before=${textOf(first['next'])}`)
      expect(listOf(second['data']).map((session) => objectOf(session)['id'])).toEqual(ids.slice(2))
      const [kept = '', purged = ''] = ids
      await say(kept, 'remember')
      await say(purged, 'forget me')
      expect((await agent.call('DELETE', `/sessions/${kept}`)).status).toBe(204)
      expect((await agent.call('DELETE', `/sessions/${purged}?purge=true`)).status).toBe(204)
      expect(listOf((await agent.json('GET', '/sessions'))['data']).map((session) => objectOf(session)['id'])).toEqual(
        ids.slice(2),
      )
      expect(await messages(kept)).toHaveLength(2)
      expect((await agent.call('POST', `/sessions/${kept}/turns`, { message: 'hello?' })).status).toBe(404)
      expect((await agent.call('GET', `/sessions/${purged}/messages`)).status).toBe(404)
      const rows = await agent.storage().db.selectFrom('session_messages').selectAll().where('session_id', '=', purged).execute()
      expect(rows).toEqual([])
    })
  })
}

describe('sessions with pattern routing', () => {
  let agent: TestAgent
  beforeEach(async () => {
    agent = await startTestAgent({ config: { pattern_routing: { enabled: true, min_sample: 3 } } })
  })
  afterEach(() => agent.stop())

  const ask = async (message: string, model?: string) => {
    const { id } = await agent.json('POST', '/sessions', {}, 201)
    return agent.json('POST', `/sessions/${textOf(id)}/turns`, { message, ...(model === undefined ? {} : { model }) })
  }

  it('are answered by who did well at questions like theirs, also after a restart', async () => {
    const invoice = 'translate the invoice of june into french'
    expect(await ask(invoice)).toMatchObject({ model: 'anthropic:claude-haiku-4-5' })
    for (let times = 0; times < 4; times += 1) await ask(`translate invoice ${times} into french`, 'openai:gpt-5.4-mini')
    await agent.restart()
    const answered = await ask(invoice)
    expect(answered).toMatchObject({ model: 'openai:gpt-5.4-mini' })
    const events = await agent.json('GET', `/sessions/${textOf(answered['session_id'])}/events`)
    const { payload } = objectOf(listOf(events['data'])[0])
    const chain = listOf(objectOf(payload)['chain']).map((slot) => objectOf(slot))
    expect(chain.at(-1)).toMatchObject({
      policy: 'pattern',
      verdict: 'chose',
      reason: expect.stringMatching(/^did best at \d turns like it: openai:gpt-5.4-mini /),
    })
    expect(await ask('why is the night sky dark')).toMatchObject({ model: 'anthropic:claude-haiku-4-5' })
  })

  it('take what was learned of them with them when they are purged', async () => {
    const { db } = agent.context().storage
    const learned = async () => (await db.selectFrom('turn_patterns').select('turn_id').execute()).map(({ turn_id }) => turn_id)
    const kept = await ask('translate the invoice of june into french')
    const purged = await ask('write a poem about the sea')
    await eventually(10_000, 'both to be learned', async () => (await learned()).length === 2)
    expect((await agent.call('DELETE', `/sessions/${textOf(purged['session_id'])}?purge=true`)).status).toBe(204)
    expect(await learned()).toEqual([kept['id']])
  })
})

describe('what a session refuses', () => {
  let agent: TestAgent
  beforeEach(async () => {
    agent = await startTestAgent()
  })
  afterEach(() => agent.stop())

  it.each([
    ['a model of nobody', 'POST', '/sessions', { active_model: 'nope:x' }, 404, 'model_not_found'],
    ['a user of nobody', 'POST', '/sessions', { user: 'nobody' }, 400, 'invalid_value'],
    ['a field that is not known', 'POST', '/sessions', { modle: 'x' }, 400, 'invalid_value'],
    ['an empty message', 'POST', '/sessions/ses_0/turns', { message: '' }, 400, 'invalid_value'],
    ['a session of nobody', 'POST', '/sessions/ses_0/turns', { message: 'x' }, 404, 'session_not_found'],
    ['a change of a session of nobody', 'PATCH', '/sessions/ses_0', { title: 'x' }, 404, 'session_not_found'],
    ['a rating that is none', 'POST', '/turns/x/feedback', { rating: 'fine' }, 400, 'invalid_value'],
    ['a rating of a turn of nobody', 'POST', '/turns/x/feedback', { rating: 'good' }, 404, 'turn_not_found'],
    ['a limit beyond the page', 'GET', '/sessions?limit=91', undefined, 400, 'invalid_value'],
    ['a method', 'PUT', '/sessions', {}, 405, 'method_not_allowed'],
  ])('%s', async (_, method, path, body, status, code) => {
    const response = await agent.call(method, path, body)
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }])
  })

  it('writes that are not JSON, and all that another site sends', async () => {
    const plain = await agent.call('POST', '/sessions', undefined, { 'content-type': 'text/plain' })
    expect(plain.status).toBe(415)
    for (const method of ['POST', 'GET', 'DELETE']) {
      const foreign = await agent.call(method, '/sessions/ses_0', method === 'POST' ? {} : undefined, {
        origin: 'https://evil.example',
      })
      expect(foreign.status).toBe(403)
    }
    expect(listOf((await agent.json('GET', '/sessions'))['data'])).toEqual([])
  })

  it('a turn that no slot can route, and says what was tried', async () => {
    const id = textOf((await agent.json('POST', '/sessions', {}, 201))['id'])
    const response = await agent.call('POST', `/sessions/${id}/turns`, { message: 'x', model: 'groq:nothing' })
    // The default answers: what the message asks for is not configured.
    expect(response.status).toBe(200)
    const body = await agent.call('POST', `/sessions/${id}/turns`, { message: 'x', model: 'nope:nothing' })
    expect([body.status, await body.json()]).toMatchObject([404, { error: { code: 'model_not_found' } }])
  })
})
