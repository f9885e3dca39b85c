// The recordings under test/fixtures/openai, and small drivers of the protocol that every test here needs.
import { readdirSync, readFileSync, existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ModelCapabilities } from '../../../src/catalog/capabilities.ts'
import type { LanguageModelRequest } from '../../../src/ir/request.ts'
import type { LanguageModelResponse } from '../../../src/ir/response.ts'
import type { StreamChunk, StreamEvent } from '../../../src/ir/stream.ts'
import type { AnswerContext, EncodedRequest, Target } from '../../../src/protocols/protocol.ts'
import { openaiProtocol } from '../../../src/protocols/openai/index.ts'

const root = fileURLToPath(new URL('../../fixtures/openai/', import.meta.url))

export interface Failure {
  readonly errorClass: string
  readonly status: number
  readonly message: string
  readonly delivered: boolean
}

export interface Fixture {
  readonly name: string
  readonly stream: Uint8Array
  /** Present beside a unary answer that says the same. */
  readonly response: Uint8Array | undefined
  readonly answer?: LanguageModelResponse
  readonly failure?: Failure
}

export const fixtures: readonly Fixture[] = readdirSync(root).map((name) => {
  const bytesOf = (file: string): Uint8Array | undefined =>
    existsSync(`${root}${name}/${file}`) ? new Uint8Array(readFileSync(`${root}${name}/${file}`)) : undefined
  const jsonOf = (file: string) => {
    const bytes = bytesOf(file)
    return bytes && JSON.parse(new TextDecoder().decode(bytes))
  }
  return {
    name,
    stream: bytesOf('stream.sse') ?? new Uint8Array(),
    response: bytesOf('response.json'),
    answer: jsonOf('answer.json'),
    failure: jsonOf('failure.json'),
  }
})

export const answered = fixtures.flatMap(({ answer, ...rest }) => (answer ? [{ ...rest, answer }] : []))
export const failed = fixtures.flatMap(({ failure, ...rest }) => (failure ? [{ ...rest, failure }] : []))

export const newestModel: ModelCapabilities = {
  vision: true,
  tools: true,
  structuredOutput: true,
  strictTools: true,
  sampling: false,
  stopSequences: false,
  thinking: 'adaptive',
  efforts: ['none', 'low', 'medium', 'high', 'xhigh'],
  thinksByDefault: true,
  prefill: false,
  midConversationSystem: true,
}

/** A model that does not reason and takes all knobs. */
export const plainModel: ModelCapabilities = {
  ...newestModel,
  sampling: true,
  stopSequences: true,
  thinking: 'none',
  efforts: [],
  thinksByDefault: false,
}

export function targetOf(over: Partial<Target> = {}): Target {
  const quirks = { maxTokensField: 'max_completion_tokens', safetyIdentifier: true } as const
  return { provider: 'openai', model: 'gpt-5-mini', capabilities: newestModel, quirks, ...over }
}

export const localTarget = targetOf({ provider: 'local', model: 'llama', capabilities: plainModel, quirks: {} })

export const call: EncodedRequest = {
  path: '/chat/completions',
  headers: {},
  body: '',
  stream: true,
  warnings: [],
  inboundShape: 'anthropic',
  toolNames: new Map(),
  hidesUsageChunk: false,
}
export const sameShapeCall: EncodedRequest = { ...call, inboundShape: 'openai' }

export const context: AnswerContext = {
  turnId: '01KAT000000000000000000000',
  createdS: 1_763_900_000,
  model: 'my-model',
  includeUsage: true,
  stream: true,
  estimatedInputTokens: 10,
}

export async function* buffersOf(bytes: Uint8Array, ...cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0
  for (const at of [...cuts, bytes.length]) {
    yield bytes.slice(from, at)
    from = at
  }
}

export function everyByteOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  return buffersOf(bytes, ...Array.from({ length: Math.max(0, bytes.length - 1) }, (_, index) => index + 1))
}

export interface Decoded {
  readonly events: readonly StreamEvent[]
  readonly chunks: readonly StreamChunk[]
  readonly error?: unknown
}

/** Reads a stream to its end or its failure. */
export async function decode(buffers: AsyncIterable<Uint8Array>, encoded: EncodedRequest = call): Promise<Decoded> {
  const events: StreamEvent[] = []
  const chunks: StreamChunk[] = []
  try {
    for await (const chunk of openaiProtocol.client.decodeStream(buffers, encoded)) {
      chunks.push(chunk)
      if (encoded.inboundShape !== 'openai') events.push(...chunk.events())
    }
  } catch (error) {
    return { events, chunks, error }
  }
  return { events, chunks }
}

export function textOf(chunks: readonly Uint8Array[]): string {
  return chunks.map((bytes) => new TextDecoder().decode(bytes)).join('')
}

export function verbatimOf(chunks: readonly StreamChunk[]): string {
  const bytes = chunks.flatMap(({ verbatim }) => (verbatim ? [...verbatim.bytes] : []))
  return new TextDecoder().decode(Uint8Array.from(bytes))
}

export function bytesOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value))
}

export function requestOf(body: unknown, headers = new Headers()): LanguageModelRequest {
  return openaiProtocol.server.decodeRequest(bytesOf(body), headers)
}

export function bodyOf({ body }: EncodedRequest): string {
  return typeof body === 'string' ? body : new TextDecoder().decode(body)
}
