// POST /v1/embeddings: the provider's bytes to an authenticated client, on record as a turn; to others a clear refusal.
import { OpenAI } from 'openai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { objectOf, parseObject } from '../support/json.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({ demo: true })
})
afterAll(() => gateway.stop())

const path = '/v1/embeddings'
const model = 'text-embedding-3-small'

async function rowsOf(response: Response) {
  const turnId = response.headers.get('x-metis-turn-id')
  return (await gateway.events()).filter((event) => event.turnId === turnId)
}

it("passes request and answer on as they are, and records the turn with the provider's count and its price", async () => {
  const answer =
    '{ "object":"list","data":[{"object":"embedding","index":0,"embedding":[0.1,-2e-3]}],"model":"m","usage":{"prompt_tokens":1000000,"total_tokens":1000000},"x":1.0 }'
  gateway.provider.script({ body: answer })
  const body = { input: ['a', 'b'], model: `openai:${model}`, dimensions: 2, extra: { kept: true } }
  const response = await gateway.post(path, body)
  expect(await response.text()).toBe(answer)
  const sent = gateway.provider.at(-1)
  expect([sent.path, sent.text]).toEqual([path, JSON.stringify({ ...body, model })])
  const rows = await rowsOf(response)
  expect(rows.map(({ type }) => type)).toEqual(['route.decided', 'llm.call_completed', 'turn.completed'])
  expect(rows[1]?.payload).toMatchObject({
    model: `openai:${model}`,
    gateway_key_id: gateway.keyId,
    inbound_shape: 'openai',
    input_tokens: 1_000_000,
    output_tokens: 0,
    cost_usd: 0.02,
    cost_basis: 'metered',
    stream: false,
  })
  expect(response.headers.get('x-metis-cost-usd')).toBe('0.02')
})

it("serves OpenAI's own SDK, which asks for base64", async () => {
  const client = new OpenAI({ baseURL: gateway.openaiUrl, apiKey: gateway.token, maxRetries: 0 })
  const { data } = await client.embeddings.create({ model, input: 'hello' })
  expect(data).toMatchObject([{ index: 0, embedding: [0.25, -0.5, 0.125] }])
})

it('answers offline, the same vector for the same text', async () => {
  const client = new OpenAI({ baseURL: gateway.openaiUrl, apiKey: gateway.token, maxRetries: 0 })
  const input = ['one', 'two', 'one']
  const { data, usage } = await client.embeddings.create({ model: 'demo:embed', input })
  const plain = await client.embeddings.create({ model: 'demo:embed', input, encoding_format: 'float' })
  expect(data.map(({ embedding }) => embedding)).toEqual(plain.data.map(({ embedding }) => embedding))
  expect(data[0]?.embedding).toEqual(data[2]?.embedding)
  expect(data[0]?.embedding).not.toEqual(data[1]?.embedding)
  expect(Math.hypot(...(data[0]?.embedding ?? []))).toBeCloseTo(1)
  expect(usage.prompt_tokens).toBeGreaterThan(0)
})

describe('is refused', () => {
  it('for a model of a provider that has none', async () => {
    const before = gateway.provider.requests.length
    const response = await gateway.post(path, { model: 'anthropic:claude-haiku-4-5', input: 'a' })
    expect(response.status).toBe(400)
    expect(objectOf(parseObject(await response.text())['error'])).toMatchObject({ code: 'unsupported_endpoint', param: 'model' })
    expect(gateway.provider.requests.length).toBe(before)
    expect((await rowsOf(response)).at(-1)?.payload).toMatchObject({ status: 'failed', error_code: 'unsupported_endpoint' })
  })

  it.each([
    [{ model, input: 7 }, 'input'],
    [{ model }, 'input'],
    [{ model: 7, input: 'a' }, 'model'],
  ])('%j', async (body, param) => {
    const response = await gateway.post(path, body)
    expect(response.status).toBe(400)
    expect(objectOf(parseObject(await response.text())['error'])['param']).toBe(param)
  })

  it('without a key, and with a key that may not use the model', async () => {
    expect((await gateway.post(path, { model, input: 'a' }, { token: null })).status).toBe(401)
    const { token } = await gateway.issue({ allowedModels: ['haiku'] })
    expect((await gateway.post(path, { model, input: 'a' }, { token })).status).toBe(403)
  })

  it('by the provider in its own words', async () => {
    gateway.provider.script({ status: 400, body: '{"error":{"message":"too long","type":"invalid_request_error","x":1}}' })
    const response = await gateway.post(path, { model, input: 'a' })
    expect([response.status, await response.text()]).toEqual([
      400,
      '{"error":{"message":"too long","type":"invalid_request_error","x":1}}',
    ])
  })

  it('when what came is no list of embeddings', async () => {
    gateway.provider.script({ body: '{"object":"list"}' }, { body: '{"object":"list"}' }, { body: '{"object":"list"}' })
    expect((await gateway.post(path, { model, input: 'a' })).status).toBe(502)
  })
})

it('another method is told which one there is', async () => {
  const response = await fetch(`${gateway.url}${path}`)
  expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
})
