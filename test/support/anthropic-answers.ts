// The Messages wire as the mock provider speaks it: reads a request into a Question, renders a plan as JSON or as frames.
import { piecesOf, tokensOf, type AnswerPlan, type PlannedPart, type Question } from './answer-plan.ts'
import { listOf, numberOf, objectOf, parseObject, textOf, type JsonObject } from './json.ts'

export function anthropicQuestion(body: JsonObject): Question {
  const messages = listOf(body['messages']).map(objectOf)
  const asking = lastTurn(messages)
  const images = asking.filter((block) => block['type'] === 'image')
  const choice = objectOf(body['tool_choice'])
  const thinking = textOf(objectOf(body['thinking'])['type'])
  const format = objectOf(objectOf(body['output_config'])['format'])
  const maxTokens = numberOf(body['max_tokens'])
  return {
    model: textOf(body['model']),
    stream: body['stream'] === true,
    lastUserText: asking
      .map((block) => textOf(block['text']))
      .join(' ')
      .trim(),
    promptChars: [body['system'], body['messages'], body['tools']].reduce<number>((sum, part) => sum + charsOf(part), 0),
    images: images.length,
    tools: listOf(body['tools'])
      .map(objectOf)
      .filter((tool) => 'input_schema' in tool)
      .map((tool) => ({ name: textOf(tool['name']), schema: objectOf(tool['input_schema']) })),
    toolResults: asking.filter((block) => block['type'] === 'tool_result').map((block) => resultText(block['content'])),
    toolChoice: toolChoiceOf(choice),
    thinks: thinking === 'enabled' || thinking === 'adaptive',
    marksCache: JSON.stringify(body).includes('"cache_control"'),
    ...(format['type'] === 'json_schema' ? { schema: objectOf(format['schema']) } : {}),
    ...(maxTokens === undefined ? {} : { maxTokens }),
  }
}

/** Blocks of the user turns after the last assistant turn. */
function lastTurn(messages: readonly JsonObject[]): readonly JsonObject[] {
  const after = messages.slice(messages.findLastIndex((message) => message['role'] === 'assistant') + 1)
  return after
    .filter((message) => message['role'] === 'user')
    .flatMap(({ content }) => (typeof content === 'string' ? [{ type: 'text', text: content }] : listOf(content).map(objectOf)))
}

function resultText(content: unknown): string {
  return typeof content === 'string'
    ? content
    : listOf(content)
        .map((block) => textOf(objectOf(block)['text']))
        .join('')
}

function charsOf(value: unknown): number {
  return value === undefined ? 0 : JSON.stringify(value).length
}

function toolChoiceOf(choice: JsonObject): Question['toolChoice'] {
  if (choice['type'] === 'none') return 'none'
  if (choice['type'] === 'tool') return { name: textOf(choice['name']) }
  return choice['disable_parallel_tool_use'] === true ? 'one' : 'many'
}

const stopReasons = { end: 'end_turn', tool: 'tool_use', length: 'max_tokens', refusal: 'refusal' } as const

export function anthropicJson(id: string, model: string, plan: AnswerPlan): JsonObject {
  const content = plan.parts.map((part) => ({ ...blockStart(part), ...blockBody(part) }))
  return { ...messageHead(id, model), content, stop_reason: stopReasons[plan.stop], usage: usageOf(plan, plan.usage.output) }
}

/** One string per frame, the order and the fields of the real thing. */
export function anthropicFrames(id: string, model: string, plan: AnswerPlan): readonly string[] {
  const message = { ...messageHead(id, model), usage: usageOf(plan, 1) }
  const delta = { stop_reason: stopReasons[plan.stop], stop_sequence: null }
  return [
    frame({ type: 'message_start', message }),
    frame({ type: 'ping' }),
    ...plan.parts.flatMap(blockFrames),
    frame({ type: 'message_delta', delta, usage: usageOf(plan, plan.usage.output) }),
    frame({ type: 'message_stop' }),
  ]
}

export function anthropicError(type: string, message: string, requestId: string): JsonObject {
  return { type: 'error', error: { type, message }, request_id: requestId }
}

export function anthropicErrorFrame(type: string, message: string, requestId: string): string {
  return frame({ ...anthropicError(type, message, requestId), type: 'error' })
}

/** Answer of `/v1/messages/count_tokens`: what the plan for the same body would report as input. */
export function anthropicCount(body: JsonObject): JsonObject {
  const { promptChars, images } = anthropicQuestion(body)
  return { input_tokens: tokensOf(promptChars) + images * 1_000 }
}

function frame(event: JsonObject): string {
  return `event: ${textOf(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`
}

function messageHead(id: string, model: string): JsonObject {
  return { id: `msg_${id}`, type: 'message', role: 'assistant', model, content: [], stop_reason: null, stop_sequence: null }
}

function usageOf({ usage }: AnswerPlan, output: number): JsonObject {
  return {
    input_tokens: usage.inputUncached,
    cache_creation_input_tokens: usage.cacheWrite5m,
    cache_read_input_tokens: usage.cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: usage.cacheWrite5m, ephemeral_1h_input_tokens: 0 },
    output_tokens: output,
    service_tier: 'standard',
  }
}

function blockFrames(part: PlannedPart, index: number): readonly string[] {
  const deltas = deltasOf(part).map((delta) => frame({ type: 'content_block_delta', index, delta }))
  const start = frame({ type: 'content_block_start', index, content_block: blockStart(part) })
  return [start, ...deltas, frame({ type: 'content_block_stop', index })]
}

function blockStart(part: PlannedPart): JsonObject {
  switch (part.type) {
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' }
    case 'text':
      return { type: 'text', text: '' }
    case 'tool':
      return { type: 'tool_use', id: `toolu_${part.id}`, name: part.name, input: {} }
  }
}

function blockBody(part: PlannedPart): JsonObject {
  switch (part.type) {
    case 'thinking':
      return { thinking: part.text, signature: part.signature }
    case 'text':
      return { text: part.text }
    case 'tool':
      return { input: parseObject(part.args) }
  }
}

function deltasOf(part: PlannedPart): readonly JsonObject[] {
  switch (part.type) {
    case 'thinking':
      return [
        ...piecesOf(part.text).map((thinking) => ({ type: 'thinking_delta', thinking })),
        { type: 'signature_delta', signature: part.signature },
      ]
    case 'text':
      return piecesOf(part.text).map((text) => ({ type: 'text_delta', text }))
    case 'tool':
      return ['', ...piecesOf(part.args)].map((partial_json) => ({ type: 'input_json_delta', partial_json }))
  }
}
