// What a client sends in a Messages request, read loosely: unknown keys are kept, null means absent. Fields: @anthropic-ai/sdk
// 1.12.0, resources/messages/messages.d.ts.
import * as z from 'zod'

/** The only fields the gateway itself insists on; everything else is the provider's business. */
export const envelopeSchema = z.looseObject({
  model: z.string().optional(),
  stream: z.boolean().optional(),
  messages: z.array(z.unknown()),
})

const object = z.record(z.string(), z.unknown())

const cacheControl = z.looseObject({ ttl: z.enum(['5m', '1h']).nullish().catch(undefined) }).nullish()
const cacheable = { cache_control: cacheControl }
export type CacheControl = z.infer<typeof cacheControl>

export const systemSchema = z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]).nullish()

export const messageSchema = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]).nullish(),
})

export const textSchema = z.looseObject({ text: z.string(), ...cacheable })

const base64Source = z.looseObject({ type: z.literal('base64'), media_type: z.string(), data: z.string() })
const urlSource = z.looseObject({ type: z.literal('url'), url: z.string() })
const fileSource = z.looseObject({ type: z.literal('file'), file_id: z.string() })
const textSource = z.looseObject({ type: z.literal('text'), data: z.string(), media_type: z.string().nullish() })
const contentSource = z.looseObject({
  type: z.literal('content'),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]),
})

export const imageSchema = z.looseObject({
  source: z.discriminatedUnion('type', [base64Source, urlSource, fileSource]),
  ...cacheable,
})
export const documentSchema = z.looseObject({
  source: z.discriminatedUnion('type', [base64Source, urlSource, fileSource, textSource, contentSource]),
  title: z.string().nullish(),
  context: z.string().nullish(),
  ...cacheable,
})
export const thinkingSchema = z.looseObject({ thinking: z.string(), signature: z.string().nullish() })
export const redactedThinkingSchema = z.looseObject({ data: z.string() })
export const toolUseSchema = z.looseObject({ id: z.string(), name: z.string(), input: z.unknown().optional(), ...cacheable })
export const toolResultSchema = z.looseObject({
  tool_use_id: z.string(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]).nullish(),
  is_error: z.boolean().nullish(),
  ...cacheable,
})

export const toolReferenceSchema = z.looseObject({ tool_name: z.string() })

export const toolSchema = z.looseObject({
  type: z.string().nullish(),
  name: z.string().nullish(),
})
export const functionToolSchema = z.looseObject({
  name: z.string(),
  description: z.string().nullish(),
  input_schema: object.nullish(),
  strict: z.boolean().nullish(),
  ...cacheable,
})

const toolChoice = z.discriminatedUnion('type', [
  z.looseObject({ type: z.literal(['auto', 'any']), disable_parallel_tool_use: z.boolean().nullish() }),
  z.looseObject({ type: z.literal('none') }),
  z.looseObject({ type: z.literal('tool'), name: z.string(), disable_parallel_tool_use: z.boolean().nullish() }),
])
const jsonFormat = z.looseObject({ type: z.literal('json_schema'), schema: object })

/** Everything beside `system` and `messages` that the IR has a place for. */
export const parametersSchema = z.looseObject({
  max_tokens: z.number().nullish(),
  stop_sequences: z.array(z.string()).nullish(),
  temperature: z.number().nullish(),
  top_p: z.number().nullish(),
  top_k: z.number().nullish(),
  thinking: z.looseObject({ type: z.string(), budget_tokens: z.number().nullish() }).nullish(),
  output_config: z.looseObject({ effort: z.string().nullish(), format: jsonFormat.nullish() }).nullish(),
  /** The name that `output_config.format` had in its beta of 2025-11. */
  output_format: jsonFormat.nullish(),
  tools: z.array(z.unknown()).nullish(),
  tool_choice: toolChoice.nullish(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).nullish(),
  service_tier: z.string().nullish(),
  mcp_servers: z.array(z.unknown()).nullish(),
})
export const effortSchema = z.enum(['low', 'medium', 'high', 'xhigh', 'max'])
export const tierSchema = z.enum(['auto', 'standard_only'])

export type Parameters = z.infer<typeof parametersSchema>
export type WireToolChoice = z.infer<typeof toolChoice>
