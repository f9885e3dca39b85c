// What a Messages provider answers, whole or frame by frame, read loosely: a field of tomorrow must not break today's answer.
import * as z from 'zod'
import { anything, given, listOf, number, objectOf, quickSchema, text } from '../quick-schema.ts'

const count = z.number().nullish().catch(undefined)
const word = z.string().nullish().catch(undefined)

/** Running totals: a later frame overwrites, except where it says null. */
export const usageSchema = z.looseObject({
  input_tokens: count,
  output_tokens: count,
  cache_read_input_tokens: count,
  cache_creation_input_tokens: count,
  cache_creation: z
    .looseObject({ ephemeral_5m_input_tokens: count, ephemeral_1h_input_tokens: count })
    .nullish()
    .catch(undefined),
  output_tokens_details: z.looseObject({ thinking_tokens: count }).nullish().catch(undefined),
  server_tool_use: z.looseObject({ web_search_requests: count, web_fetch_requests: count }).nullish().catch(undefined),
  service_tier: word,
  inference_geo: word,
  speed: word,
})
export type WireUsage = z.infer<typeof usageSchema>

const blockSchema = z.looseObject({
  type: z.string(),
  text: word,
  citations: z.array(z.unknown()).nullish().catch(undefined),
  thinking: word,
  signature: word,
  data: word,
  id: word,
  name: word,
  input: z.unknown().optional(),
})
export type WireBlock = z.infer<typeof blockSchema>

const stopFields = {
  stop_reason: word,
  stop_sequence: word,
  stop_details: z.looseObject({ explanation: word }).nullish().catch(undefined),
}
export type WireStop = { readonly [K in keyof typeof stopFields]?: z.infer<(typeof stopFields)[K]> }

const usageLook = objectOf({
  input_tokens: number,
  output_tokens: number,
  cache_read_input_tokens: number,
  cache_creation_input_tokens: number,
  cache_creation: objectOf({ ephemeral_5m_input_tokens: number, ephemeral_1h_input_tokens: number }),
  output_tokens_details: objectOf({ thinking_tokens: number }),
  server_tool_use: objectOf({ web_search_requests: number, web_fetch_requests: number }),
  service_tier: text,
  inference_geo: text,
  speed: text,
})
const blockLook = given(
  objectOf({
    type: given(text),
    text,
    citations: listOf(anything),
    thinking: text,
    signature: text,
    data: text,
    id: text,
    name: text,
  }),
)
const stopLooks = { stop_reason: text, stop_sequence: text, stop_details: objectOf({ explanation: text }) }

const wholeAnswerSchema = z.looseObject({
  type: z.literal('message').nullish(),
  id: word,
  model: word,
  content: z.array(blockSchema),
  usage: usageSchema.nullish(),
  ...stopFields,
})
export type WireAnswer = z.infer<typeof wholeAnswerSchema>
export const answerSchema = quickSchema<WireAnswer>(
  wholeAnswerSchema,
  given(
    objectOf({
      type: (value) => value === 'message',
      id: text,
      model: text,
      content: given(listOf(blockLook)),
      usage: usageLook,
      ...stopLooks,
    }),
  ),
)

export const messageStartSchema = z.looseObject({
  message: z.looseObject({ id: word, model: word, usage: usageSchema.nullish() }),
})

const wholeBlockStartSchema = z.looseObject({ index: z.number(), content_block: blockSchema })
export const blockStartSchema = quickSchema<z.infer<typeof wholeBlockStartSchema>>(
  wholeBlockStartSchema,
  given(objectOf({ index: given(number), content_block: blockLook })),
)

const wholeBlockDeltaSchema = z.looseObject({
  index: z.number(),
  delta: z.looseObject({
    type: z.string(),
    text: word,
    thinking: word,
    partial_json: word,
    signature: word,
    citation: z.unknown().optional(),
  }),
})
const deltaLook = given(objectOf({ type: given(text), text, thinking: text, partial_json: text, signature: text }))
export const blockDeltaSchema = quickSchema<z.infer<typeof wholeBlockDeltaSchema>>(
  wholeBlockDeltaSchema,
  given(objectOf({ index: given(number), delta: deltaLook })),
)

export const blockStopSchema = z.looseObject({ index: z.number() })
export const messageDeltaSchema = z.looseObject({
  delta: z.looseObject(stopFields).nullish(),
  usage: usageSchema.nullish(),
})

/** A citation that an OpenAI-shaped client can be shown: the others point into the request. */
export const webCitationSchema = z.looseObject({
  type: z.literal('web_search_result_location'),
  url: z.string(),
  title: word,
})
