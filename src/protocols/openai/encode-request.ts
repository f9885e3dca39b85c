// A request to an OpenAI-shaped provider: chat's own bytes spliced, any other wire rendered from the IR
// (translation.md §2, column A->O).
import { invalidValue } from '../../ir/errors.ts'
import type { LanguageModelRequest, RequestContent, TextPart } from '../../ir/request.ts'
import { sha256Hex } from '../../lib/identifiers.ts'
import type { EncodedRequest, Target } from '../protocol.ts'
import { outputLimitOf } from '../output-limit.ts'
import { createToolNames } from '../tool-names.ts'
import { given } from '../wire.ts'
import { createWarnings, type Warnings } from '../warnings.ts'
import { encodeEmbeddingsRequest } from './embeddings.ts'
import { encodeMessages } from './encode-messages.ts'
import { customToolNames, encodeTools } from './encode-tools.ts'
import { reasoningEffortOf } from './reasoning-effort.ts'
import { spliceRequest } from './same-shape.ts'
import { canBeStrict } from './strict-schema.ts'
import { wantsSignatures } from './thought-signature.ts'

type Json = Record<string, unknown>

const path = '/chat/completions'
/** OpenAI's; Anthropic's names may have 128. */
const maxToolName = 64

/** @throws GatewayError invalid_value for what cannot be carried */
export function encodeRequest(request: LanguageModelRequest, target: Target): EncodedRequest {
  if (request.endpoint === 'embeddings') return encodeEmbeddingsRequest(request, target)
  if (request.shape !== 'openai' || request.mixed === true) return renderRequest(request, target)
  const { body, warnings, hidesUsageChunk } = spliceRequest(request, target)
  const beta = request.source.headers.get('openai-beta')
  return {
    path,
    headers: beta === null ? {} : { 'openai-beta': beta },
    body,
    stream: request.stream,
    warnings,
    inboundShape: 'openai',
    toolNames: new Map(),
    hidesUsageChunk,
  }
}

function renderRequest(request: LanguageModelRequest, target: Target): EncodedRequest {
  const content = request.content()
  const warnings = createWarnings(request.shape)
  const names = createToolNames(maxToolName)
  const extra = extraFields(request, content, warnings)
  const system = systemOf(content, target)
  const customTools = customToolNames(content.tools)
  const body: Json = {
    model: target.model,
    messages: encodeMessages(
      { ...content, system },
      {
        names,
        warnings,
        customTools,
        replaysReasoning: target.quirks.replaysReasoning === true,
        signsCalls: wantsSignatures(target),
      },
    ),
    ...encodeTools(content, target, names, warnings),
    ...limitOf(content, target, warnings),
    ...samplingOf(content, target, warnings),
    ...reasoningEffortOf(content.reasoning, target.capabilities, warnings),
    ...outputFormatOf(request, target, warnings),
    ...userOf(request, target, warnings),
    ...tierOf(content),
    ...extra,
  }
  const asksUsage = request.stream && target.quirks.noStreamOptions !== true
  if (request.stream) body['stream'] = true
  if (asksUsage) body['stream_options'] = { include_usage: true }
  return {
    path,
    headers: {},
    body: JSON.stringify(body),
    stream: request.stream,
    warnings: warnings.all,
    inboundShape: request.shape,
    toolNames: names.clientNames,
    ...takenCallIdsOf(content),
    ...(request.shape === 'openai' && customTools.size > 0 ? { answersAnew: true } : {}),
    // Across shapes the door makes its own usage chunk; a mixed body of our own shape gets the provider's bytes.
    hidesUsageChunk: asksUsage && request.shape === 'openai' && !request.includeUsage,
  }
}

function takenCallIdsOf({ messages }: RequestContent): { takenCallIds?: ReadonlySet<string> } {
  const ids = messages.flatMap(({ parts }) => parts.flatMap((part) => (part.type === 'toolCall' ? [part.id] : [])))
  return ids.length === 0 ? {} : { takenCallIds: new Set(ids) }
}

