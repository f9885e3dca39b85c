// What the dashboard's Activity, Routing and Reliability read, on turns that went through a real gateway: a good one, one that
// was turned away, one that failed and one that is still running.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startServe, type ServeProcess } from '../../runtimes/node/serve-process.ts'
import { isoOf } from '../../src/analytics/window.ts'
import { prune } from '../../src/store/prune.ts'
import { byTest } from '../support/author.ts'
import { deferred, eventually } from '../support/deadline.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { listOf, objectOf, type JsonObject } from '../support/json.ts'

let gateway: TestGateway
let serve: ServeProcess
const turnIds: Record<'good' | 'refused' | 'failed', string> = { good: '', refused: '', failed: '' }

const ask = (model: string, init: Parameters<TestGateway['post']>[2] = {}) =>
  gateway.post('/v1/messages', { model, max_tokens: 64, messages: [{ role: 'user', content: 'Say hello.' }] }, init)

beforeAll(async () => {
  gateway = await startTestGateway()
  serve = await startServe(gateway.context, { port: 0 })
  const headers = { 'x-metis-session': 'session-1', 'x-metis-project': 'gateway', 'x-metis-branch': 'main' }
  const answers = {
    good: await ask('claude-haiku-4-5', { headers }),
    refused: await ask('nobody:nothing', { headers }),
    failed: await (gateway.provider.script({ status: 400 }), ask('claude-haiku-4-5')),
  }
  for (const name of ['good', 'refused', 'failed'] as const) {
    await answers[name].text()
    turnIds[name] = answers[name].headers.get('x-metis-turn-id') ?? ''
  }
})
afterAll(async () => {
  await serve.close()
  await gateway.stop()
})

async function get(path: string): Promise<{ status: number; body: JsonObject }> {
  const response = await fetch(serve.url + path)
  return { status: response.status, body: objectOf(await response.json()) }
}

async function dataOf(path: string): Promise<unknown> {
  const { status, body } = await get(path)
  expect(status, JSON.stringify(body)).toBe(200)
  return body.data
}

describe('/analytics/turns', () => {
  it('lists the calls, newest first, each as it ended', async () => {
    expect(await dataOf('/analytics/turns')).toMatchObject([
      { turn_id: turnIds.failed, status: 'failed', error_class: 'invalid_request', cost_usd: 0, ttft_ms: null },
      {
        turn_id: turnIds.good,
        status: 'ok',
        session_id: 'session-1',
        project: 'gateway',
        branch: 'main',
        model: 'anthropic:claude-haiku-4-5',
        gateway_key_id: gateway.keyId,
        cost_usd: expect.any(Number),
        cost_basis: 'metered',
        stream: false,
      },
    ])
    expect(await dataOf('/analytics/turns?status=failed')).toMatchObject([{ turn_id: turnIds.failed }])
    expect(await dataOf('/analytics/turns?project=gateway')).toMatchObject([{ turn_id: turnIds.good }])
    expect(await dataOf('/analytics/turns?session=session-1')).toMatchObject([{ turn_id: turnIds.good }])
    expect(await dataOf('/analytics/turns?user=nobody')).toEqual([])
  })

  it('leads from page to page, each turn once', async () => {
    const first = await get('/analytics/turns?limit=1')
    const second = await get(`/analytics/turns?limit=1&cursor=${String(first.body.next_cursor)}`)
    expect([first, second].map(({ body }) => objectOf(listOf(body.data)[0]).turn_id)).toEqual([turnIds.failed, turnIds.good])
    expect(second.body.next_cursor).toBe(null)
  })
})

describe('/analytics/turns/{id}', () => {
  it('shows events, routing, attempts, usage and the price line by line', async () => {
    const turn = objectOf(await dataOf(`/analytics/turns/${turnIds.good}`))
    expect(turn).toMatchObject({
      turn_id: turnIds.good,
      session_id: 'session-1',
      status: 'ok',
      routing: {
        requested_model: 'claude-haiku-4-5',
        chosen_model: 'anthropic:claude-haiku-4-5',
        chain: [{ policy: 'per_message_override', verdict: 'chose' }],
      },
      attempt_log: [{ provider: 'anthropic', status: 200, error_class: null }],
      events: [{ type: 'route.decided' }, { type: 'llm.call_completed' }, { type: 'turn.completed' }],
    })
    expect(turn.price_lines).toMatchObject([
      { item: 'input', usd_per_million: 1 },
      { item: 'output', usd_per_million: 5 },
    ])
    expect(turn.price_lines_usd).toBe(objectOf(turn.call).cost_usd)
  })

  it('shows a turn that was turned away, which made no call', async () => {
    expect(await dataOf(`/analytics/turns/${turnIds.refused}`)).toMatchObject({
      status: 'refused',
      call: null,
      routing: { chosen_model: null, winner_index: -1 },
      price_lines: [],
      events: [{ type: 'route.decided' }, { type: 'turn.completed' }],
    })
  })

  it('shows what was said of the turn, the last of it, and null before that', async () => {
    const feedback = async () => objectOf(await dataOf(`/analytics/turns/${turnIds.good}`)).feedback
    expect(await feedback()).toBe(null)
    for (const rating of ['good', 0.25]) {
      const headers = { 'content-type': 'application/json' }
      const given = await fetch(`${serve.url}/turns/${turnIds.good}/feedback`, { method: 'POST', headers, body: JSON.stringify({ rating }) }) // prettier-ignore
      expect(given.status).toBe(200)
    }
    expect(await feedback()).toEqual({ rating: 0.25, given_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/) })
  })

  it.each(['01JDB0000000000000000000AA', 'x', "'; drop table events; --", '%00'])('answers 404 for %s', async (id) => {
    const { status, body } = await get(`/analytics/turns/${encodeURIComponent(id)}`)
    expect([status, objectOf(body.error).code]).toEqual([404, 'not_found'])
  })
})

