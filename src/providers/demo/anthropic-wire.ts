// The demo's Anthropic wire: Messages requests in, answers and event streams out, as the vendor frames them.
import * as z from 'zod'
import { encodeSse } from '../../lib/sse.ts'
import type { DemoAnswer, DemoAsk } from './script.ts'

const block = z.looseObject({ type: z.string(), text: z.string().optional().catch(undefined) })
const content = z
  .union([z.string(), z.array(block)])
  .optional()
  .catch(undefined)
const requestBody = z.looseObject({
  model: z.string(),
  max_tokens: z.number().optional().catch(undefined),
  stream: z.boolean().optional().catch(undefined),
  system: z.unknown().optional(),
  messages: z.array(z.looseObject({ role: z.string(), content })).catch([]),
  tools: z
    .array(z.looseObject({ name: z.string(), input_schema: z.unknown().optional() }))
    .optional()
    .catch(undefined),
  tool_choice: z
    .looseObject({ type: z.string(), name: z.string().optional(), disable_parallel_tool_use: z.boolean().optional() })
    .optional()
    .catch(undefined),
  thinking: z.looseObject({ type: z.string() }).optional().catch(undefined),
  output_config: z
    .looseObject({ format: z.looseObject({ schema: z.unknown().optional() }).optional() })
    .optional()
    .catch(undefined),
})

/** @throws ZodError for what is no Messages request */
export function readAnthropic(text: string): DemoAsk {
  const body = requestBody.parse(JSON.parse(text))
  const last = body.messages.findLast(({ role }) => role !== 'system')
  const lastCharacters = JSON.stringify(last?.content ?? '').length
  const schema = body.output_config?.format?.schema
  return {
    model: body.model,
    prompt: textOf(last?.content),
    earlierCharacters: Math.max(0, JSON.stringify([body.system ?? '', body.tools ?? [], body.messages]).length - lastCharacters),
    lastCharacters,
    hasResults: Array.isArray(last?.content) && last.content.some(({ type }) => type === 'tool_result'),
    isLater: body.messages.some(({ role }) => role === 'assistant'),
    cache: text.includes('"cache_control"') ? 'marked' : 'none',
    // Tools that the vendor runs have no schema, and nothing here could run them.
    tools: (body.tools ?? []).flatMap(({ name, input_schema: input }) => (input === undefined ? [] : [{ name, schema: input }])),
    toolUse: toolUseOf(body.tool_choice),
    parallel: body.tool_choice?.disable_parallel_tool_use !== true,
    thinks: body.thinking !== undefined && body.thinking.type !== 'disabled',
    ...(schema === undefined ? {} : { answerSchema: schema }),
    maxTokens: body.max_tokens ?? 4096,
    stream: body.stream === true,
  }
}

function textOf(value: z.infer<typeof content>): string {
  if (value === undefined) return ''
  return typeof value === 'string' ? value : value.map(({ text }) => text ?? '').join(' ')
}

function toolUseOf(choice: z.infer<typeof requestBody>['tool_choice']): DemoAsk['toolUse'] {
  if (choice?.type === 'none') return 'forbidden'
  return choice?.type === 'tool' && choice.name !== undefined ? { only: choice.name } : 'auto'
}

const stopReasons = { end: 'end_turn', length: 'max_tokens', toolUse: 'tool_use' } as const

export function printAnthropic(ask: DemoAsk, answer: DemoAnswer): string {
  return JSON.stringify({
    ...head(ask, answer),
    content: blocksOf(answer).map(({ whole }) => whole),
    stop_reason: stopReasons[answer.stop],
    usage: usageOf(answer),
  })
}

/** One frame an item; `pieces` cuts text as a model would write it. */
export function* streamAnthropic(
  ask: DemoAsk,
  answer: DemoAnswer,
  pieces: (text: string) => readonly string[],
): Generator<string> {
  const started = { ...usageOf(answer), output_tokens: 1 }
  yield frame('message_start', { message: { ...head(ask, answer), content: [], stop_reason: null, usage: started } })
  yield frame('ping', {})
  for (const [index, part] of blocksOf(answer).entries()) {
    yield frame('content_block_start', { index, content_block: part.start })
    for (const piece of pieces(part.text))
      yield frame('content_block_delta', { index, delta: { type: part.deltaType, [part.deltaKey]: piece } })
    if (part.signature !== undefined)
      yield frame('content_block_delta', { index, delta: { type: 'signature_delta', signature: part.signature } })
    yield frame('content_block_stop', { index })
  }
  yield frame('message_delta', { delta: { stop_reason: stopReasons[answer.stop], stop_sequence: null }, usage: usageOf(answer) })
  yield frame('message_stop', {})
}

export function errorAnthropic(status: number, message: string): string {
  const type = status === 429 ? 'rate_limit_error' : status >= 500 ? 'api_error' : 'invalid_request_error'
  return JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_demo' })
}

function frame(type: string, fields: Readonly<Record<string, unknown>>): string {
  return encodeSse(type, JSON.stringify({ type, ...fields }))
}

function head(ask: DemoAsk, answer: DemoAnswer): Record<string, unknown> {
  return { id: `msg_demo${answer.seed}`, type: 'message', role: 'assistant', model: ask.model, stop_sequence: null }
}

function usageOf({ tokens }: DemoAnswer): Record<string, unknown> {
  return {
    input_tokens: tokens.uncached,
    cache_creation_input_tokens: tokens.cacheWrite,
    cache_read_input_tokens: tokens.cacheRead,
    cache_creation: { ephemeral_5m_input_tokens: tokens.cacheWrite, ephemeral_1h_input_tokens: 0 },
    output_tokens: tokens.output,
    ...(tokens.thinking === 0 ? {} : { output_tokens_details: { thinking_tokens: tokens.thinking } }),
    service_tier: 'standard',
  }
}

interface Block {
  readonly whole: unknown
  readonly start: unknown
  readonly deltaType: string
  readonly deltaKey: string
  readonly text: string
  readonly signature?: string
}

function blocksOf(answer: DemoAnswer): readonly Block[] {
  const blocks: Block[] = []
  if (answer.thinking !== '') {
    // Ours, and marked so: it never reaches a real provider (translation.md §2, signatures of foreign thinking).
    const signature = `metis.demo.${answer.seed}`
    blocks.push({
      whole: { type: 'thinking', thinking: answer.thinking, signature },
      start: { type: 'thinking', thinking: '', signature: '' },
      deltaType: 'thinking_delta',
      deltaKey: 'thinking',
      text: answer.thinking,
      signature,
    })
  }
  if (answer.text !== '') {
    blocks.push({
      whole: { type: 'text', text: answer.text },
      start: { type: 'text', text: '' },
      deltaType: 'text_delta',
      deltaKey: 'text',
      text: answer.text,
    })
  }
  for (const call of answer.calls) {
    const named = { type: 'tool_use', id: `toolu_${call.id}`, name: call.name }
    blocks.push({
      whole: { ...named, input: JSON.parse(call.argsText) },
      start: { ...named, input: {} },
      deltaType: 'input_json_delta',
      deltaKey: 'partial_json',
      text: call.argsText,
    })
  }
  return blocks
}
