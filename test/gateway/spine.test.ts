// The one path everything hangs on: both doors, both kinds of provider, streaming and not, on record before the answer ends.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../support/deadline.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { objectOf, parseObject } from '../support/json.ts'

let gateway: TestGateway

beforeAll(async () => {
  gateway = await startTestGateway()
})
afterAll(() => gateway.stop())

const doors = [
  { door: 'anthropic', path: '/v1/messages', native: 'claude-haiku-4-5', foreign: 'openai:gpt-4o-mini' },
  { door: 'openai', path: '/v1/chat/completions', native: 'gpt-4o-mini', foreign: 'anthropic:claude-haiku-4-5' },
  { door: 'openai-responses', path: '/v1/responses', native: 'gpt-4o-mini', foreign: 'anthropic:claude-haiku-4-5' },
] as const

const bodyFor = (model: string, stream: boolean) => ({
  model,
  stream,
  max_tokens: 64,
  messages: [{ role: 'user', content: 'Say hello in one word.' }],
})
const askOf = (door: string, model: string, stream: boolean) =>
  door === 'openai-responses' ? { model, stream, input: 'Say hello in one word.' } : bodyFor(model, stream)
/** How each wire says that an answer is over. */
const endMarks = { anthropic: '"type":"message_stop"}', openai: 'data: [DONE]', 'openai-responses': '}' } as const

for (const { door, path, native, foreign } of doors) {
  for (const model of [native, foreign]) {
    describe(`${door} door, ${model}`, () => {
      it('answers whole, with the turn on record and priced', async () => {
        const response = await gateway.post(path, askOf(door, model, false))
        const body = parseObject(await response.text())
        expect(response.status, JSON.stringify(body)).toBe(200)
        expect(textOf(door, body)).not.toBe('')
        const turnId = response.headers.get('x-metis-turn-id')
        const events = (await gateway.events()).filter((event) => event.turnId === turnId)
        expect(events.map((event) => event.type)).toEqual(['route.decided', 'llm.call_completed', 'turn.completed'])
        const call = events[1]?.payload
        expect(call).toMatchObject({
          gateway_key_id: gateway.keyId,
          inbound_shape: door,
          model: model.includes(':') ? model : `${door === 'anthropic' ? door : 'openai'}:${model}`,
          error_class: null,
          cost_basis: 'metered',
          stream: false,
        })
        expect(call?.['cost_usd']).toBeGreaterThan(0)
        expect(response.headers.get('x-metis-cost-usd')).toBe(String(call?.['cost_usd']))
      })

      it('streams to the end mark, and the turn is on record by then', async () => {
        const response = await gateway.post(path, askOf(door, model, true))
        const text = await response.text()
        expect(response.status, text).toBe(200)
        expect(response.headers.get('content-type')).toContain('text/event-stream')
        expect(text.trimEnd().endsWith(endMarks[door]), text.slice(-300)).toBe(true)
        if (door === 'openai-responses') expect(text.trimEnd().split('\n').at(-2)).toBe('event: response.completed')
        const turnId = response.headers.get('x-metis-turn-id')
        const events = (await gateway.events()).filter((event) => event.turnId === turnId)
        expect(events.map((event) => event.type)).toEqual(['route.decided', 'llm.call_completed', 'turn.completed'])
        expect(events[1]?.payload).toMatchObject({ stream: true, cost_basis: 'metered', error_class: null })
      })
    })
  }
}

it('stops upstream and records CANCELLED when the client leaves mid-stream', async () => {
  const before = gateway.provider.requests.length
  gateway.provider.script({ fault: 'stall-mid' })
  const abort = new AbortController()
  const response = await gateway.post('/v1/messages', bodyFor('claude-haiku-4-5', true), { signal: abort.signal })
  const reader = response.body?.getReader()
  await reader?.read()
  abort.abort()
  const closing = await gateway.provider.closed(before)
  expect(closing.how).toBe('client-gone')
  const turnId = response.headers.get('x-metis-turn-id')
  const call = await eventually(10_000, 'the cancelled call is on record', async () =>
    (await gateway.events()).find((event) => event.turnId === turnId && event.type === 'llm.call_completed'),
  )
  expect(call.payload).toMatchObject({ error_class: 'CANCELLED', usage_estimated: true, cost_basis: 'partial_estimate' })
})

it("answers Claude Code's probe of one token although the OpenAI model could not say a word", async () => {
  const error = {
    message: 'Could not finish the message because max_tokens or model output limit was reached.',
    type: 'invalid_request_error',
  }
  gateway.provider.script({ status: 400, body: JSON.stringify({ error }) })
  const response = await gateway.post('/v1/messages', { ...bodyFor('openai:gpt-5-mini', false), max_tokens: 1 })
  expect(response.status).toBe(200)
  expect(parseObject(await response.text())).toMatchObject({ type: 'message', stop_reason: 'max_tokens', content: [] })
})

it('answers a bad key with 401 in the shape of the door, and nothing goes upstream', async () => {
  const before = gateway.provider.requests.length
  for (const { door, path } of doors) {
    const response = await gateway.post(path, askOf(door, 'claude-haiku-4-5', false), { token: 'gw_nonsense' })
    expect(response.status).toBe(401)
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(objectOf(parseObject(await response.text())['error'])['code']).toBe('invalid_api_key')
  }
  expect(gateway.provider.requests.length).toBe(before)
})

function textOf(door: string, body: Readonly<Record<string, unknown>>): string {
  if (door === 'anthropic') return JSON.stringify(body['content'] ?? '')
  return JSON.stringify(body['choices'] ?? body['output'] ?? '')
}