describe('/analytics/sessions', () => {
  it('sums each session, the newest first, page by page', async () => {
    const first = await get('/analytics/sessions?limit=1')
    expect(first.body.data).toMatchObject([{ session_id: turnIds.failed, failed_calls: 1, call_count: 1, project: null }])
    const second = await get(`/analytics/sessions?limit=1&cursor=${String(first.body.next_cursor)}`)
    expect(second.body).toMatchObject({
      data: [{ session_id: 'session-1', project: 'gateway', models: ['anthropic:claude-haiku-4-5'], call_count: 1 }],
      next_cursor: null,
    })
  })
})

describe('/analytics/routing', () => {
  it('counts which slot chose, and what could not be chosen', async () => {
    expect(await dataOf('/analytics/routing')).toMatchObject({
      decisions: 3,
      hard_failures: 1,
      rejections: [{ policy: 'per_message_override', validation_failure: 'not_configured', count: 1 }],
      wins_by_model: [{ model: 'anthropic:claude-haiku-4-5', wins: 2 }],
    })
    const { wins_by_policy: wins } = objectOf(await dataOf('/analytics/routing?project=gateway'))
    expect(listOf(wins)).toHaveLength(7)
    expect(listOf(wins)[0]).toEqual({ policy: 'per_message_override', wins: 1 })
  })
})

describe('/analytics/reliability', () => {
  it('counts ends, errors by class and refusals by code, and knows how long good answers take', async () => {
    const ms = { p50: expect.any(Number), p95: expect.any(Number), p99: expect.any(Number) }
    expect(await dataOf('/analytics/reliability')).toMatchObject({
      totals: { calls: 2, ok: 1, failed: 1, refused: 1, error_rate: 0.5, retried_calls: 0 },
      errors_by_class: [{ error_class: 'invalid_request', calls: 1 }],
      refusals_by_code: [{ code: 'model_not_found', count: 1 }],
      by_model: [{ model: 'anthropic:claude-haiku-4-5', calls: 2, failed: 1, latency_ms: ms }],
    })
  })
})

describe('/analytics/inflight', () => {
  it('shows a turn while it is with the provider, and not afterwards', async () => {
    const seen = deferred()
    gateway.provider.script({ holdFirst: seen.promise })
    const answer = ask('claude-haiku-4-5', { headers: { 'x-metis-project': 'slow' } })
    const running = await eventually(10_000, 'the turn to be with the provider', async () => {
      const { running, turns } = objectOf(await dataOf('/analytics/inflight?project=slow'))
      return running === 1 && turns
    })
    expect(running).toMatchObject([
      { project: 'slow', model: 'anthropic:claude-haiku-4-5', gateway_key_id: gateway.keyId, stream: false },
    ])
    expect(await dataOf('/analytics/inflight?project=gateway')).toEqual({ running: 0, turns: [] })
    seen.resolve()
    await (await answer).text()
    expect(await dataOf('/analytics/inflight')).toEqual({ running: 0, turns: [] })
  })
})

describe('after a prune', () => {
  it('routing and reliability say from when on they know who was chosen and turned away, and no cost changes', async () => {
    const { storage, queue, clock, nextId } = gateway.context
    const cost = await dataOf('/analytics/cost?group_by=none')
    const known = { decisions: 4, hard_failures: 1, pruned_before: null }
    expect(await dataOf('/analytics/routing')).toMatchObject(known)
    expect(await dataOf('/analytics/reliability')).toMatchObject({ totals: { calls: 3, refused: 1 }, pruned_before: null })
    const beforeUs = clock.nowUs() + 60_000_000
    const before = isoOf(beforeUs)
    await prune({ storage, queue, clock, newId: nextId }, beforeUs, byTest)
    expect(await dataOf('/analytics/routing')).toMatchObject({ decisions: 0, hard_failures: 0, pruned_before: before })
    expect(await dataOf('/analytics/reliability')).toMatchObject({ totals: { calls: 3, refused: 0 }, pruned_before: before })
    const later = `from=${before}&to=${isoOf(beforeUs + 3_600_000_000)}`
    expect(await dataOf(`/analytics/routing?${later}`)).toMatchObject({ decisions: 0, pruned_before: null })
    expect(await dataOf('/analytics/cost?group_by=none')).toEqual(cost)
  })
})
