// The demo's OpenAI wire: Chat Completions requests in, answers and chunk streams out, as the vendor frames them.
import * as z from 'zod'
import { encodeSse } from '../../lib/sse.ts'
import type { DemoAnswer, DemoAsk } from './script.ts'

const part = z.looseObject({ type: z.string(), text: z.string().optional().catch(undefined) })
const content = z
  .union([z.string(), z.array(part)])
  .nullish()
  .catch(undefined)
const requestBody = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content })).catch([]),
  stream: z.boolean().nullish().catch(undefined),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).nullish().catch(undefined),
  max_tokens: z.number().nullish().catch(undefined),
  max_completion_tokens: z.number().nullish().catch(undefined),
  tools: z
    .array(
      z.looseObject({
        type: z.string(),
        function: z.looseObject({ name: z.string(), parameters: z.unknown().optional() }).optional(),
      }),
    )
    .nullish()
    .catch(undefined),
  tool_choice: z
    .union([z.string(), z.looseObject({ function: z.looseObject({ name: z.string() }).optional() })])
    .nullish()
    .catch(undefined),
  parallel_tool_calls: z.boolean().nullish().catch(undefined),
  reasoning_effort: z.string().nullish().catch(undefined),
  response_format: z
    .looseObject({ type: z.string(), json_schema: z.looseObject({ schema: z.unknown().optional() }).optional() })
    .nullish()
    .catch(undefined),
})

export interface OpenAiAsk extends DemoAsk {
  readonly includeUsage: boolean
}

/** @throws ZodError for what is no Chat Completions request */
export function readOpenAi(text: string): OpenAiAsk {
  const body = requestBody.parse(JSON.parse(text))
  const last = body.messages.at(-1)
  const lastCharacters = JSON.stringify(last?.content ?? '').length
  const user = body.messages.findLast(({ role }) => role === 'user')
  const schema = answerSchemaOf(body.response_format)
  return {
    model: body.model,
    prompt: textOf(user?.content),
    earlierCharacters: Math.max(0, JSON.stringify([body.tools ?? [], body.messages]).length - lastCharacters),
    lastCharacters,
    hasResults: last?.role === 'tool',
    isLater: body.messages.some(({ role }) => role === 'assistant'),
    cache: 'automatic',
    tools: (body.tools ?? []).flatMap(({ function: tool }) =>
      tool === undefined ? [] : [{ name: tool.name, schema: tool.parameters ?? {} }],
    ),
    toolUse: toolUseOf(body.tool_choice),
    parallel: body.parallel_tool_calls !== false,
    thinks: typeof body.reasoning_effort === 'string' && body.reasoning_effort !== 'none',
    ...(schema === undefined ? {} : { answerSchema: schema }),
    maxTokens: body.max_completion_tokens ?? body.max_tokens ?? 4096,
    stream: body.stream === true,
    includeUsage: body.stream_options?.include_usage === true,
  }
}

function textOf(value: z.infer<typeof content>): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : value.map(({ text }) => text ?? '').join(' ')
}

function toolUseOf(choice: z.infer<typeof requestBody>['tool_choice']): DemoAsk['toolUse'] {
  if (choice === 'none') return 'forbidden'
  if (typeof choice !== 'object' || choice === null || choice.function === undefined) return 'auto'
  return { only: choice.function.name }
}

function answerSchemaOf(format: z.infer<typeof requestBody>['response_format']): unknown {
  if (format?.type === 'json_object') return { type: 'object', properties: { answer: { type: 'string' } } }
  return format?.json_schema?.schema
}

const finishReasons = { end: 'stop', length: 'length', toolUse: 'tool_calls' } as const

export function printOpenAi(ask: DemoAsk, answer: DemoAnswer, createdS: number): string {
  const message = {
    role: 'assistant',
    content: answer.text === '' ? null : answer.text,
    refusal: null,
    ...(answer.thinking === '' ? {} : { reasoning_content: answer.thinking }),
    ...(answer.calls.length === 0 ? {} : { tool_calls: answer.calls.map(callOf) }),
  }
  const choices = [{ index: 0, message, logprobs: null, finish_reason: finishReasons[answer.stop] }]
  return JSON.stringify({ ...head(ask, answer, createdS), object: 'chat.completion', choices, usage: usageOf(answer) })
}

/** One frame an item; `pieces` cuts text as a model would write it. */
export function* streamOpenAi(
  ask: OpenAiAsk,
  answer: DemoAnswer,
  createdS: number,
  pieces: (text: string) => readonly string[],
): Generator<string> {
  const common = { ...head(ask, answer, createdS), object: 'chat.completion.chunk' }
  const chunk = (choices: readonly unknown[], usage: unknown = null): string =>
    encodeSse(null, JSON.stringify({ ...common, choices, ...(ask.includeUsage ? { usage } : {}) }))
  const delta = (fields: unknown, finish: string | null = null): string =>
    chunk([{ index: 0, delta: fields, logprobs: null, finish_reason: finish }])

  yield delta({ role: 'assistant', content: '', refusal: null })
  for (const piece of pieces(answer.thinking)) yield delta({ reasoning_content: piece })
  for (const piece of pieces(answer.text)) yield delta({ content: piece })
  for (const [index, call] of answer.calls.entries()) {
    const { function: named, ...rest } = callOf(call)
    yield delta({ tool_calls: [{ index, ...rest, function: { ...named, arguments: '' } }] })
    for (const piece of pieces(call.argsText)) yield delta({ tool_calls: [{ index, function: { arguments: piece } }] })
  }
  yield delta({}, finishReasons[answer.stop])
  if (ask.includeUsage) yield chunk([], usageOf(answer))
  yield encodeSse(null, '[DONE]')
}

export function errorOpenAi(status: number, message: string): string {
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'server_error' : 'invalid_request_error'
  return JSON.stringify({ error: { message, type, param: null, code: status === 429 ? 'rate_limit_exceeded' : null } })
}

function head(ask: DemoAsk, answer: DemoAnswer, createdS: number): Record<string, unknown> {
  return { id: `chatcmpl-demo${answer.seed}`, created: createdS, model: ask.model, service_tier: 'default' }
}

function callOf({ id, name, argsText }: DemoAnswer['calls'][number]) {
  return { id: `call_${id}`, type: 'function', function: { name, arguments: argsText } }
}

/** `prompt_tokens` holds the cached ones too. */
function usageOf({ tokens }: DemoAnswer): Record<string, unknown> {
  const prompt = tokens.uncached + tokens.cacheRead + tokens.cacheWrite
  return {
    prompt_tokens: prompt,
    completion_tokens: tokens.output,
    total_tokens: prompt + tokens.output,
    prompt_tokens_details: { cached_tokens: tokens.cacheRead, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: tokens.thinking, audio_tokens: 0 },
  }
}
