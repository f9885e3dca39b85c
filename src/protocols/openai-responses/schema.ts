// What we read of Responses bodies and events, loosely: unknown keys are kept or ignored, null is absent. Names and shapes are
// those of openai 6.49.
import * as z from 'zod'

const count = z.number().nullish().catch(undefined)
const word = z.string().nullish().catch(undefined)

const usageSchema = z.looseObject({
  input_tokens: count,
  input_tokens_details: z.looseObject({ cached_tokens: count, cache_write_tokens: count }).nullish().catch(undefined),
  output_tokens: count,
  output_tokens_details: z.looseObject({ reasoning_tokens: count }).nullish().catch(undefined),
})
export type WireUsage = z.infer<typeof usageSchema>

const annotationSchema = z.looseObject({ type: word, url: word, title: word })

const textBlock = z.looseObject({
  type: word,
  text: word,
  refusal: word,
  annotations: z.array(annotationSchema).nullish().catch(undefined),
})

const itemSchema = z.looseObject({
  type: z.string(),
  call_id: word,
  name: word,
  arguments: word,
  input: word,
  content: z.array(textBlock).nullish().catch(undefined),
  summary: z.array(textBlock).nullish().catch(undefined),
  encrypted_content: word,
})
export type WireItem = z.infer<typeof itemSchema>

export const answerSchema = z.looseObject({
  object: z.literal('response').nullish(),
  id: word,
  model: word,
  status: word,
  incomplete_details: z.looseObject({ reason: word }).nullish().catch(undefined),
  output: z.array(itemSchema),
  usage: usageSchema.nullish().catch(undefined),
  service_tier: word,
})
export type WireAnswer = z.infer<typeof answerSchema>

export const startedSchema = z.looseObject({ response: z.looseObject({ id: word, model: word }) })
export const endedSchema = z.looseObject({ response: answerSchema })
export const itemEventSchema = z.looseObject({ output_index: z.number(), item: itemSchema })

/** Deltas, their `done` forms, and annotations: what is said of one place in one item. */
export const placeEventSchema = z.looseObject({
  output_index: z.number(),
  content_index: count,
  summary_index: count,
  delta: word,
  text: word,
  refusal: word,
  arguments: word,
  input: word,
  annotation: annotationSchema.nullish().catch(undefined),
})
export type WirePlace = z.infer<typeof placeEventSchema>
