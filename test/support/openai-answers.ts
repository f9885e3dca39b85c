// The Chat Completions wire as the mock provider speaks it: reads a request into a Question, renders a plan as JSON or as frames.
import { piecesOf, tokensOf, type AnswerPlan, type PlannedPart, type Question } from './answer-plan.ts'
import { listOf, numberOf, objectOf, textOf, type JsonObject } from './json.ts'

export function openaiQuestion(body: JsonObject): Question {
  const messages = listOf(body['messages']).map(objectOf)
  const asking = messages.slice(messages.findLastIndex((message) => message['role'] === 'assistant') + 1)
  const parts = asking.filter((message) => message['role'] === 'user').flatMap((message) => partsOf(message['content']))
  const format = objectOf(body['response_format'])
  const maxTokens = numberOf(body['max_completion_tokens']) ?? numberOf(body['max_tokens'])
  const effort = textOf(body['reasoning_effort'])
  return {
    model: textOf(body['model']),
    stream: body['stream'] === true,
    lastUserText: parts
      .map((part) => textOf(part['text']))
      .join(' ')
      .trim(),
    promptChars: JSON.stringify(body['messages'] ?? []).length + JSON.stringify(body['tools'] ?? '').length,
    images: parts.filter((part) => part['type'] === 'image_url').length,
    tools: listOf(body['tools'])
      .map((tool) => objectOf(objectOf(tool)['function']))
      .map((tool) => ({ name: textOf(tool['name']), schema: objectOf(tool['parameters']) })),
    toolResults: asking
      .filter((message) => message['role'] === 'tool')
      .map(({ content }) =>
        partsOf(content)
          .map((part) => textOf(part['text']))
          .join(''),
      ),
    toolChoice: toolChoiceOf(body),
    thinks: effort !== '' && effort !== 'none' && effort !== 'minimal',
    // OpenAI caches without being asked.
    marksCache: true,
    ...(format['type'] === 'json_schema' ? { schema: objectOf(objectOf(format['json_schema'])['schema']) } : {}),
    ...(maxTokens === undefined ? {} : { maxTokens }),
  }
}

function partsOf(content: unknown): readonly JsonObject[] {
  return typeof content === 'string' ? [{ type: 'text', text: content }] : listOf(content).map(objectOf)
}

function toolChoiceOf(body: JsonObject): Question['toolChoice'] {
  const choice = body['tool_choice']
  if (choice === 'none') return 'none'
  const name = textOf(objectOf(objectOf(choice)['function'])['name'])
  if (name !== '') return { name }
  return body['parallel_tool_calls'] === false ? 'one' : 'many'
}

const finishReasons = { end: 'stop', tool: 'tool_calls', length: 'length', refusal: 'content_filter' } as const

export function openaiJson(id: string, model: string, plan: AnswerPlan): JsonObject {
  const calls = plan.parts.filter((part) => part.type === 'tool')
  const text = joined(plan.parts, 'text')
  const reasoning = joined(plan.parts, 'thinking')
  const message = {
    role: 'assistant',
    content: text === '' ? null : text,
    refusal: null,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(toolCall) }),
  }
  const choice = { index: 0, message, logprobs: null, finish_reason: finishReasons[plan.stop] }
  return { ...head(id, model, 'chat.completion'), choices: [choice], usage: usageOf(plan) }
}

/** One string per frame. `includeUsage` as the request's `stream_options` say: `usage: null` on all chunks but the last. */
export function openaiFrames(id: string, model: string, plan: AnswerPlan, includeUsage: boolean): readonly string[] {
  const chunk = (choices: readonly JsonObject[], usage: JsonObject | null = null): string =>
    data({ ...head(id, model, 'chat.completion.chunk'), choices, ...(includeUsage ? { usage } : {}) })
  const delta = (content: JsonObject, finish: string | null = null): string =>
    chunk([{ index: 0, delta: content, logprobs: null, finish_reason: finish }])
  return [
    delta({ role: 'assistant', content: '', refusal: null }),
    ...deltasOf(plan.parts).map((content) => delta(content)),
    delta({}, finishReasons[plan.stop]),
    ...(includeUsage ? [chunk([], usageOf(plan))] : []),
    'data: [DONE]\n\n',
  ]
}

export function openaiError(type: string, message: string, code: string | null): JsonObject {
  return { error: { message, type, param: null, code } }
}

export function openaiErrorFrame(type: string, message: string, code: string | null): string {
  return data(openaiError(type, message, code))
}

/** Answer of `/v1/embeddings`: the same small vector for every input, as base64 when asked (the SDK does). */
export function openaiEmbeddings(body: JsonObject): JsonObject {
  const inputs = Array.isArray(body['input']) ? body['input'] : [body['input']]
  const vector = [0.25, -0.5, 0.125]
  const asked = Buffer.from(Float32Array.from(vector).buffer).toString('base64')
  const embedding = body['encoding_format'] === 'base64' ? asked : vector
  const tokens = tokensOf(JSON.stringify(inputs).length)
  const list = inputs.map((_, index) => ({ object: 'embedding', index, embedding }))
  return { object: 'list', data: list, model: textOf(body['model']), usage: { prompt_tokens: tokens, total_tokens: tokens } }
}

function data(value: JsonObject): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

function head(id: string, model: string, object: string): JsonObject {
  return { id: `chatcmpl-${id}`, object, created: 1_795_000_000, model, service_tier: 'default', system_fingerprint: 'fp_mock' }
}

function joined(parts: readonly PlannedPart[], type: 'text' | 'thinking'): string {
  return parts.map((part) => (part.type === type ? part.text : '')).join('')
}

function toolCall(part: Extract<PlannedPart, { type: 'tool' }>): JsonObject {
  return { id: `call_${part.id}`, type: 'function', function: { name: part.name, arguments: part.args } }
}

/** Parallel calls one after the other; id and name stand only in the first delta of each. */
function deltasOf(parts: readonly PlannedPart[]): readonly JsonObject[] {
  let nextCall = 0
  return parts.flatMap((part): readonly JsonObject[] => {
    switch (part.type) {
      case 'thinking':
        return piecesOf(part.text).map((text) => ({ reasoning_content: text }))
      case 'text':
        return piecesOf(part.text).map((text) => ({ content: text }))
      case 'tool': {
        const index = nextCall++
        const first = { index, id: `call_${part.id}`, type: 'function', function: { name: part.name, arguments: '' } }
        const rest = piecesOf(part.args).map((text) => ({ index, function: { arguments: text } }))
        return [first, ...rest].map((call) => ({ tool_calls: [call] }))
      }
    }
  })
}

/** `prompt_tokens` includes what was cached and written. */
function usageOf({ usage }: AnswerPlan): JsonObject {
  const prompt = usage.inputUncached + usage.cacheRead + usage.cacheWrite5m
  return {
    prompt_tokens: prompt,
    completion_tokens: usage.output,
    total_tokens: prompt + usage.output,
    prompt_tokens_details: { cached_tokens: usage.cacheRead, cache_write_tokens: usage.cacheWrite5m, audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoning, audio_tokens: 0, accepted_prediction_tokens: 0 },
  }
}
