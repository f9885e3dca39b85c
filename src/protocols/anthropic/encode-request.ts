// A request to a Messages provider: spliced when the client speaks this wire too, else rendered from the IR
// (translation.md §2, column O->A).
import type { ModelCapabilities } from '../../catalog/capabilities.ts'
import { unsupportedEndpoint } from '../../ir/errors.ts'
import type { JsonSchema, LanguageModelRequest, RequestContent, TextPart } from '../../ir/request.ts'
import { shortHash } from '../../lib/identifiers.ts'
import type { EncodedRequest, Target } from '../protocol.ts'
import { isObject } from '../wire.ts'
import { encodeMessages, type EncodedMessages, type WireMessage } from './encode-messages.ts'
import { cacheControlOf, type Block } from './encode-parts.ts'
import { reasoningFieldsOf, samplingOf, thinkingBudgetOf } from './encode-reasoning.ts'
import { toolFieldsOf, type WireTool } from './encode-tools.ts'
import { defaultVersion, encodeSameShape } from './same-shape.ts'
import { outputLimitOf } from '../output-limit.ts'
import { strictSchemaOf } from './strict-schema.ts'
import { createToolNames } from '../tool-names.ts'
import { createWarnings, type Warnings } from '../warnings.ts'

const maxToolName = 128

export function encodeRequest(request: LanguageModelRequest, target: Target): EncodedRequest {
  if (request.endpoint !== undefined) throw unsupportedEndpoint(request.endpoint)
  if (request.shape === 'anthropic') return encodeSameShape(request, target)
  const { capabilities } = target
  const content = request.content()
  const warnings = createWarnings(request.shape)
  const names = createToolNames(maxToolName)
  const tools = toolFieldsOf(content, capabilities, names, warnings)
  const { system, messages } = instructionsOf(content, capabilities, warnings)
  const encoded = encodeMessages(messages, { warnings, names, prefill: capabilities.prefill })
  const obstacle = obstacleOf(tools.forced, encoded)
  const budget = obstacle.obstacle === undefined ? thinkingBudgetOf(content.reasoning, capabilities) : 0
  const maxTokens = outputLimitOf(content, capabilities, warnings) ?? defaultMaxTokens(request.stream, budget, capabilities)
  const reasoning = reasoningFieldsOf(content.reasoning, { capabilities, maxTokens, ...obstacle }, warnings)
  const systemBlocks = system.map((part) => systemBlockOf(part, warnings))
  limitBreakpoints(tools.tools, systemBlocks, encoded.messages, warnings)
  const body = {
    model: target.model,
    max_tokens: maxTokens,
    ...(systemBlocks.length === 0 ? {} : { system: systemBlocks }),
    messages: encoded.messages,
    ...(tools.tools.length === 0 ? {} : { tools: tools.tools }),
    ...(tools.toolChoice === undefined ? {} : { tool_choice: tools.toolChoice }),
    ...stopOf(content.stop, capabilities, warnings),
    ...samplingOf(content, capabilities, reasoning.thinks, warnings),
    ...(reasoning.thinking === undefined ? {} : { thinking: reasoning.thinking }),
    ...outputConfigOf(content, capabilities, reasoning.effort, warnings),
    ...metadataOf(content.userId, warnings),
    ...tierOf(content.serviceTier, warnings),
    ...(request.stream ? { stream: true } : {}),
  }
  for (const [field, value] of Object.entries(content.unmapped)) {
    if (saysSomething(value)) warnings.dropped(field, 'Anthropic has no such parameter')
  }
  return {
    path: '/v1/messages',
    headers: { 'anthropic-version': defaultVersion },
    body: JSON.stringify(body),
    stream: request.stream,
    warnings: warnings.all,
    inboundShape: request.shape,
    toolNames: names.clientNames,
    hidesUsageChunk: false,
    ...(tools.answerTool === undefined ? {} : { answerTool: tools.answerTool }),
  }
}

// The API insists on a limit, and counts thinking into it: a budget comes on top, or the answer would have no room. An
// unstreamed answer of more than some minutes is cut by proxies on the way.
function defaultMaxTokens(stream: boolean, thinkingBudget: number, capabilities: ModelCapabilities): number {
  return Math.min(capabilities.maxOutput ?? Infinity, (stream ? 32_000 : 8192) + thinkingBudget)
}

