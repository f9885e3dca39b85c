// Anthropic's own SDK, both generations, through the gateway to either kind of provider: it must not notice.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GatewayUnderTest } from '../support/gateway.ts'
import { startGatewayUnderTest } from '../support/under-test.ts'
import { generations, type Answer, type Question } from './anthropic-clients.ts'
import { lastCall, lastPlan, textOfPlan, usageOfPlan } from './turns.ts'

let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest()
})
afterAll(() => gateway.stop())

const providers = [
  { provider: 'anthropic', model: 'claude-haiku-4-5', thinker: 'claude-haiku-4-5' },
  { provider: 'openai', model: 'openai:gpt-4o-mini', thinker: 'openai:gpt-5-mini' },
] as const

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

const weather: NonNullable<Question['tools']> = [
  {
    name: 'get_weather',
    description: 'Weather of a city',
    input_schema: { type: 'object', properties: { city: { type: 'string' }, days: { type: 'integer' } }, required: ['city'] },
  },
  { name: 'get_time', input_schema: { type: 'object', properties: { zone: { type: 'string' } } } },
]

const textOf = (answer: Answer) => answer.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('')

for (const { name, version, open } of generations) {
  for (const { provider, model, thinker } of providers) {
    describe(`${name} to the ${provider} wire`, () => {
      const ask = (extra: Partial<Question> = {}): Question => ({
        model,
        max_tokens: 1_000,
        messages: [{ role: 'user', content: 'Say hello.' }],
        ...extra,
      })

      /** What the SDK shows is what the provider said, and what is on record. */
      async function expectAccounted(answer: Answer): Promise<void> {
        const plan = lastPlan(gateway)
        expect(textOf(answer)).toBe(textOfPlan(plan))
        expect(answer.usage).toMatchObject({
          input_tokens: plan.usage.inputUncached,
          cache_read_input_tokens: plan.usage.cacheRead,
          cache_creation_input_tokens: plan.usage.cacheWrite5m,
          output_tokens: plan.usage.output,
        })
        const call = await lastCall(gateway)
        expect(call).toMatchObject({ ...usageOfPlan(plan), error_class: null, cost_basis: 'metered', client: 'anthropic-sdk' })
        expect(call['cost_usd']).toBeGreaterThan(0)
      }

      it('sends text and gets text', async () => {
        const answer = await open(gateway).create(ask({ system: 'Be brief.' }))
        expect(answer).toMatchObject({ type: 'message', role: 'assistant', stop_reason: 'end_turn' })
        await expectAccounted(answer)
        const { headers } = gateway.provider.at(-1)
        if (provider === 'anthropic') {
          expect(headers['anthropic-version']).toBe(version)
          expect(headers['x-api-key']).toBe('sk-ant-mock-provider-key')
        } else {
          expect(Object.keys(headers).filter((header) => header.startsWith('anthropic'))).toEqual([])
          expect(headers['authorization']).toBe('Bearer sk-mock-provider-key')
        }
      })

      it('streams', async () => {
        const stream = open(gateway).stream(ask())
        const types: string[] = []
        let text = ''
        for await (const event of stream) {
          types.push(event.type)
          if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') text += event.delta.text
        }
        const answer = await stream.finalMessage()
        expect(types[0]).toBe('message_start')
        expect(types.at(-1)).toBe('message_stop')
        expect(types.filter((type) => type === 'content_block_delta').length).toBeGreaterThan(3)
        expect(text).toBe(textOf(answer))
        expect(answer.stop_reason).toBe('end_turn')
        await expectAccounted(answer)
      })

      it('stops at the limit of tokens', async () => {
        const answer = await open(gateway)
          .stream(ask({ max_tokens: 2 }))
          .finalMessage()
        expect(answer.stop_reason).toBe('max_tokens')
        await expectAccounted(answer)
      })

      it.each([false, true])('plays a round of two parallel tools, streaming %s', async (stream) => {
        const client = open(gateway)
        const question = ask({ tools: weather })
        const say = (asked: Question): Promise<Answer> => (stream ? client.stream(asked).finalMessage() : client.create(asked))
        const first = await say(question)
        expect(first.stop_reason).toBe('tool_use')
        const calls = first.content.flatMap((block) => (block.type === 'tool_use' ? [block] : []))
        expect(calls.map((call) => call.name)).toEqual(['get_weather', 'get_time'])
        expect(calls.map((call) => call.input)).toEqual([{ city: 'Zürich', days: 7 }, { zone: 'Zürich' }])
        expect(new Set(calls.map((call) => call.id)).size).toBe(2)
        expect(await lastCall(gateway)).toMatchObject({ produced_tool_calls: 2, stop_reason: 'tool_use' })
        const [one, two] = calls
        const second = await say({
          ...question,
          messages: [
            ...question.messages,
            { role: 'assistant', content: first.content.flatMap((block) => echoOf(block)) },
            {
              role: 'user',
              content: [
                { type: 'tool_result', tool_use_id: one?.id ?? '', content: '21 degrees' },
                {
                  type: 'tool_result',
                  tool_use_id: two?.id ?? '',
                  is_error: true,
                  content: [{ type: 'text', text: 'no such zone' }],
                },
                { type: 'text', text: 'Go on.' },
              ],
            },
          ],
        })
        expect(second.stop_reason).toBe('end_turn')
        expect(textOf(second)).toContain('21 degrees')
        expect(textOf(second)).toContain(provider === 'openai' ? 'Error: no such zone' : 'no such zone')
        await expectAccounted(second)
      })

      it('shows images, as bytes and by address', async () => {
        const content: Question['messages'][number]['content'] = [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PNG } },
          { type: 'image', source: { type: 'url', url: 'https://example.com/cat.png' } },
          { type: 'text', text: 'What is this?' },
        ]
        const answer = await open(gateway).create(ask({ messages: [{ role: 'user', content }] }))
        expect(textOf(answer)).toContain('I see 2 images.')
        expect(gateway.provider.at(-1).text).toContain(PNG)
        expect(gateway.provider.at(-1).text).toContain('https://example.com/cat.png')
      })

      it.each([false, true])('thinks, and gets its thoughts back, streaming %s', async (stream) => {
        const client = open(gateway)
        const question = ask({ model: thinker, max_tokens: 4_000, thinking: { type: 'enabled', budget_tokens: 2_000 } })
        const say = (asked: Question): Promise<Answer> => (stream ? client.stream(asked).finalMessage() : client.create(asked))
        const first = await say(question)
        expect(first.content[0]).toMatchObject({
          type: 'thinking',
          thinking: 'The user wants an answer. I will give a short one.',
        })
        expect(await lastCall(gateway)).toMatchObject({ produced_thinking_blocks: 1 })
        const second = await say({
          ...question,
          messages: [
            ...question.messages,
            { role: 'assistant', content: first.content.flatMap((block) => echoOf(block)) },
            { role: 'user', content: 'And now?' },
          ],
        })
        expect(textOf(second)).toContain('And now?')
      })

      it('answers by a schema', async () => {
        const schema = { type: 'object', properties: { city: { type: 'string' }, rain: { type: 'boolean' } }, required: ['city'] }
        const answer = await open(gateway).create(
          ask({ output_config: { format: { type: 'json_schema', schema: { ...schema, additionalProperties: false } } } }),
        )
        expect(JSON.parse(textOf(answer))).toEqual({ city: 'Zürich', rain: true })
        expect(answer.stop_reason).toBe('end_turn')
      })

      it('counts tokens without a turn', async () => {
        const turns = (await gateway.events()).length
        const before = gateway.provider.requests.length
        const { max_tokens: _limit, ...question } = ask()
        const count = await open(gateway).countTokens(question)
        expect(count).toBeGreaterThan(0)
        expect(gateway.provider.requests.length - before).toBe(provider === 'anthropic' ? 1 : 0)
        expect((await gateway.events()).length).toBe(turns)
      })
    })
  }

  it(`${name} lists models that it can send back`, async () => {
    const client = open(gateway)
    const models = await client.models()
    expect(models.every(({ type }) => type === 'model')).toBe(true)
    const ids = models.map(({ id }) => id)
    expect(ids).toContain('anthropic:claude-haiku-4-5')
    expect(ids).toContain('openai:gpt-4o-mini')
    expect(await client.model('openai:gpt-4o-mini')).toBe('openai:gpt-4o-mini')
    const answer = await client.create({ model: 'haiku', max_tokens: 100, messages: [{ role: 'user', content: 'hi' }] })
    expect(answer.type).toBe('message')
  })
}

type Echo = Extract<Question['messages'][number]['content'], readonly unknown[]>[number]

/** A block of an answer as the client sends it back. */
function echoOf(block: Answer['content'][number]): readonly Echo[] {
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: block.text }]
    case 'tool_use':
      return [{ type: 'tool_use', id: block.id, name: block.name, input: block.input }]
    case 'thinking':
      return [{ type: 'thinking', thinking: block.thinking, signature: block.signature }]
    default:
      return []
  }
}
