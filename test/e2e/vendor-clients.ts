// The vendors' own clients as one table: each asks, reads a stream, and leaves one, through either kind of provider.
import { OpenAI } from 'openai'
import type { GatewayUnderTest } from '../support/gateway.ts'
import { generations } from './anthropic-clients.ts'

export interface Client {
  readonly name: string
  readonly models: readonly string[]
  ask(model: string, options?: { token?: string; maxRetries?: number }): Promise<unknown>
  /** Reads to the first text, then goes away. */
  leave(model: string): Promise<void>
  readAll(model: string): Promise<unknown>
  readonly errors: typeof OpenAI | (typeof generations)[number]['errors']
}

const question = (model: string) => ({ model, max_tokens: 500, messages: [{ role: 'user' as const, content: 'Say hello.' }] })

/** `gateway` is asked for when a client is used: suites start it later, or again. */
export function clientsOf(gateway: () => GatewayUnderTest): readonly Client[] {
  const openOpenai = ({ token = gateway().token, maxRetries = 0 } = {}) =>
    new OpenAI({ baseURL: gateway().openaiUrl, apiKey: token, maxRetries })
  return [
    ...generations.map((generation) => ({
      name: generation.name,
      errors: generation.errors,
      models: ['claude-haiku-4-5', 'openai:gpt-4o-mini'],
      ask: (model: string, options = {}) => generation.open(gateway(), options).create(question(model)),
      readAll: (model: string) => generation.open(gateway()).stream(question(model)).finalMessage(),
      async leave(model: string) {
        const stream = generation.open(gateway()).stream(question(model))
        for await (const event of stream) if (event.type === 'content_block_delta') break
        stream.abort()
      },
    })),
    {
      name: 'openai 6.x',
      errors: OpenAI,
      models: ['gpt-4o-mini', 'anthropic:claude-haiku-4-5'],
      ask: (model, options = {}) => openOpenai(options).chat.completions.create(question(model)),
      readAll: (model) =>
        openOpenai()
          .chat.completions.stream({ ...question(model), stream: true })
          .finalChatCompletion(),
      async leave(model) {
        const stream = await openOpenai().chat.completions.create({ ...question(model), stream: true })
        for await (const chunk of stream) if ((chunk.choices[0]?.delta.content ?? '') !== '') break
        stream.controller.abort()
      },
    },
  ]
}