function instructionsOf(
  content: RequestContent,
  capabilities: ModelCapabilities,
  warnings: Warnings,
): Pick<RequestContent, 'system' | 'messages'> {
  const system: TextPart[] = content.system.filter(({ text }) => text.trim() !== '')
  const messages = content.messages.filter(({ role, parts, path }) => {
    if (role !== 'system' || capabilities.midConversationSystem) return true
    warnings.changed(path, 'this model takes instructions only before the conversation: moved there')
    system.push(...parts.filter((part) => part.type === 'text').filter(({ text }) => text.trim() !== ''))
    return false
  })
  if (content.output?.type === 'jsonObject') {
    warnings.changed('response_format', 'Anthropic has no JSON mode: the model is told to answer with one JSON object')
    system.push({ type: 'text', text: 'Answer with one JSON object and nothing else.' })
  }
  return { system, messages }
}

function systemBlockOf({ text, cache }: TextPart, warnings: Warnings): Block {
  return { type: 'text', text, ...cacheControlOf(cache, 'system', { warnings }) }
}

function obstacleOf(forced: boolean, { lastToolTurnUnsigned, isPrefilled }: EncodedMessages): { obstacle?: string } {
  if (forced) return { obstacle: 'a forced tool call cannot go with thinking' }
  if (lastToolTurnUnsigned) return { obstacle: 'the last tool call came without its signed thinking' }
  if (isPrefilled) return { obstacle: 'an assistant message to continue cannot go with thinking' }
  return {}
}

function stopOf(
  stop: readonly string[],
  capabilities: ModelCapabilities,
  warnings: Warnings,
): { stop_sequences?: readonly string[] } {
  if (stop.length === 0) return {}
  if (!capabilities.stopSequences) {
    warnings.dropped('stop', 'this model takes no stop sequences')
    return {}
  }
  const kept = stop.filter((sequence) => sequence.trim() !== '')
  if (kept.length < stop.length) warnings.dropped('stop', 'Anthropic refuses stop sequences of white space')
  return kept.length === 0 ? {} : { stop_sequences: kept }
}

function outputConfigOf(
  content: RequestContent,
  capabilities: ModelCapabilities,
  effort: string | undefined,
  warnings: Warnings,
): Record<string, unknown> {
  const { output } = content
  const format =
    output?.type === 'jsonSchema' && capabilities.structuredOutput ? { format: jsonFormatOf(output.schema, warnings) } : {}
  const config = { ...format, ...(effort === undefined ? {} : { effort }) }
  return Object.keys(config).length === 0 ? {} : { output_config: config }
}

function jsonFormatOf(given: JsonSchema, warnings: Warnings): Record<string, unknown> {
  const { schema, changed } = strictSchemaOf(given)
  if (changed)
    warnings.changed('response_format', 'its objects were closed, and what the model cannot be held to it is told in words')
  return { type: 'json_schema', schema }
}

const maxUserIdLength = 256

function metadataOf(userId: string | undefined, warnings: Warnings): Record<string, unknown> {
  if (userId === undefined || userId === '') return {}
  if (userId.length <= maxUserIdLength) return { metadata: { user_id: userId } }
  warnings.changed('user', `Anthropic takes at most ${maxUserIdLength} characters: shortened with a hash`)
  return { metadata: { user_id: `${userId.slice(0, maxUserIdLength - 9)}_${shortHash(userId)}` } }
}

function tierOf(tier: RequestContent['serviceTier'], warnings: Warnings): Record<string, unknown> {
  // Anthropic's `auto` is "priority where we have it": the opposite of OpenAI's, which is the default.
  if (tier === 'priority') return { service_tier: 'auto' }
  if (tier === 'standard_only') return { service_tier: tier }
  if (tier === 'flex') warnings.dropped('service_tier', 'Anthropic has no flex tier')
  return {}
}

const maxBreakpoints = 4

// The last ones cover the longest prefixes, and a prefix holds all shorter ones.
function limitBreakpoints(
  tools: readonly WireTool[],
  system: readonly Block[],
  messages: readonly WireMessage[],
  warnings: Warnings,
): void {
  const blocks: readonly Record<string, unknown>[] = [
    ...tools,
    ...system,
    ...messages.flatMap(({ content }) => content.flatMap((block) => [...innerBlocksOf(block), block])),
  ]
  const marked = blocks.filter((block) => block['cache_control'] !== undefined)
  if (marked.length <= maxBreakpoints) return
  for (const block of marked.slice(0, -maxBreakpoints)) delete block['cache_control']
  warnings.dropped('cache_control', `Anthropic takes at most ${maxBreakpoints} breakpoints: the last ones were kept`)
}

function innerBlocksOf(block: Block): readonly Record<string, unknown>[] {
  return block.type === 'tool_result' && Array.isArray(block['content']) ? block['content'].filter(isObject) : []
}

/** False, 0, null and the like are another wire's way of saying nothing. */
function saysSomething(value: unknown): boolean {
  return value !== null && value !== undefined && value !== false && value !== 0 && value !== ''
}
