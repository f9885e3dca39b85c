// What we read of Chat Completions bodies, loosely: unknown keys are kept or ignored, null is absent. Field names and
// shapes are those of openai 6.49; the others are named where they stand.
import * as z from 'zod'
import { absent, given, listOf, number, objectOf, quickSchema, text } from '../quick-schema.ts'

/** All that is read of every request; the rest is the provider's business (reliability.md §4). */
export const envelopeSchema = z.looseObject({
  model: z.string().optional(),
  stream: z.boolean().nullish(),
})

// Beside what was said nothing is worth losing an answer for: a field of another form is a field not told.
const count = z.number().nullish().catch(undefined)
const word = z.string().nullish().catch(undefined)

export const usageSchema = z.looseObject({
  prompt_tokens: count,
  completion_tokens: count,
  total_tokens: count,
  prompt_tokens_details: z
    .looseObject({ cached_tokens: count, cache_write_tokens: count, audio_tokens: count })
    .nullish()
    .catch(undefined),
  completion_tokens_details: z.looseObject({ reasoning_tokens: count, audio_tokens: count }).nullish().catch(undefined),
  /** DeepSeek */
  prompt_cache_hit_tokens: count,
  /** Moonshot */
  cached_tokens: count,
  /** OpenRouter, USD */
  cost: count,
  server_tool_use: z.looseObject({ web_search_requests: count }).nullish().catch(undefined),
})
export type WireUsage = z.infer<typeof usageSchema>

const functionCallSchema = z.looseObject({
  name: z.string().nullish(),
  /** Text; some compatible servers send the object itself. */
  arguments: z.union([z.string(), z.record(z.string(), z.unknown()).transform((args) => JSON.stringify(args))]).nullish(),
})

/** A tool that takes text: what Cursor and Codex call their grammars. */
const customCallSchema = z.looseObject({ name: z.string().nullish(), input: z.string().nullish() })

const annotationSchema = z.looseObject({
  url_citation: z.looseObject({ url: z.string(), title: z.string().nullish() }).nullish(),
})

const textBlock = z.looseObject({ text: z.string().nullish() })
/** What Mistral's models answer with when they think. */
const contentBlock = textBlock.extend({ thinking: z.array(textBlock).nullish().catch(undefined) })

/** A delta of a stream and the message of a whole answer: the same fields, but for `index`. */
const messageSchema = z.looseObject({
  content: z.union([z.string(), z.array(contentBlock)]).nullish(),
  refusal: z.string().nullish(),
  /** DeepSeek, Moonshot, Qwen, vLLM */
  reasoning_content: word,
  /** OpenRouter, Groq, Ollama */
  reasoning: word,
  annotations: z.array(annotationSchema).nullish().catch(undefined),
  tool_calls: z
    .array(
      z
        .looseObject({
          index: z.number().nullish(),
          id: z.string().nullish(),
          function: functionCallSchema.nullish(),
          custom: customCallSchema.nullish(),
        })
        // Read like any other call from here on; that it is text and no JSON is told by `custom`.
        .transform((call) =>
          call.custom ? { ...call, function: { name: call.custom.name, arguments: call.custom.input } } : call,
        ),
    )
    .nullish(),
  function_call: functionCallSchema.nullish(),
})
export type WireMessage = z.infer<typeof messageSchema>
export type WireToolCall = NonNullable<WireMessage['tool_calls']>[number]

const choiceSchema = z.looseObject({ index: z.number().nullish(), finish_reason: z.string().nullish() })

const usageLook = objectOf({
  prompt_tokens: number,
  completion_tokens: number,
  total_tokens: number,
  prompt_tokens_details: objectOf({ cached_tokens: number, cache_write_tokens: number, audio_tokens: number }),
  completion_tokens_details: objectOf({ reasoning_tokens: number, audio_tokens: number }),
  prompt_cache_hit_tokens: number,
  cached_tokens: number,
  cost: number,
  server_tool_use: objectOf({ web_search_requests: number }),
})
const messageLook = objectOf({
  content: text,
  refusal: text,
  reasoning_content: text,
  reasoning: text,
  annotations: absent,
  tool_calls: listOf(
    given(objectOf({ index: number, id: text, function: objectOf({ name: text, arguments: text }), custom: absent })),
  ),
  function_call: absent,
})
const choiceLooks = { index: number, finish_reason: text }

const wholeChunkSchema = z.looseObject({
  id: word,
  model: word,
  choices: z.array(choiceSchema.extend({ delta: messageSchema.nullish() })).nullish(),
  usage: usageSchema.nullish(),
  service_tier: word,
})
export type WireChunk = z.infer<typeof wholeChunkSchema>
export const chunkSchema = quickSchema<WireChunk>(
  wholeChunkSchema,
  given(
    objectOf({
      id: text,
      model: text,
      choices: listOf(given(objectOf({ ...choiceLooks, delta: messageLook }))),
      usage: usageLook,
      service_tier: text,
    }),
  ),
)

const wholeAnswerSchema = z.looseObject({
  id: word,
  model: word,
  choices: z.array(choiceSchema.extend({ message: messageSchema })).min(1),
  usage: usageSchema.nullish(),
  service_tier: word,
})
export type WireAnswer = z.infer<typeof wholeAnswerSchema>
const choicesLook = listOf(given(objectOf({ ...choiceLooks, message: given(messageLook) })))
export const answerSchema = quickSchema<WireAnswer>(
  wholeAnswerSchema,
  given(
    objectOf({
      id: text,
      model: text,
      choices: (value) => Array.isArray(value) && value.length > 0 && choicesLook(value),
      usage: usageLook,
      service_tier: text,
    }),
  ),
)
