// The Responses wire as the mock provider speaks it: reads a request into a Question, renders a plan as JSON or as frames.
import { piecesOf, type AnswerPlan, type PlannedPart, type Question } from './answer-plan.ts'
import { listOf, numberOf, objectOf, textOf, type JsonObject } from './json.ts'

export function responsesQuestion(body: JsonObject): Question {
  const { input } = body
  const items = typeof input === 'string' ? [{ role: 'user', content: input }] : listOf(input).map(objectOf)
  const isModels = (item: JsonObject): boolean => item['role'] === 'assistant' || item['type'] === 'function_call'
  const asking = items.slice(items.findLastIndex(isModels) + 1)
  const parts = asking.filter((item) => item['role'] === 'user').flatMap((item) => partsOf(item['content']))
  const format = objectOf(objectOf(body['text'])['format'])
  const effort = textOf(objectOf(body['reasoning'])['effort'])
  const maxTokens = numberOf(body['max_output_tokens'])
  return {
    model: textOf(body['model']),
    stream: body['stream'] === true,
    lastUserText: parts
      .map((part) => textOf(part['text']))
      .join(' ')
      .trim(),
    promptChars: JSON.stringify(input ?? '').length + JSON.stringify(body['tools'] ?? '').length,
    images: parts.filter((part) => part['type'] === 'input_image').length,
    tools: listOf(body['tools'])
      .map(objectOf)
      .filter((tool) => tool['type'] === 'function')
      .map((tool) => ({ name: textOf(tool['name']), schema: objectOf(tool['parameters']) })),
    toolResults: asking.filter((item) => item['type'] === 'function_call_output').map((item) => textOf(item['output'])),
    toolChoice: toolChoiceOf(body),
    thinks: effort !== '' && effort !== 'none' && effort !== 'minimal',
    marksCache: true,
    ...(format['type'] === 'json_schema' ? { schema: objectOf(format['schema']) } : {}),
    ...(maxTokens === undefined ? {} : { maxTokens }),
  }
}

function partsOf(content: unknown): readonly JsonObject[] {
  return typeof content === 'string' ? [{ type: 'input_text', text: content }] : listOf(content).map(objectOf)
}

function toolChoiceOf(body: JsonObject): Question['toolChoice'] {
  const choice = body['tool_choice']
  if (choice === 'none') return 'none'
  const name = textOf(objectOf(choice)['name'])
  if (name !== '') return { name }
  return body['parallel_tool_calls'] === false ? 'one' : 'many'
}

export function responsesJson(id: string, model: string, plan: AnswerPlan): JsonObject {
  return answerOf(id, model, plan, plan.parts.map(itemOf))
}

/** One string per frame, numbered. */
export function responsesFrames(id: string, model: string, plan: AnswerPlan): readonly string[] {
  const running = { ...answerOf(id, model, plan, []), status: 'in_progress', usage: null, incomplete_details: null }
  const whole = responsesJson(id, model, plan)
  const events: readonly JsonObject[] = [
    { type: 'response.created', response: running },
    { type: 'response.in_progress', response: running },
    ...plan.parts.flatMap(eventsOf),
    { type: `response.${textOf(whole['status'])}`, response: whole },
  ]
  return events.map((event, sequence_number) => frame({ ...event, sequence_number }))
}

export function responsesErrorFrame(code: string, message: string): string {
  return frame({ type: 'error', code, message, param: null, sequence_number: 99 })
}

function frame(event: JsonObject): string {
  return `event: ${textOf(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`
}

function answerOf(id: string, model: string, { stop, usage }: AnswerPlan, output: readonly JsonObject[]): JsonObject {
  const input = usage.inputUncached + usage.cacheRead + usage.cacheWrite5m
  const reason = stop === 'length' ? 'max_output_tokens' : stop === 'refusal' ? 'content_filter' : null
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: 1_795_000_000,
    status: reason === null ? 'completed' : 'incomplete',
    error: null,
    incomplete_details: reason === null ? null : { reason },
    model,
    output,
    service_tier: 'default',
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: usage.cacheRead, cache_write_tokens: usage.cacheWrite5m },
      output_tokens: usage.output,
      output_tokens_details: { reasoning_tokens: usage.reasoning },
      total_tokens: input + usage.output,
    },
  }
}

function itemOf(part: PlannedPart, index: number): JsonObject {
  switch (part.type) {
    case 'thinking': {
      const summary = [{ type: 'summary_text', text: part.text }]
      return { id: `rs_${index}`, type: 'reasoning', summary, encrypted_content: part.signature }
    }
    case 'text': {
      const content = [{ type: 'output_text', text: part.text, annotations: [], logprobs: [] }]
      return { id: `msg_${index}`, type: 'message', status: 'completed', role: 'assistant', content }
    }
    case 'tool': {
      const call = { call_id: `call_${part.id}`, name: part.name, arguments: part.args }
      return { id: `fc_${index}`, type: 'function_call', status: 'completed', ...call }
    }
  }
}

function eventsOf(part: PlannedPart, output_index: number): readonly JsonObject[] {
  const item = itemOf(part, output_index)
  const at = { output_index, item_id: item['id'] }
  const around = (empty: JsonObject, inner: readonly JsonObject[]): readonly JsonObject[] => [
    { type: 'response.output_item.added', output_index, item: { ...item, status: 'in_progress', ...empty } },
    ...inner.map((event) => Object.assign({}, at, event)),
    { type: 'response.output_item.done', output_index, item },
  ]
  switch (part.type) {
    case 'thinking': {
      const place = { summary_index: 0 }
      const deltas = piecesOf(part.text).map((delta) => ({
        type: 'response.reasoning_summary_text.delta',
        summary_index: 0,
        delta,
      }))
      const block = (text: string) => ({ ...place, part: { type: 'summary_text', text } })
      return around({ summary: [] }, [
        { type: 'response.reasoning_summary_part.added', ...block('') },
        ...deltas,
        { type: 'response.reasoning_summary_text.done', ...place, text: part.text },
        { type: 'response.reasoning_summary_part.done', ...block(part.text) },
      ])
    }
    case 'text': {
      const place = { content_index: 0 }
      const block = (text: string) => ({ ...place, part: { type: 'output_text', text, annotations: [], logprobs: [] } })
      const delta = (text: string) => ({ type: 'response.output_text.delta', content_index: 0, delta: text, logprobs: [] })
      const deltas = piecesOf(part.text).map(delta)
      return around({ content: [] }, [
        { type: 'response.content_part.added', ...block('') },
        ...deltas,
        { type: 'response.output_text.done', ...place, text: part.text, logprobs: [] },
        { type: 'response.content_part.done', ...block(part.text) },
      ])
    }
    case 'tool':
      return around({ arguments: '' }, [
        ...piecesOf(part.args).map((delta) => ({ type: 'response.function_call_arguments.delta', delta })),
        { type: 'response.function_call_arguments.done', name: part.name, arguments: part.args },
      ])
  }
}
