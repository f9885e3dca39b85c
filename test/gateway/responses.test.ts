// POST /v1/responses at the door: what passes untouched, what is refused and in whose words, what a translation says of itself.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { startMockProvider, type MockProvider } from '../support/mock-provider.ts'
import { objectOf, parseObject } from '../support/json.ts'

let other: MockProvider
let gateway: TestGateway
beforeAll(async () => {
  other = await startMockProvider()
  const base_url = other.openaiUrl
  gateway = await startTestGateway({
    config: { providers: { chat: { wire: 'openai', base_url }, both: { wire: 'openai', base_url, responses: true } } },
  })
})
afterAll(async () => {
  await gateway.stop()
  await other.stop()
})

const path = '/v1/responses'
const ask = (body: object) => gateway.post(path, body)

it.each([
  ['openai:gpt-5-mini', '/v1/responses'],
  ['both:any', '/v1/responses'],
  ['chat:any', '/v1/chat/completions'],
  ['anthropic:claude-haiku-4-5', '/v1/messages'],
])('%s is asked at %s', async (model, upstream) => {
  const response = await ask({ model, input: 'Hi' })
  expect(response.status, await response.clone().text()).toBe(200)
  const provider = model.startsWith('both') || model.startsWith('chat') ? other : gateway.provider
  expect(provider.at(-1).path).toBe(upstream)
  expect(parseObject(await response.text())).toMatchObject({ object: 'response', status: 'completed' })
})

it('changes no byte of an answer of its own wire, nor of a request but the model, state of the provider included', async () => {
  const answer =
    '{ "object":"response","id":"resp_9","status":"completed","model":"gpt-5-mini","output":[],"big":12345678901234567890 }'
  gateway.provider.script({ body: answer })
  const text = '{"model":"openai:gpt-5-mini","input":[],"previous_response_id":"resp_8","store":true,"n":1.0}'
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.token}`, 'content-type': 'application/json' },
    body: text,
  })
  expect(await response.text()).toBe(answer)
  expect(gateway.provider.at(-1).text).toBe(text.replace('openai:gpt-5-mini', 'gpt-5-mini'))
  expect(response.headers.get('x-metis-warnings')).toBeNull()
})

describe('on the way to another wire', () => {
  it.each(['previous_response_id', 'conversation', 'prompt', 'background'])(
    '`%s` is refused by name, with nothing upstream',
    async (field) => {
      const before = gateway.provider.requests.length
      const value = field === 'background' ? true : { id: 'x' }
      const response = await ask({ model: 'anthropic:claude-haiku-4-5', input: 'Hi', [field]: value })
      expect(response.status).toBe(400)
      expect(response.headers.get('x-should-retry')).toBe('false')
      expect(objectOf(parseObject(await response.text())['error'])).toMatchObject({ type: 'invalid_request_error', param: field })
      expect(gateway.provider.requests.length).toBe(before)
    },
  )

  it('what was left out is named in the header and on record', async () => {
    const tools = [{ type: 'web_search' }, { type: 'namespace', name: 'mcp', tools: [] }]
    const response = await ask({ model: 'chat:any', input: 'Hi', tools, metadata: { a: 'b' }, text: { verbosity: 'low' } })
    expect(response.status, await response.clone().text()).toBe(200)
    expect(response.headers.get('x-metis-warnings')?.split(',')).toEqual([
      'metadata',
      'text.verbosity',
      'tools.web_search',
      'tools.namespace',
    ])
    const turnId = response.headers.get('x-metis-turn-id')
    const call = (await gateway.events()).find((event) => event.turnId === turnId && event.type === 'llm.call_completed')
    expect(call?.payload['warnings']).toHaveLength(4)
  })

  it('what the answer loses is told too', async () => {
    const content = [
      { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
      { type: 'text', text: 'so far' },
    ]
    const usage = { input_tokens: 1, output_tokens: 1 }
    const message = { id: 'm', type: 'message', role: 'assistant', model: 'x', content, stop_reason: 'pause_turn', usage }
    gateway.provider.script({ body: JSON.stringify(message) })
    const response = await ask({ model: 'anthropic:claude-haiku-4-5', input: 'Hi' })
    expect(parseObject(await response.text())).toMatchObject({ status: 'completed', output: [{ type: 'message' }] })
    expect(response.headers.get('x-metis-warnings')).toBe('content.server_tool_use,stop_reason')
  })
})

describe('an error of the provider', () => {
  it("of its own wire comes as the provider's body and status", async () => {
    const body = JSON.stringify({ error: { message: 'no', type: 'invalid_request_error', param: 'input', code: 'x', more: 1 } })
    gateway.provider.script({ status: 422, body })
    const response = await ask({ model: 'openai:gpt-5-mini', input: 'Hi' })
    expect([response.status, await response.text()]).toEqual([422, body])
  })

  it.each(['anthropic:claude-haiku-4-5', 'chat:any'])("of another wire (%s) comes in OpenAI's envelope", async (model) => {
    const provider = model.startsWith('chat') ? other : gateway.provider
    provider.script({ status: 404 })
    const response = await ask({ model, input: 'Hi' })
    expect(response.status).toBe(404)
    expect(objectOf(parseObject(await response.text())['error'])).toMatchObject({ code: 'model_not_found' })
  })
})

it('another method is told which one there is', async () => {
  const response = await fetch(`${gateway.url}${path}`)
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
})

it.each([
  ['codex_exec/0.169.0 (Linux)', '019a-session'],
  ['somebody/1.0', null],
])("%s: its session is believed where it is Codex's", async (agent, session) => {
  const headers = { 'user-agent': agent, 'session-id': '019a-session' }
  const response = await gateway.post(path, { model: 'gpt-5-mini', input: 'Hi' }, { headers })
  const turnId = response.headers.get('x-metis-turn-id')
  const call = (await gateway.events()).find((event) => event.turnId === turnId && event.type === 'llm.call_completed')
  expect(call?.payload['client_session_id']).toBe(session)
})
