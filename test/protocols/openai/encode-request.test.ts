// One case per row of translation.md §2, column A->O: what a provider of this wire gets for content of another.
import { describe, expect, it } from 'vitest'
import type { LanguageModelRequest, Message, Part, RequestContent } from '../../../src/ir/request.ts'
import type { Target } from '../../../src/protocols/protocol.ts'
import { openaiProtocol } from '../../../src/protocols/openai/index.ts'
import { bodyOf, bytesOf, localTarget, newestModel, plainModel, requestOf, targetOf } from './fixtures.ts'

const { encodeRequest } = openaiProtocol.client
const text = (value: string) => ({ type: 'text', text: value }) as const
const user = (...parts: readonly Part[]): Omit<Message, 'path'> => ({ role: 'user', parts })
const assistant = (...parts: readonly Part[]): Omit<Message, 'path'> => ({ role: 'assistant', parts })
const call = (id: string, argsText = '{"a":1}', name = 'f') => ({ type: 'toolCall', id, name, argsText }) as const
const result = (callId: string, ...parts: readonly Part[]) => ({ type: 'toolResult', callId, parts, isError: false }) as const
const wireCall = (id: string, args = '{"a":1}', name = 'f') => ({ id, type: 'function', function: { name, arguments: args } })
const png = { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAA=' } } as const
const wirePng = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAA=' } }

function request(
  content: Partial<Omit<RequestContent, 'messages'>> & { messages?: readonly Omit<Message, 'path'>[] },
  stream = false,
): LanguageModelRequest {
  const messages = (content.messages ?? [user(text('Hi'))]).map(({ role, parts }, index) => ({
    role,
    parts,
    path: `messages[${index}]`,
  }))
  const whole: RequestContent = { system: [], tools: [], stop: [], unmapped: {}, ...content, messages }
  return {
    shape: 'anthropic',
    model: 'gpt-5-mini',
    stream,
    includeUsage: true,
    source: { bytes: bytesOf('{}'), headers: new Headers({ 'anthropic-beta': 'x' }) },
    traits: { hasTools: false, hasImages: false, wantsStructuredOutput: false, estimatedInputTokens: 1 },
    content: () => whole,
  }
}

function encoded(content: Parameters<typeof request>[0], target: Target = localTarget, stream = false) {
  const out = encodeRequest(request(content, stream), target)
  return { ...out, json: JSON.parse(bodyOf(out)), warned: out.warnings.map(({ field, action }) => `${field} ${action}`) }
}

interface Row {
  readonly claim: string
  readonly content: Parameters<typeof request>[0]
  readonly to?: Target
  readonly has: object
  readonly lacks?: readonly string[]
  readonly warned?: readonly string[]
}

const fn = { kind: 'function', name: 'f', description: 'd', parameters: { type: 'object' } } as const
const wireFn = { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object', properties: {} } } }
const search = { kind: 'vendor', shape: 'anthropic', type: 'web_search_20250305', name: 'web_search', raw: {} } as const
const longName = `mcp__${'a'.repeat(80)}`
const schema = { type: 'jsonSchema', schema: { type: 'object' } } as const
const openai = targetOf()
const noSchema = targetOf({ capabilities: { ...plainModel, structuredOutput: false }, quirks: {} })

const rows: readonly Row[] = [
  { claim: 'sends the provider’s name of the model', content: {}, has: { model: 'llama' } },
  {
    claim: 'calls the limit max_completion_tokens where the provider does',
    content: { maxOutputTokens: 9 },
    to: openai,
    has: { max_completion_tokens: 9 },
  },
  { claim: 'calls it max_tokens elsewhere', content: { maxOutputTokens: 9 }, has: { max_tokens: 9 } },
  {
    claim: 'lowers a limit the model cannot write, and says so',
    content: { maxOutputTokens: 128_000 },
    to: targetOf({ capabilities: { ...newestModel, maxOutput: 16_384 } }),
    has: { max_completion_tokens: 16_384 },
    warned: ['max_tokens changed'],
  },
  {
    claim: 'joins the system blocks by a blank line',
    content: { system: [text('A'), text(''), text('B')] },
    has: {
      messages: [
        { role: 'system', content: 'A\n\nB' },
        { role: 'user', content: 'Hi' },
      ],
    },
  },
  {
    claim: 'takes four stop sequences',
    content: { stop: ['1', '2', '3', '4', '5'] },
    has: { stop: ['1', '2', '3', '4'] },
    warned: ['stop_sequences changed'],
  },
  {
    claim: 'leaves stop out for models that refuse it',
    content: { stop: ['1'] },
    to: openai,
    has: {},
    lacks: ['stop'],
    warned: ['stop_sequences dropped'],
  },
  {
    claim: 'passes sampling to models that take it',
    content: { temperature: 0.3, topP: 0.9 },
    has: { temperature: 0.3, top_p: 0.9 },
  },
  {
    claim: 'drops sampling for models that reason',
    content: { temperature: 0.3, topP: 0.9 },
    to: openai,
    has: {},
    lacks: ['temperature', 'top_p'],
    warned: ['temperature dropped', 'top_p dropped'],
  },
  {
    claim: 'drops a default temperature without a word',
    content: { temperature: 1 },
    to: openai,
    has: {},
    lacks: ['temperature'],
  },
  { claim: 'drops top_k', content: { topK: 3 }, has: {}, lacks: ['top_k'], warned: ['top_k dropped'] },
  {
    claim: 'names the output schema',
    content: { output: schema },
    has: { response_format: { type: 'json_schema', json_schema: { name: 'output', schema: { type: 'object' }, strict: true } } },
  },
  {
    claim: 'asks in words where the model takes no schema',
    content: { output: schema, system: [text('A')] },
    to: noSchema,
    has: {
      response_format: { type: 'json_object' },
      messages: [
        { role: 'system', content: expect.stringMatching(/^A\n\nAnswer with one JSON object.*\{"type":"object"\}$/s) },
        { role: 'user', content: 'Hi' },
      ],
    },
    warned: ['output_config.format changed'],
  },
  { claim: 'gives an object schema its properties', content: { tools: [fn] }, has: { tools: [wireFn] } },
  {
    claim: 'gives a tool without parameters an empty object',
    content: { tools: [{ kind: 'function', name: 'f' }] },
    has: { tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object', properties: {} } } }] },
  },
  {
    claim: 'keeps strict',
    content: { tools: [{ ...fn, strict: true }] },
    has: { tools: [{ type: 'function', function: { ...wireFn.function, strict: true } }] },
  },
  {
    claim: 'leaves an empty tool list and its choice out',
    content: { tools: [], toolChoice: { type: 'auto' }, parallelToolCalls: false },
    has: {},
    lacks: ['tools', 'tool_choice', 'parallel_tool_calls'],
  },
  {
    claim: 'drops tools that another provider runs',
    content: { tools: [fn, search] },
    has: { tools: [wireFn] },
    warned: ['tools.web_search_20250305 dropped'],
  },
  { claim: 'maps required', content: { tools: [fn], toolChoice: { type: 'required' } }, has: { tool_choice: 'required' } },
  { claim: 'maps none', content: { tools: [fn], toolChoice: { type: 'none' } }, has: { tool_choice: 'none' } },
  {
    claim: 'maps a named tool',
    content: { tools: [fn], toolChoice: { type: 'tool', name: 'f' } },
    has: { tool_choice: { type: 'function', function: { name: 'f' } } },
  },
  { claim: 'maps single calls', content: { tools: [fn], parallelToolCalls: false }, has: { parallel_tool_calls: false } },
  {
    claim: 'sends an effort as it is',
    content: { reasoning: { mode: 'auto', effort: 'high' } },
    to: openai,
    has: { reasoning_effort: 'high' },
  },
  {
    claim: 'takes the next lower effort',
    content: { reasoning: { mode: 'effort', effort: 'max' } },
    to: openai,
    has: { reasoning_effort: 'xhigh' },
    warned: ['effort changed'],
  },
  {
    claim: 'takes the lowest effort where none is lower',
    content: { reasoning: { mode: 'effort', effort: 'minimal' } },
    to: openai,
    has: { reasoning_effort: 'low' },
    warned: ['effort changed'],
  },
  {
    claim: 'reads a small budget as low',
    content: { reasoning: { mode: 'budget', budgetTokens: 4095 } },
    to: openai,
    has: { reasoning_effort: 'low' },
  },
  {
    claim: 'reads a middling budget as medium',
    content: { reasoning: { mode: 'budget', budgetTokens: 16_383 } },
    to: openai,
    has: { reasoning_effort: 'medium' },
  },
  {
    claim: 'reads a large budget as high',
    content: { reasoning: { mode: 'budget', budgetTokens: 16_384 } },
    to: openai,
    has: { reasoning_effort: 'high' },
  },
  {
    claim: 'turns thinking off with none',
    content: { reasoning: { mode: 'off' } },
    to: openai,
    has: { reasoning_effort: 'none' },
  },
  {
    claim: 'says nothing of effort when the model decides',
    content: { reasoning: { mode: 'auto' } },
    to: openai,
    has: {},
    lacks: ['reasoning_effort'],
  },
  {
    claim: 'says nothing of effort to a model that does not reason',
    content: { reasoning: { mode: 'effort', effort: 'high' } },
    has: {},
    lacks: ['reasoning_effort'],
    warned: ['thinking dropped'],
  },
  { claim: 'names the user as the provider wants it', content: { userId: 'u' }, to: openai, has: { safety_identifier: 'u' } },
  { claim: 'names the user elsewhere', content: { userId: 'u' }, has: { user: 'u' } },
  {
    claim: 'hashes a long user id',
    content: { userId: 'u'.repeat(150) },
    has: { user: expect.stringMatching(/^[0-9a-f]{64}$/) },
  },
  { claim: 'maps standard_only', content: { serviceTier: 'standard_only' }, has: { service_tier: 'default' } },
  { claim: 'leaves tier auto out', content: { serviceTier: 'auto' }, has: {}, lacks: ['service_tier'] },
  {
    claim: 'drops fields that only Anthropic has',
    content: { unmapped: { container: 'c', speed: 'fast' } },
    has: {},
    lacks: ['container', 'speed'],
    warned: ['container dropped', 'speed dropped'],
  },
]

describe('a request of another wire', () => {
  it.each(rows)('$claim', ({ content, to, has, lacks = [], warned = [] }) => {
    const out = encoded(content, to)
    expect(out.json).toMatchObject(has)
    for (const field of lacks) expect(out.json).not.toHaveProperty(field)
    expect(out.warned).toEqual(warned)
    expect(out.headers).toEqual({})
    expect(out.inboundShape).toBe('anthropic')
  })

  it('asks for usage in every stream, and hides no chunk from a door that never sees one', () => {
    const out = encoded({}, localTarget, true)
    expect(out.json).toMatchObject({ stream: true, stream_options: { include_usage: true } })
    expect(out.hidesUsageChunk).toBe(false)
    expect(encoded({}, targetOf({ quirks: { noStreamOptions: true } }), true).json).not.toHaveProperty('stream_options')
  })

  it('shortens a long tool name everywhere alike and remembers the client’s', () => {
    const tool = { kind: 'function', name: longName } as const
    const out = encoded({
      tools: [tool],
      toolChoice: { type: 'tool', name: longName },
      messages: [user(text('Hi')), assistant(call('a', '{}', longName)), user(result('a'))],
    })
    const sent = out.json.tools[0].function.name
    expect(sent).toMatch(/^[\w-]{55}_[0-9a-f]{8}$/)
    expect(out.json.tool_choice.function.name).toBe(sent)
    expect(out.json.messages[1].tool_calls[0].function.name).toBe(sent)
    expect([...out.toolNames]).toEqual([[sent, longName]])
  })

  it.each<[string, Parameters<typeof request>[0], string]>([
    ['a limit of 0', { maxOutputTokens: 0 }, 'max_tokens'],
    [
      'a choice of a tool that another provider runs',
      { tools: [search], toolChoice: { type: 'tool', name: 'web_search' } },
      'tool_choice',
    ],
    [
      'a document by URL',
      { messages: [user({ type: 'document', source: { kind: 'url', url: 'https://x/a.pdf' } })] },
      'messages[0].content[0].source',
    ],
    [
      'another provider’s file',
      { messages: [user({ type: 'image', source: { kind: 'file', fileId: 'f', shape: 'anthropic' } })] },
      'messages[0].content[0].source',
    ],
    [
      'an unknown block',
      { messages: [user(text('a'), { type: 'opaque', shape: 'anthropic', kind: 'search_result', raw: {} })] },
      'messages[0].content[1].type',
    ],
    [
      'a server tool’s block',
      { messages: [user(text('a')), assistant({ type: 'opaque', shape: 'anthropic', kind: 'server_tool_use', raw: {} })] },
      'messages[1].content[0].type',
    ],
  ])('refuses %s, naming the field', (_, content, param) => {
    expect(() => encoded(content)).toThrow(expect.objectContaining({ code: 'invalid_value', details: { param } }))
  })
})

interface Talk {
  readonly claim: string
  readonly messages: readonly Omit<Message, 'path'>[]
  readonly expected: readonly object[]
  readonly warned?: number
}

const talks: readonly Talk[] = [
  {
    claim: 'one text as a string, several as parts',
    messages: [user(text('a')), user(text('a'), text('b'))],
    expected: [
      { role: 'user', content: 'a' },
      { role: 'user', content: [text('a'), text('b')] },
    ],
  },
  { claim: 'an image', messages: [user(text('a'), png)], expected: [{ role: 'user', content: [text('a'), wirePng] }] },
  {
    claim: 'an image by URL',
    messages: [user({ type: 'image', source: { kind: 'url', url: 'https://x/y' }, detail: 'low' })],
    expected: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://x/y', detail: 'low' } }] }],
  },
  {
    claim: 'a PDF and a text document',
    messages: [
      user(
        { type: 'document', name: 'a.pdf', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JV' } },
        { type: 'document', name: 't', source: { kind: 'text', text: 'x' } },
      ),
    ],
    expected: [
      {
        role: 'user',
        content: [{ type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JV' } }, text('t\n\nx')],
      },
    ],
  },
  {
    claim: 'system turns in place',
    messages: [user(text('a')), { role: 'system', parts: [text('s'), text('t')] }],
    expected: [
      { role: 'user', content: 'a' },
      { role: 'system', content: 's\n\nt' },
    ],
  },
  {
    claim: 'a call with content null, and its result',
    messages: [assistant(call('a')), user(result('a', text('r')))],
    expected: [
      { role: 'assistant', content: null, tool_calls: [wireCall('a')] },
      { role: 'tool', tool_call_id: 'a', content: 'r' },
    ],
  },
  {
    claim: 'no arguments as {}',
    messages: [assistant(call('a', '')), user(result('a'))],
    expected: [
      { role: 'assistant', content: null, tool_calls: [wireCall('a', '{}')] },
      { role: 'tool', tool_call_id: 'a', content: '' },
    ],
  },
  {
    claim: 'arguments verbatim',
    messages: [assistant(call('a', '{ "n": 9007199254740993, x')), user(result('a'))],
    expected: [
      { role: 'assistant', content: null, tool_calls: [wireCall('a', '{ "n": 9007199254740993, x')] },
      { role: 'tool', tool_call_id: 'a', content: '' },
    ],
  },
  {
    claim: 'all results first, then the words, then lifted images',
    messages: [assistant(call('a'), call('b')), user(result('a', text('r'), png), text('next'), result('b', text('s')))],
    expected: [
      { role: 'assistant', content: null, tool_calls: [wireCall('a'), wireCall('b')] },
      { role: 'tool', tool_call_id: 'a', content: 'r' },
      { role: 'tool', tool_call_id: 'b', content: 's' },
      { role: 'user', content: [text('next'), text('image from tool result a'), wirePng] },
    ],
  },
  {
    claim: 'results that the client spread over turns behind their calls',
    messages: [
      assistant(call('a'), call('b')),
      user(result('a')),
      { role: 'system', parts: [text('s')] },
      user(result('b'), text('x')),
    ],
    expected: [
      { role: 'assistant', content: null, tool_calls: [wireCall('a'), wireCall('b')] },
      { role: 'tool', tool_call_id: 'a', content: '' },
      { role: 'tool', tool_call_id: 'b', content: '' },
      { role: 'system', content: 's' },
      { role: 'user', content: 'x' },
    ],
  },
  {
    claim: 'an error marked once',
    messages: [
      assistant(call('a'), call('b')),
      user({ ...result('a', text('no')), isError: true }, { ...result('b', text('Error: no')), isError: true }),
    ],
    expected: [
      { role: 'assistant', content: null, tool_calls: [wireCall('a'), wireCall('b')] },
      { role: 'tool', tool_call_id: 'a', content: 'Error: no' },
      { role: 'tool', tool_call_id: 'b', content: 'Error: no' },
    ],
  },
  {
    claim: 'an orphan result as text',
    messages: [user(result('z', text('r')), text('go'))],
    expected: [{ role: 'user', content: [text('[result of an earlier tool call z] r'), text('go')] }],
    warned: 1,
  },
  {
    claim: 'a result for a call that has none, but not in the last turn',
    messages: [assistant(call('a')), user(text('x')), assistant(call('b'))],
    expected: [
      { role: 'assistant', content: null, tool_calls: [wireCall('a')] },
      { role: 'tool', tool_call_id: 'a', content: 'Error: no result was provided' },
      { role: 'user', content: 'x' },
      { role: 'assistant', content: null, tool_calls: [wireCall('b')] },
    ],
    warned: 2,
  },
  {
    claim: 'a tool reference inside a result as its JSON',
    messages: [
      assistant(call('a')),
      user(result('a', { type: 'opaque', shape: 'anthropic', kind: 'tool_reference', raw: { tool_name: 't' } })),
    ],
    expected: [
      { role: 'assistant', content: null, tool_calls: [wireCall('a')] },
      { role: 'tool', tool_call_id: 'a', content: '{"tool_name":"t"}' },
    ],
    warned: 1,
  },
  {
    claim: 'thinking not at all',
    messages: [
      assistant({ type: 'thinking', text: 't', signature: 's' }, { type: 'redactedThinking', data: 'd' }, text('a'), text('b')),
      user(text('x')),
    ],
    expected: [
      { role: 'assistant', content: 'ab' },
      { role: 'user', content: 'x' },
    ],
  },
  {
    claim: 'a turn of thinking alone not at all',
    messages: [user(text('x')), assistant({ type: 'thinking', text: 't' }), user(text('y'))],
    expected: [
      { role: 'user', content: 'x' },
      { role: 'user', content: 'y' },
    ],
  },
  {
    claim: 'an empty assistant turn as empty text',
    messages: [assistant(), user(text('y'))],
    expected: [
      { role: 'assistant', content: '' },
      { role: 'user', content: 'y' },
    ],
  },
  {
    claim: 'a refusal',
    messages: [assistant({ type: 'refusal', text: 'no' }), user(text('y'))],
    expected: [
      { role: 'assistant', content: null, refusal: 'no' },
      { role: 'user', content: 'y' },
    ],
  },
  {
    claim: 'a prefill as it is, with a warning',
    messages: [user(text('x')), assistant(text('{'))],
    expected: [
      { role: 'user', content: 'x' },
      { role: 'assistant', content: '{' },
    ],
    warned: 1,
  },
]

describe('a conversation of another wire', () => {
  it.each(talks)('carries $claim', ({ messages, expected, warned = 0 }) => {
    const out = encoded({ messages })
    expect(out.json.messages).toEqual(expected)
    expect(out.warned).toHaveLength(warned)
  })

  it('gives thinking back to providers that take it', () => {
    const target = targetOf({ quirks: { replaysReasoning: true }, capabilities: plainModel })
    const { json } = encoded({ messages: [assistant({ type: 'thinking', text: 't' }, text('a')), user(text('x'))] }, target)
    expect(json.messages[0]).toEqual({ role: 'assistant', content: 'a', reasoning_content: 't' })
  })

  it('shortens a long call id in the call and in its result alike', () => {
    const id = 'x'.repeat(90)
    const { json } = encoded({ messages: [assistant(call(id)), user(result(id))] })
    expect(json.messages[0].tool_calls[0].id).toHaveLength(64)
    expect(json.messages[1].tool_call_id).toBe(json.messages[0].tool_calls[0].id)
  })
})

describe('a mixed body of our own shape', () => {
  it('is rendered as plain chat, with the fields the client gave', () => {
    const body = {
      model: 'cursor-model',
      seed: 7,
      stream: true,
      tools: [
        { type: 'function', function: { name: 'a', parameters: { type: 'object', properties: {} } } },
        { type: 'custom', name: 'ApplyPatch', format: { type: 'grammar', syntax: 'lark', definition: 'd' } },
        { name: 'c', input_schema: { type: 'object', properties: {} } },
        { type: 'web_search' },
      ],
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'c', input: { x: 1 } }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'ok' }] },
      ],
    }
    const out = encodeRequest(requestOf(body), targetOf({ model: 'gpt-5' }))
    expect(JSON.parse(bodyOf(out))).toEqual({
      model: 'gpt-5',
      seed: 7,
      stream: true,
      stream_options: { include_usage: true },
      tools: [
        body.tools[0],
        {
          type: 'custom',
          custom: { name: 'ApplyPatch', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'd' } } },
        },
        { type: 'function', function: { name: 'c', parameters: { type: 'object', properties: {} } } },
      ],
      messages: [
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: null, tool_calls: [wireCall('t', '{"x":1}', 'c')] },
        { role: 'tool', tool_call_id: 't', content: 'ok' },
      ],
    })
    expect(out).toMatchObject({ inboundShape: 'openai', hidesUsageChunk: true, warnings: [{ field: 'tools.web_search' }] })
  })

  it('of Responses’ shape becomes chat', () => {
    const out = encodeRequest(
      requestOf({ model: 'm', input: 'Hi', max_output_tokens: 5, store: false, reasoning: { effort: 'low' } }),
      targetOf(),
    )
    expect(JSON.parse(bodyOf(out))).toEqual({
      model: 'gpt-5-mini',
      messages: [{ role: 'user', content: 'Hi' }],
      max_completion_tokens: 5,
      reasoning_effort: 'low',
    })
  })
})
