// OpenAI's own SDK through the gateway to either kind of provider: it must not notice.
import { OpenAI } from 'openai'
import type { ChatCompletion, ChatCompletionCreateParamsNonStreaming as Question } from 'openai/resources/chat/completions'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GatewayUnderTest } from '../support/gateway.ts'
import { startGatewayUnderTest } from '../support/under-test.ts'
import { lastCall, lastPlan, textOfPlan, usageOfPlan } from './turns.ts'

let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
})
afterAll(() => gateway.stop())

const open = () => new OpenAI({ baseURL: gateway.openaiUrl, apiKey: gateway.token, maxRetries: 0 })

const providers = [
  { provider: 'openai', model: 'gpt-4o-mini', thinker: 'gpt-5-mini' },
  { provider: 'anthropic', model: 'anthropic:claude-haiku-4-5', thinker: 'anthropic:claude-haiku-4-5' },
] as const

/** What the mock thinks, always. */
const thought = 'The user wants an answer. I will give a short one.'

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const weather: NonNullable<Question['tools']> = [
  {
    type: 'function',
    function: {
      name: 'get_weather',
      description: 'Weather of a city',
      parameters: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] },
    },
  },
  { type: 'function', function: { name: 'get_time', parameters: { type: 'object', properties: { zone: { type: 'string' } } } } },
]

