// `client.responses` of OpenAI's own SDK through the gateway to every kind of provider: one that speaks Responses, one that
// speaks chat only, Anthropic, and the offline demo.
import { OpenAI } from 'openai'
import type {
  Response,
  ResponseCreateParamsNonStreaming as Question,
  ResponseInputItem,
} from 'openai/resources/responses/responses'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startMockProvider, type MockProvider } from '../support/mock-provider.ts'
import type { GatewayUnderTest } from '../support/gateway.ts'
import { startGatewayUnderTest } from '../support/under-test.ts'
import { lastCall, lastPlan, textOfPlan, usageOfPlan } from './turns.ts'

let chatOnly: MockProvider
let gateway: GatewayUnderTest

beforeAll(async () => {
  chatOnly = await startMockProvider()
  const local = { wire: 'openai' as const, base_url: chatOnly.openaiUrl, models: ['gpt-4o-mini'] }
  gateway = await startGatewayUnderTest({
    demo: true,
    config: { providers: { local }, prices: { 'local:*': { input: 1, output: 2 } } },
  })
})
afterAll(async () => {
  await gateway.stop()
  await chatOnly.stop()
})

const open = () => new OpenAI({ baseURL: gateway.openaiUrl, apiKey: gateway.token, maxRetries: 0 })
const say = (question: Question, stream: boolean): Promise<Response> =>
  stream
    ? open()
        .responses.stream({ ...question, stream: true })
        .finalResponse()
    : open().responses.create(question)

const tools: NonNullable<Question['tools']> = [
  {
    type: 'function',
    name: 'get_weather',
    strict: false,
    parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } } },
  },
  { type: 'function', name: 'get_time', strict: false, parameters: { type: 'object', properties: { zone: { type: 'string' } } } },
]

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const kinds = [
  { kind: 'a provider of the same wire', model: 'gpt-5-mini', path: '/v1/responses', provider: () => gateway.provider },
  { kind: 'a chat-only provider', model: 'local:gpt-4o-mini', path: '/v1/chat/completions', provider: () => chatOnly },
  { kind: 'Anthropic', model: 'anthropic:claude-haiku-4-5', path: '/v1/messages', provider: () => gateway.provider },
] as const

describe.each(kinds)('openai 6.x responses, to $kind', ({ model, path, provider }) => {
  const planned = () => lastPlan({ provider: provider() })

  async function expectAccounted(answer: Response): Promise<void> {
    const plan = planned()
    const { usage } = plan
    expect(answer.output_text).toBe(textOfPlan(plan))
    expect(answer.usage).toMatchObject({
      input_tokens: usage.inputUncached + usage.cacheRead + usage.cacheWrite5m,
      output_tokens: usage.output,
      input_tokens_details: { cached_tokens: usage.cacheRead },
    })
    const call = await lastCall(gateway)
    expect(call).toMatchObject({
      ...usageOfPlan(plan),
      inbound_shape: 'openai-responses',
      error_class: null,
      cost_basis: 'metered',
    })
    expect(call['cost_usd']).toBeGreaterThan(0)
  }

  it.each([false, true])('sends text and gets text, streaming %s', async (stream) => {
    const answer = await say({ model, instructions: 'Be brief.', input: 'Say hello.' }, stream)
    expect(answer).toMatchObject({ object: 'response', status: 'completed', error: null })
    expect(provider().at(-1).path).toBe(path)
    await expectAccounted(answer)
  })

  it.each([false, true])('stops at the limit of tokens, streaming %s', async (stream) => {
    const answer = await say({ model, input: 'Say hello.', max_output_tokens: 2 }, stream)
    expect(answer).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } })
    await expectAccounted(answer)
  })

  it.each([false, true])('plays a round of two parallel tools, streaming %s', async (stream) => {
    const input: ResponseInputItem[] = [{ role: 'user', content: 'Weather and time in Zürich?' }]
    const first = await say({ model, input, tools, reasoning: { effort: 'medium' } }, stream)
    const calls = first.output.flatMap((item) => (item.type === 'function_call' ? [item] : []))
    expect(calls.map(({ name }) => name)).toEqual(['get_weather', 'get_time'])
    expect(calls.map((call): unknown => JSON.parse(call.arguments))).toEqual([{ city: 'Zürich', days: 7 }, { zone: 'Zürich' }])
    expect(await lastCall(gateway)).toMatchObject({ produced_tool_calls: 2 })
    const results = calls.map(({ call_id }, index): ResponseInputItem => ({
      type: 'function_call_output',
      call_id,
      output: ['21 degrees', 'noon'][index] ?? '',
    }))
    const history = first.output.filter(
      (item): item is Exclude<typeof item, { type: 'compaction' }> => item.type !== 'compaction',
    )
    const second = await say(
      { model, input: [...input, ...history, ...results] as ResponseInputItem[], tools, reasoning: { effort: 'medium' } },
      stream,
    )
    expect(second.output_text).toContain('21 degrees | noon')
    await expectAccounted(second)
  })

  it('shows an image', async () => {
    const content = [
      { type: 'input_text', text: 'What is it?' } as const,
      { type: 'input_image', image_url: `data:image/png;base64,${PNG}`, detail: 'auto' } as const,
    ]
    await expectAccounted(await say({ model, input: [{ role: 'user', content }] }, false))
  })

  it('gets an answer in the form of a schema', async () => {
    const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false }
    const format = { type: 'json_schema', name: 'place', schema, strict: true } as const
    const answer = await say({ model, input: 'Where?', text: { format } }, true)
    expect(JSON.parse(answer.output_text)).toMatchObject({ city: expect.any(String) })
  })

  it('hears of a refusal with its status and its message', async () => {
    provider().script({ status: 400 })
    const failure = await say({ model, input: 'Hi' }, true).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(OpenAI.BadRequestError)
    expect(failure).toMatchObject({ status: 400, message: expect.stringContaining('mock provider says 400') })
  })

  it('is told in the stream when the provider breaks off', async () => {
    provider().script({ fault: 'end-mid' })
    const answer = await say({ model, input: 'Tell me a story.' }, true)
    expect(answer).toMatchObject({ status: 'failed', error: { message: expect.any(String) } })
    expect(await lastCall(gateway)).toMatchObject({ error_class: 'network' })
  })
})

it('answers from the demo, offline, and streams', async () => {
  const answer = await say({ model: 'demo:haiku', input: 'Say hello.', tools }, true)
  expect(answer.status).toBe('completed')
  expect(await lastCall(gateway)).toMatchObject({ provider: 'demo', inbound_shape: 'openai-responses' })
})
