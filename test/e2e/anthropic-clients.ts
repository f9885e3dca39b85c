// Anthropic's SDK in both of its live generations, behind what they have in common: 1.x speaks 2026-10-21 with Bearer, 0.x
// 2023-06-01 with x-api-key (clients.md §2).
import { Anthropic as Anthropic1 } from '@anthropic-ai/sdk'
import { Anthropic as Anthropic0 } from 'anthropic-sdk-0'
import type { GatewayUnderTest } from '../support/gateway.ts'

export interface ClientOptions {
  readonly maxRetries?: number
  readonly token?: string
}

/** What both generations take. */
export type Question = Pick<
  Anthropic1.MessageCreateParamsNonStreaming,
  'model' | 'max_tokens' | 'messages' | 'system' | 'tools' | 'thinking' | 'output_config'
>
export type Answer = Anthropic0.Message | Anthropic1.Message

function settings(gateway: GatewayUnderTest, { maxRetries = 0, token = gateway.token }: ClientOptions) {
  return { baseURL: gateway.url, apiKey: token, authToken: null, maxRetries }
}

function open1(gateway: GatewayUnderTest, options: ClientOptions = {}) {
  const client = new Anthropic1(settings(gateway, options))
  return {
    create: (question: Question): Promise<Answer> => client.messages.create(question),
    stream: (question: Question) => client.messages.stream(question),
    countTokens: async (question: Omit<Question, 'max_tokens'>) => (await client.messages.countTokens(question)).input_tokens,
    models: async () => (await client.models.list({ limit: 1_000 })).data.map(({ id, type }) => ({ id, type })),
    model: async (id: string) => (await client.models.retrieve(id)).id,
  }
}

function open0(gateway: GatewayUnderTest, options: ClientOptions = {}) {
  const client = new Anthropic0(settings(gateway, options))
  return {
    create: (question: Question): Promise<Answer> => client.messages.create(question),
    stream: (question: Question) => client.messages.stream(question),
    countTokens: async (question: Omit<Question, 'max_tokens'>) => (await client.messages.countTokens(question)).input_tokens,
    models: async () => (await client.models.list({ limit: 1_000 })).data.map(({ id, type }) => ({ id, type })),
    model: async (id: string) => (await client.models.retrieve(id)).id,
  }
}

export const generations = [
  { name: '@anthropic-ai/sdk 1.x', version: '2026-10-21', errors: Anthropic1, open: open1 },
  { name: '@anthropic-ai/sdk 0.x', version: '2023-06-01', errors: Anthropic0, open: open0 },
] as const
