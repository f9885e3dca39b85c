// What a Messages provider answers, whole or frame by frame, read loosely: a field of tomorrow must not break today's answer.
import * as z from 'zod'

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

export const answerSchema = z.looseObject({
  type: z.literal('message').nullish(),
  id: word,
  model: word,
  content: z.array(blockSchema),
  usage: usageSchema.nullish(),
  ...stopFields,
})

export const messageStartSchema = z.looseObject({
  message: z.looseObject({ id: word, model: word, usage: usageSchema.nullish() }),
})
export const blockStartSchema = z.looseObject({ index: z.number(), content_block: blockSchema })
export const blockDeltaSchema = z.looseObject({
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
