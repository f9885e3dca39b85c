// A chat body to the IR, for a provider of another wire: the parameters. Rows of translation.md §2, column O->A.
import * as z from 'zod'
import { invalidValue } from '../../ir/errors.ts'
import type { OutputFormat, Reasoning, RequestContent } from '../../ir/request.ts'
import { toolChoiceOf, toolsOf } from './decode-tools.ts'
import { conversationOf } from './decode-messages.ts'
import { given, readWire } from '../wire.ts'

/**
 * @param paths where each message stands in the client's request, when that is not `messages[i]`
 * @throws GatewayError invalid_value naming the field
 */
export function contentOf(body: Record<string, unknown>, paths?: readonly string[]): RequestContent {
  const wire = readWire(bodySchema, body, '')
  if ((wire.n ?? 1) > 1) throw invalidValue('n', '`n` above 1 cannot be carried to this model: it gives one answer')
  if (wire.modalities?.includes('audio')) throw invalidValue('modalities', 'audio output cannot be carried to this model')
  if (wire.audio) throw invalidValue('audio', 'audio output cannot be carried to this model')
  if (wire.messages.length === 0) throw invalidValue('messages', '`messages` must not be empty')
  return {
    ...conversationOf(wire.messages, paths),
    tools: toolsOf(wire.tools, wire.functions),
    ...given('toolChoice', toolChoiceOf(wire.tool_choice ?? wire.function_call)),
    ...parallelOf(wire),
    ...given('maxOutputTokens', wire.max_completion_tokens ?? wire.max_tokens),
    stop: typeof wire.stop === 'string' ? [wire.stop] : (wire.stop ?? []),
    ...given('temperature', wire.temperature),
    ...given('topP', wire.top_p),
    ...given('topK', wire.top_k),
    ...given('reasoning', reasoningOf(wire)),
    ...given('output', outputOf(wire.response_format)),
    ...given('userId', wire.safety_identifier ?? wire.user),
    ...given('serviceTier', tiers.safeParse(wire.service_tier).data),
    unmapped: unmappedOf(body, wire),
  }
}

const efforts = z.enum(['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'])
const tiers = z.enum(['auto', 'default', 'priority', 'flex'])
const formats = z.enum(['text', 'json_object', 'json_schema'])
const object = z.record(z.string(), z.unknown())

const bodySchema = z.looseObject({
  messages: z.array(z.unknown()),
  n: z.number().nullish(),
  modalities: z.array(z.string()).nullish(),
  audio: z.unknown().optional(),
  tools: z.array(z.unknown()).nullish(),
  functions: z.array(z.unknown()).nullish(),
  tool_choice: z.unknown().optional(),
  function_call: z.unknown().optional(),
  parallel_tool_calls: z.boolean().nullish(),
  max_completion_tokens: z.number().nullish(),
  max_tokens: z.number().nullish(),
  stop: z.union([z.string(), z.array(z.string())]).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_k: z.number().nullish(),
  reasoning_effort: z.string().nullish(),
  /** OpenRouter, and Responses */
  reasoning: z
    .looseObject({ effort: z.string().nullish(), max_tokens: z.number().nullish(), enabled: z.boolean().nullish() })
    .nullish(),
  /** LiteLLM */
  thinking: z.looseObject({ type: z.string(), budget_tokens: z.number().nullish() }).nullish(),
  response_format: z
    .looseObject({
      type: z.string(),
      json_schema: z
        .looseObject({ name: z.string().nullish(), schema: object.nullish(), strict: z.boolean().nullish() })
        .nullish(),
    })
    .nullish(),
  safety_identifier: z.string().nullish(),
  user: z.string().nullish(),
  service_tier: z.string().nullish(),
})
type WireBody = z.infer<typeof bodySchema>

// Anthropic keeps the switch inside tool_choice; mixed bodies may bring it.
const anthropicChoice = z.looseObject({ disable_parallel_tool_use: z.boolean() })

function parallelOf(wire: WireBody): { parallelToolCalls?: boolean } {
  const choice = anthropicChoice.safeParse(wire.tool_choice)
  return given(
    'parallelToolCalls',
    wire.parallel_tool_calls ?? (choice.success ? !choice.data.disable_parallel_tool_use : undefined),
  )
}

function reasoningOf(wire: WireBody): Reasoning | undefined {
  const { thinking, reasoning } = wire
  const effort = efforts.safeParse(wire.reasoning_effort ?? reasoning?.effort).data
  const budgetTokens = thinking?.budget_tokens ?? reasoning?.max_tokens ?? undefined
  if (thinking?.type === 'disabled' || reasoning?.enabled === false || effort === 'none') return { mode: 'off' }
  if (budgetTokens !== undefined) return { mode: 'budget', budgetTokens, ...given('effort', effort) }
  if (effort !== undefined) return { mode: 'effort', effort }
  return thinking?.type === 'adaptive' || reasoning?.enabled === true ? { mode: 'auto' } : undefined
}

function outputOf(format: WireBody['response_format']): OutputFormat | undefined {
  if (format?.type === 'json_object') return { type: 'jsonObject' }
  if (format?.type !== 'json_schema') return undefined
  const { name, schema, strict } = format.json_schema ?? {}
  if (!schema) throw invalidValue('response_format.json_schema.schema', 'a JSON schema is needed')
  return { type: 'jsonSchema', schema, ...given('name', name), ...given('strict', strict) }
}

// What the IR has a place for, and what means nothing to another wire.
const placed = new Set([
  ...Object.keys(bodySchema.shape),
  'model',
  'stream',
  'stream_options',
  'prompt_cache_key',
  'prompt_cache_retention',
  'prompt_cache_options',
])

function unmappedOf(body: Record<string, unknown>, wire: WireBody): Readonly<Record<string, unknown>> {
  const saysSomething = ([field, value]: [string, unknown]): boolean =>
    value !== null && value !== false && value !== 0 && !placed.has(field)
  return { ...Object.fromEntries(Object.entries(body).filter(saysSomething)), ...wordsOfTomorrow(wire) }
}

// Dropped with a warning: a 400 would break the client over it.
function wordsOfTomorrow(wire: WireBody): Readonly<Record<string, unknown>> {
  const unknown = (schema: z.ZodType, word: unknown): unknown => (schema.nullish().safeParse(word).success ? undefined : word)
  return {
    ...given('service_tier', unknown(tiers, wire.service_tier)),
    ...given('reasoning_effort', unknown(efforts, wire.reasoning_effort)),
    ...given('reasoning.effort', unknown(efforts, wire.reasoning?.effort)),
    ...given('response_format', unknown(formats, wire.response_format?.type) === undefined ? undefined : wire.response_format),
  }
}
