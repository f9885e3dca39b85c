// The tool runner of Anthropic's SDK asks for threads that the server holds (clients.md §0.3): an Anthropic provider gets them
// untouched, and for any other the gateway says the words that make the runner do without.
import { Anthropic } from '@anthropic-ai/sdk'
import { betaTool } from '@anthropic-ai/sdk/helpers/beta/json-schema'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { GatewayUnderTest } from '../support/gateway.ts'
import { startGatewayUnderTest } from '../support/under-test.ts'
import { listOf } from '../support/json.ts'

let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
})
afterAll(() => gateway.stop())

function run(model: string, stream: boolean) {
  const client = new Anthropic({ baseURL: gateway.url, apiKey: gateway.token, authToken: null, maxRetries: 0 })
  const asked: unknown[] = []
  const tool = betaTool({
    name: 'get_weather',
    description: 'Weather of a city',
    inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    run: (input) => {
      asked.push(input)
      return '21 degrees'
    },
  })
  const runner = client.beta.messages.toolRunner({
    model,
    max_tokens: 500,
    stream,
    tools: [tool],
    messages: [{ role: 'user', content: 'What is the weather?' }],
  })
  return { runner, asked }
}

it.each([false, true])('runs over a provider without threads, and sends it the whole history, streaming %s', async (stream) => {
  const before = gateway.provider.requests.length
  const { runner, asked } = run('openai:gpt-4o-mini', stream)
  const answer = await runner.runUntilDone()
  expect(JSON.stringify(answer.content)).toContain('21 degrees')
  expect(asked).toEqual([{ city: 'Zürich' }, { city: 'Zürich' }])
  const sent = gateway.provider.requests.slice(before)
  expect(sent.length, 'the refused thread never went upstream').toBe(2)
  expect(sent.map(({ json }) => 'thread' in json)).toEqual([false, false])
  expect(listOf(sent[1]?.json['messages']).length).toBeGreaterThanOrEqual(4)
})

it.each([false, true])('has its threads passed on untouched to an Anthropic provider, streaming %s', async (stream) => {
  const before = gateway.provider.requests.length
  const { runner } = run('claude-haiku-4-5', stream)
  for await (const turn of runner) {
    if ('finalMessage' in turn) await turn.finalMessage()
    break
  }
  const [first] = gateway.provider.requests.slice(before)
  expect(first?.json['thread']).toEqual({ type: 'create' })
  expect(first?.headers['anthropic-beta']).toContain('message-threads-2026-08-12')
})
