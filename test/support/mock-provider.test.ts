import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startMockProvider, type MockProvider } from './mock-provider.ts'
import { retryAfter, times } from './scripts.ts'

let provider: MockProvider

beforeEach(async () => {
  provider = await startMockProvider()
})
afterEach(() => provider.stop())

const schema = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] }
const question = [{ role: 'user' as const, content: 'ping' }]

describe('the mock provider', () => {
  it('streams to the Anthropic SDK what it answers whole: thinking, text, two tool calls, cached usage', async () => {
    const client = new Anthropic({ baseURL: provider.url, apiKey: 'k', maxRetries: 0 })
    const body = {
      model: 'claude-mock',
      max_tokens: 4_000,
      thinking: { type: 'enabled' as const, budget_tokens: 2_000 },
      system: [{ type: 'text' as const, text: 'be brief', cache_control: { type: 'ephemeral' as const } }],
      tools: [{ name: 'weather', input_schema: schema }],
      messages: question,
    }
    const whole = await client.messages.create(body)
    const streamed = await client.messages.stream(body).finalMessage()
    expect(streamed.content).toEqual(whole.content)
    expect(whole.content.map(({ type }) => type)).toEqual(['thinking', 'text', 'tool_use', 'tool_use'])
    expect(whole.usage.cache_read_input_tokens).toBeGreaterThan(0)
    expect(streamed.usage).toMatchObject(whole.usage)
  })

  it('streams to the OpenAI SDK what it answers whole', async () => {
    const client = new OpenAI({ baseURL: provider.openaiUrl, apiKey: 'k', maxRetries: 0 })
    const tools = [{ type: 'function' as const, function: { name: 'weather', parameters: schema } }]
    const whole = await client.chat.completions.create({ model: 'm', messages: question, tools })
    const streamed = await client.chat.completions.stream({ model: 'm', messages: question, tools }).finalChatCompletion()
    expect(whole.choices[0]?.message.tool_calls).toHaveLength(2)
    expect(streamed.choices[0]?.message).toMatchObject({ tool_calls: whole.choices[0]?.message.tool_calls })
    expect(provider.at(0).plan).toEqual(provider.at(1).plan)
  })

  it('fails as often as it is told, with the wait it is told, then answers', async () => {
    provider.script(...times(2, { status: 503, headers: retryAfter.milliseconds(1) }))
    const client = new OpenAI({ baseURL: provider.openaiUrl, apiKey: 'k', maxRetries: 2 })
    const answer = await client.chat.completions.create({ model: 'm', messages: question })
    expect(answer.choices[0]?.message.content).toContain('You said: "ping"')
    expect(provider.requests).toHaveLength(3)
  })

  it.each(['stall-first', 'stall-head', 'stall-mid'] as const)(
    'sees the client leave a call that stands at %s',
    async (fault) => {
      provider.script({ fault })
      const leaving = new AbortController()
      const body = JSON.stringify({ model: 'm', stream: true, messages: question })
      const call = fetch(`${provider.url}/v1/messages`, { method: 'POST', body, signal: leaving.signal })
      await provider.received(1)
      leaving.abort()
      await expect(call.then((response) => response.text())).rejects.toThrow()
      expect(await provider.closed(0)).toMatchObject({ how: 'client-gone' })
    },
  )

  it.each(['reset-first', 'reset-mid', 'fin-mid'] as const)('breaks the connection at %s', async (fault) => {
    provider.script({ fault })
    const body = JSON.stringify({ model: 'm', stream: true, messages: question })
    const read = fetch(`${provider.openaiUrl}/chat/completions`, { method: 'POST', body }).then((response) => response.text())
    await expect(read).rejects.toThrow()
    expect(await provider.closed(0)).toMatchObject({ how: 'scripted' })
  })

  it.each([
    ['up-end-mid', /^(?!.*message_stop)/s],
    ['up-error-mid', /event: error/],
    ['up-html', /<html>/],
    ['up-garbage', /not json/],
    ['up-drip', /✓.*message_stop/s],
    ['up-crlf', /\r\n\r\n/],
  ])('is told by the model name %s', async (model, text) => {
    const body = JSON.stringify({ model, stream: true, messages: question })
    const response = await fetch(`${provider.url}/v1/messages`, { method: 'POST', body })
    expect(await response.text()).toMatch(text)
  })
})