for (const { provider, model, thinker } of providers) {
  describe(`openai 6.x to the ${provider} wire`, () => {
    const ask = (extra: Partial<Question> = {}): Question => ({
      model,
      messages: [{ role: 'user', content: 'Say hello.' }],
      ...extra,
    })
    const say = (question: Question, stream: boolean): Promise<ChatCompletion> =>
      stream
        ? open()
            .chat.completions.stream({ ...question, stream: true, stream_options: { include_usage: true } })
            .finalChatCompletion()
        : open().chat.completions.create(question)
    const messageOf = (answer: ChatCompletion) => {
      const [choice] = answer.choices
      if (choice === undefined) throw new Error('an answer without a choice')
      return { ...choice.message, finish: choice.finish_reason, text: choice.message.content ?? '' }
    }

    async function expectAccounted(answer: ChatCompletion): Promise<void> {
      const plan = lastPlan(gateway)
      const { usage } = plan
      expect(messageOf(answer).text).toBe(textOfPlan(plan))
      expect(answer.usage).toMatchObject({
        prompt_tokens: usage.inputUncached + usage.cacheRead + usage.cacheWrite5m,
        completion_tokens: usage.output,
        prompt_tokens_details: { cached_tokens: usage.cacheRead },
      })
      const call = await lastCall(gateway)
      expect(call).toMatchObject({ ...usageOfPlan(plan), error_class: null, cost_basis: 'metered', client: 'openai-sdk' })
      expect(call['cost_usd']).toBeGreaterThan(0)
    }

    it.each([false, true])('sends text and gets text, streaming %s', async (stream) => {
      const answer = await say(ask({ messages: [{ role: 'system', content: 'Be brief.' }, ...ask().messages] }), stream)
      expect(answer.object).toBe('chat.completion')
      expect(messageOf(answer)).toMatchObject({ role: 'assistant', finish: 'stop' })
      if (provider === 'anthropic') expect(answer.model).toBe(model)
      await expectAccounted(answer)
      const { headers, json } = gateway.provider.at(-1)
      expect(Object.keys(headers).filter((header) => header.startsWith('x-stainless'))).toEqual([])
      if (provider === 'anthropic') expect(json['max_tokens']).toBeGreaterThan(0)
    })

    it('streams chunks, and no usage to who did not ask for it', async () => {
      const stream = await open().chat.completions.create({ ...ask(), stream: true })
      let text = ''
      let finishes = 0
      for await (const chunk of stream) {
        expect(chunk.object).toBe('chat.completion.chunk')
        expect(chunk.choices.length, 'no usage chunk').toBe(1)
        expect(chunk.usage ?? null).toBeNull()
        text += chunk.choices[0]?.delta.content ?? ''
        if (typeof chunk.choices[0]?.finish_reason === 'string') finishes += 1
      }
      expect(text).toBe(textOfPlan(lastPlan(gateway)))
      expect(finishes).toBe(1)
      expect(await lastCall(gateway)).toMatchObject({ ...usageOfPlan(lastPlan(gateway)), cost_basis: 'metered' })
    })

    it.each([false, true])('stops at the limit of tokens, streaming %s', async (stream) => {
      const answer = await say(ask({ max_completion_tokens: 2 }), stream)
      expect(messageOf(answer).finish).toBe('length')
      await expectAccounted(answer)
    })

    it.each([false, true])('plays a round of two parallel tools, streaming %s', async (stream) => {
      const question = ask({ tools: weather })
      const first = messageOf(await say(question, stream))
      expect(first.finish).toBe('tool_calls')
      const calls = (first.tool_calls ?? []).flatMap((call) => (call.type === 'function' ? [call] : []))
      expect(calls.map((call) => call.function.name)).toEqual(['get_weather', 'get_time'])
      expect(calls.map((call): unknown => JSON.parse(call.function.arguments))).toEqual([
        { city: 'Zürich', days: 7 },
        { zone: 'Zürich' },
      ])
      expect(new Set(calls.map((call) => call.id)).size).toBe(2)
      expect(await lastCall(gateway)).toMatchObject({ produced_tool_calls: 2 })
      const second = await say(
        {
          ...question,
          messages: [
            ...question.messages,
            {
              role: 'assistant',
              content: first.text,
              tool_calls: calls.map(({ id, function: { name, arguments: text } }) => ({
                id,
                type: 'function',
                function: { name, arguments: text },
              })),
            },
            { role: 'tool', tool_call_id: calls[0]?.id ?? '', content: '21 degrees' },
            { role: 'tool', tool_call_id: calls[1]?.id ?? '', content: 'Error: no such zone' },
            { role: 'user', content: 'Go on.' },
          ],
        },
        stream,
      )
      expect(messageOf(second).finish).toBe('stop')
      expect(messageOf(second).text).toContain('21 degrees | Error: no such zone')
      await expectAccounted(second)
    })

    it('shows images, as bytes and by address', async () => {
      const answer = await say(
        ask({
          messages: [
            {
              role: 'user',
              content: [
                { type: 'image_url', image_url: { url: `data:image/png;base64,${PNG}` } },
                { type: 'image_url', image_url: { url: 'https://example.com/cat.png', detail: 'low' } },
                { type: 'text', text: 'What is this?' },
              ],
            },
          ],
        }),
        false,
      )
      expect(messageOf(answer).text).toContain('I see 2 images.')
      expect(gateway.provider.at(-1).text).toContain(PNG)
      expect(gateway.provider.at(-1).text).toContain('https://example.com/cat.png')
    })

    it('reasons when asked to, and the reasoning is counted', async () => {
      const answer = await say(ask({ model: thinker, reasoning_effort: 'medium' }), false)
      const plan = lastPlan(gateway)
      expect(plan.parts[0]?.type).toBe('thinking')
      expect(messageOf(answer)).toMatchObject({ text: textOfPlan(plan), reasoning_content: thought })
      expect(answer.usage?.completion_tokens).toBe(plan.usage.output)
      expect(await lastCall(gateway)).toMatchObject({ output_tokens: plan.usage.output, produced_thinking_blocks: 1 })
    })

    it('streams its reasoning piece by piece', async () => {
      const stream = await open().chat.completions.create({
        ...ask({ model: thinker, reasoning_effort: 'medium' }),
        stream: true,
      })
      let reasoning = ''
      for await (const chunk of stream) {
        const delta: object = chunk.choices[0]?.delta ?? {}
        if ('reasoning_content' in delta && typeof delta.reasoning_content === 'string') reasoning += delta.reasoning_content
      }
      expect(reasoning).toBe(thought)
      expect(await lastCall(gateway)).toMatchObject({ produced_thinking_blocks: 1 })
    })

    it.each([false, true])('answers by a schema, streaming %s', async (stream) => {
      const schema = {
        type: 'object',
        properties: { city: { type: 'string' }, rain: { type: 'boolean' } },
        required: ['city', 'rain'],
        additionalProperties: false,
      }
      const format = { type: 'json_schema', json_schema: { name: 'report', strict: true, schema } } as const
      const answer = await say(ask({ response_format: format }), stream)
      expect(JSON.parse(messageOf(answer).text)).toEqual({ city: 'Zürich', rain: true })
      expect(messageOf(answer).finish).toBe('stop')
    })
  })
}

it('lists models that it can send back', async () => {
  const { data } = await open().models.list()
  const ids = data.map(({ id }) => id)
  expect(ids).toContain('anthropic:claude-haiku-4-5')
  expect(ids).toContain('openai:gpt-4o-mini')
  expect((await open().models.retrieve('anthropic:claude-haiku-4-5')).owned_by).toBe('anthropic')
  const answer = await open().chat.completions.create({ model: 'haiku', messages: [{ role: 'user', content: 'hi' }] })
  expect(answer.choices.length).toBe(1)
})
