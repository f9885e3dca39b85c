// Embeddings, passed through: only providers of OpenAI's wire have them, so nothing is translated (translation.md, "Embeddings").
import * as z from 'zod'
import { invalidValue } from '../../ir/errors.ts'
import type { LanguageModelRequest, RequestContent, TextPart } from '../../ir/request.ts'
import type { StreamChunk } from '../../ir/stream.ts'
import { noUsage } from '../../ir/usage.ts'
import { estimateTokens } from '../../lib/tokens.ts'
import type { EncodedRequest, Target } from '../protocol.ts'
import { readErrorBody } from '../upstream-error.ts'
import { jsonOf } from '../wire.ts'
import { envelopeOf } from './envelope.ts'
import { badAnswer, errorInAnswer } from './errors.ts'
import { withModel } from './with-model.ts'

/** Below the provider's base URL. */
export const embeddingsPath = '/embeddings'

/** @throws GatewayError invalid_json, invalid_value */
export function decodeEmbeddingsRequest(bytes: Uint8Array, headers: Headers): LanguageModelRequest {
  const { model, body } = envelopeOf(bytes, undefined)
  const { input } = body
  if (typeof input !== 'string' && !Array.isArray(input)) throw invalidValue('input', '`input` must be a string or an array')
  return {
    shape: 'openai',
    endpoint: 'embeddings',
    model,
    stream: false,
    includeUsage: false,
    source: { bytes, headers },
    traits: {
      hasTools: false,
      hasImages: false,
      wantsStructuredOutput: false,
      estimatedInputTokens: estimateTokens(bytes.length),
    },
    content: () => contentOf(input),
  }
}

/** For rules that look at what is said; lists of token numbers say nothing to them. */
function contentOf(input: string | readonly unknown[]): RequestContent {
  const texts = typeof input === 'string' ? [input] : input.filter((text) => typeof text === 'string')
  const parts = texts.map((text): TextPart => ({ type: 'text', text }))
  return { system: [], messages: [{ role: 'user', parts, path: 'input' }], tools: [], stop: [], unmapped: {} }
}

export function encodeEmbeddingsRequest(request: LanguageModelRequest, target: Target): EncodedRequest {
  return {
    path: embeddingsPath,
    headers: {},
    body: withModel(request, target.model),
    stream: false,
    warnings: [],
    inboundShape: 'openai',
    toolNames: new Map(),
    hidesUsageChunk: false,
  }
}

const answerSchema = z.looseObject({
  data: z.array(z.unknown()),
  model: z.string().nullish().catch(undefined),
  usage: z
    .looseObject({ prompt_tokens: z.number().nullish().catch(undefined) })
    .nullish()
    .catch(undefined),
})

/** @throws GatewayError upstream_bad_response for what is no list of embeddings */
export function decodeEmbeddings(bytes: Uint8Array): StreamChunk {
  const text = new TextDecoder().decode(bytes)
  const answer = answerSchema.safeParse(jsonOf(text))
  if (!answer.success) {
    if (readErrorBody(text).message !== undefined) throw errorInAnswer(text, false)
    throw badAnswer('the provider sent something that is not a list of embeddings', answer.error)
  }
  const { usage, model } = answer.data
  const tokens = usage?.prompt_tokens
  return {
    verbatim: { shape: 'openai', bytes },
    meter: {
      ...(typeof tokens === 'number' ? { usage: { ...noUsage, inputUncached: tokens } } : {}),
      stop: { reason: 'end' },
      ended: true,
      toolCalls: 0,
      thinkingBlocks: 0,
      outputCharacters: 0,
      ...(model ? { model } : {}),
    },
    events: () => [],
  }
}