function extraFields(request: LanguageModelRequest, { unmapped }: RequestContent, warnings: Warnings): Readonly<Json> {
  if (request.shape === 'openai') {
    const { 'reasoning.effort': effort, ...fields } = unmapped
    return { ...given('reasoning_effort', effort), ...fields }
  }
  for (const field of Object.keys(unmapped)) warnings.dropped(field, 'has no place in Chat Completions')
  return {}
}

// A model that takes no schema is told it in words.
function systemOf({ system, output }: RequestContent, target: Target): readonly TextPart[] {
  if (output?.type !== 'jsonSchema' || target.capabilities.structuredOutput) return system
  const text = `Answer with one JSON object, and nothing else, that matches this JSON schema:\n${JSON.stringify(output.schema)}`
  return [...system, { type: 'text', text }]
}

function limitOf(content: RequestContent, { quirks, capabilities }: Target, warnings: Warnings): Json {
  const limit = outputLimitOf(content, capabilities, warnings)
  if (limit === undefined) return {}
  if (limit < 1) throw invalidValue('max_tokens', '`max_tokens` must be at least 1 for this model')
  return { [quirks.maxTokensField ?? 'max_tokens']: limit }
}

const maxStops = 4

function samplingOf(content: RequestContent, { capabilities }: Target, warnings: Warnings): Json {
  const { temperature, topP, topK, stop } = content
  const body: Json = {}
  for (const [field, value] of [
    ['temperature', temperature],
    ['top_p', topP],
  ] as const) {
    if (value === undefined) continue
    if (capabilities.sampling) body[field] = value
    else if (value !== 1) warnings.dropped(field, 'this model does not take it')
  }
  if (topK !== undefined) warnings.dropped('top_k', 'has no place in Chat Completions')
  if (stop.length === 0) return body
  if (!capabilities.stopSequences) warnings.dropped('stop_sequences', 'this model does not take them')
  else body['stop'] = stop.slice(0, maxStops)
  if (capabilities.stopSequences && stop.length > maxStops)
    warnings.changed('stop_sequences', `only the first ${maxStops} are taken`)
  return body
}

function outputFormatOf({ shape, content }: LanguageModelRequest, { capabilities }: Target, warnings: Warnings): Json {
  const { output } = content()
  if (!output) return {}
  if (output.type === 'jsonObject') return { response_format: { type: 'json_object' } }
  if (!capabilities.structuredOutput) {
    warnings.changed('output_config.format', 'this model takes no schema: it is asked for in words')
    return { response_format: { type: 'json_object' } }
  }
  const { name = 'output', schema, strict = canBeStrict(schema) } = output
  // Messages are always strict, OpenAI's own wires only when they say so.
  if (shape === 'anthropic' && !strict) {
    warnings.changed(
      'output_config.format',
      'the model is not held to it strictly: an object is open, a property may be left out, or it has words that OpenAI refuses',
    )
  }
  return { response_format: { type: 'json_schema', json_schema: { name, schema, strict } } }
}

const maxUserId = 64

function userOf({ shape, content }: LanguageModelRequest, { quirks }: Target, warnings: Warnings): Json {
  const { userId } = content()
  if (userId === undefined) return {}
  if (quirks.geminiDialect === true) {
    warnings.dropped(shape === 'anthropic' ? 'metadata.user_id' : 'user', 'this provider has no field for it')
    return {}
  }
  // Claude Code's is about 150 characters long; the hash names the same user.
  const id = userId.length > maxUserId ? sha256Hex(userId) : userId
  return quirks.safetyIdentifier === true ? { safety_identifier: id } : { user: id }
}

function tierOf({ serviceTier }: RequestContent): Json {
  if (serviceTier === undefined || serviceTier === 'auto') return {}
  return { service_tier: serviceTier === 'standard_only' ? 'default' : serviceTier }
}
