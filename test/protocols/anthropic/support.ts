// What the tests of this wire share: fixtures, calls, and streams cut anywhere.
import { readdirSync, readFileSync, existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { ModelCapabilities } from '../../../src/catalog/capabilities.ts'
import { GatewayError } from '../../../src/ir/errors.ts'
import type { LanguageModelRequest, RequestContent } from '../../../src/ir/request.ts'
import type { Shape, StreamChunk, StreamEvent } from '../../../src/ir/stream.ts'
import { concatBytes } from '../../../src/lib/bytes.ts'
import { anthropicProtocol } from '../../../src/protocols/anthropic/index.ts'
import type { AnswerContext, EncodedRequest, Target } from '../../../src/protocols/protocol.ts'

export const { server, client } = anthropicProtocol

export interface Fixture {
  readonly name: string
  readonly stream: Uint8Array
  readonly response?: Uint8Array
  readonly expected: { readonly events: readonly StreamEvent[]; readonly error?: Record<string, unknown> }
}

const root = new URL('../../fixtures/anthropic/', import.meta.url)

export const fixtures: readonly Fixture[] = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => readFixture(name))

function readFixture(name: string): Fixture {
  const file = (base: string): string => fileURLToPath(new URL(`${name}/${base}`, root))
  const response = file('response.json')
  return {
    name,
    stream: bytesOf(readFileSync(file('stream.sse'), 'utf8')),
    ...(existsSync(response) ? { response: bytesOf(readFileSync(response, 'utf8')) } : {}),
    expected: JSON.parse(readFileSync(file('events.json'), 'utf8')),
  }
}

export function fixture(name: string): Fixture {
  const found = fixtures.find((candidate) => candidate.name === name)
  if (!found) throw new Error(`no fixture ${name}`)
  return found
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

export function textOf(bytes: Uint8Array | string): string {
  return typeof bytes === 'string' ? bytes : new TextDecoder().decode(bytes)
}

export function callFor(inboundShape: Shape, more: Partial<EncodedRequest> = {}): EncodedRequest {
  return {
    path: '/v1/messages',
    headers: {},
    body: '',
    stream: true,
    warnings: [],
    inboundShape,
    toolNames: new Map(),
    hidesUsageChunk: false,
    ...more,
  }
}

export const answerContext: AnswerContext = {
  turnId: '01JD0000000000000000000000',
  createdS: 1_700_000_000,
  model: 'my-model',
  includeUsage: true,
  stream: true,
  estimatedInputTokens: 321,
}

export async function* feed<T>(...items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

export interface Decoded {
  readonly chunks: readonly StreamChunk[]
  readonly events: readonly StreamEvent[]
  readonly error?: unknown
}

export async function decodeAll(buffers: readonly Uint8Array[], call: EncodedRequest): Promise<Decoded> {
  const chunks: StreamChunk[] = []
  const events: StreamEvent[] = []
  try {
    for await (const chunk of client.decodeStream(feed(...buffers), call)) {
      chunks.push(chunk)
      events.push(...chunk.events())
    }
    return { chunks, events }
  } catch (error) {
    return { chunks, events, error }
  }
}

export async function encodeAll(chunks: AsyncIterable<StreamChunk>): Promise<string> {
  const buffers: Uint8Array[] = []
  for await (const bytes of server.encodeStream(chunks, answerContext)) buffers.push(bytes)
  return textOf(concatBytes(buffers))
}

export function errorFactsOf(error: unknown): Record<string, unknown> | undefined {
  if (error === undefined) return undefined
  if (!(error instanceof GatewayError)) throw error
  return { errorClass: error.errorClass, code: error.code, status: error.status }
}

export function thrownBy(work: () => unknown): GatewayError {
  try {
    work()
  } catch (error) {
    if (error instanceof GatewayError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

/** The newest behaviour of the family. */
export const adaptive: ModelCapabilities = {
  contextWindow: 200_000,
  maxOutput: 64_000,
  vision: true,
  tools: true,
  structuredOutput: true,
  strictTools: true,
  sampling: false,
  stopSequences: true,
  thinking: 'adaptive',
  efforts: ['low', 'medium', 'high', 'max'],
  thinksByDefault: false,
  prefill: false,
  midConversationSystem: true,
}
/** As Claude was up to 4.5. */
export const manual: ModelCapabilities = {
  ...adaptive,
  structuredOutput: false,
  strictTools: false,
  sampling: true,
  thinking: 'manual',
  efforts: [],
  prefill: true,
  midConversationSystem: false,
}

export function targetOf(capabilities: ModelCapabilities, model = 'claude-x'): Target {
  return { provider: 'anthropic', model, capabilities, quirks: {} }
}

export const emptyContent: RequestContent = { system: [], messages: [], tools: [], stop: [], unmapped: {} }

/** A request of another wire, with just this content. */
export function foreignRequest(content: Partial<RequestContent>, stream = false): LanguageModelRequest {
  return {
    shape: 'openai',
    model: 'm',
    stream,
    includeUsage: false,
    source: { bytes: new Uint8Array(0), headers: new Headers() },
    traits: { hasTools: false, hasImages: false, wantsStructuredOutput: false, estimatedInputTokens: 1 },
    content: () => ({ ...emptyContent, ...content }),
  }
}

export function requestOf(body: unknown, headers: Record<string, string> = {}): LanguageModelRequest {
  return server.decodeRequest(bytesOf(typeof body === 'string' ? body : JSON.stringify(body)), new Headers(headers))
}
