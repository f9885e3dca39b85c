// The parameters, one case per row of translation.md §2, column A->O.
import { describe, expect, it } from 'vitest'
import type { Target } from '../../../src/protocols/protocol.ts'
import { localTarget, newestModel, plainModel, targetOf } from './fixtures.ts'
import { assistant, call, encoded, request, result, text, user } from './foreign-requests.ts'

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
const closed = { type: 'object', properties: {}, additionalProperties: false } as const
const schema = { type: 'jsonSchema', schema: closed } as const
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
    has: { response_format: { type: 'json_schema', json_schema: { name: 'output', schema: closed, strict: true } } },
  },
  ...[
    { type: 'object' },
    { ...closed, properties: { x: {} } },
    { ...closed, properties: { x: { type: 'array', items: { type: 'object' } } }, required: ['x'] },
    { ...closed, $defs: { node: { type: ['object', 'null'] } } },
    { ...closed, properties: { x: { anyOf: [closed, { properties: { x: {} }, required: ['x'] }] } }, required: ['x'] },
    { ...closed, properties: { x: { oneOf: [{ type: 'string' }, { type: 'number' }] } }, required: ['x'] },
    { ...closed, allOf: [closed] },
    { ...closed, properties: { x: { type: 'array', items: { type: 'string' }, uniqueItems: true } }, required: ['x'] },
    { anyOf: [closed, closed] },
    { type: 'array', items: closed },
  ].map((open) => ({
    claim: `is not strict where OpenAI would refuse it: ${JSON.stringify(open)}`,
    content: { output: { type: 'jsonSchema', schema: open } } as const,
    has: { response_format: { type: 'json_schema', json_schema: { name: 'output', schema: open, strict: false } } },
    warned: ['output_config.format changed'],
  })),
  {
    claim: 'is as strict as the client says',
    content: { output: { type: 'jsonSchema', schema: { type: 'object' }, strict: true } },
    has: { response_format: { type: 'json_schema', json_schema: { schema: { type: 'object' }, strict: true } } },
  },
  {
    claim: 'asks in words where the model takes no schema',
    content: { output: schema, system: [text('A')] },
    to: noSchema,
    has: {
      response_format: { type: 'json_object' },
      messages: [
        { role: 'system', content: expect.stringMatching(/^A\n\nAnswer with one JSON object.*\{"type":"object".*\}$/s) },
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
    warned: ['output_config.effort changed'],
  },
  {
    claim: 'takes the lowest effort where none is lower',
    content: { reasoning: { mode: 'effort', effort: 'minimal' } },
    to: openai,
    has: { reasoning_effort: 'low' },
    warned: ['output_config.effort changed'],
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
    claim: 'names both fields that ask a model to think that does not',
    content: { reasoning: { mode: 'auto', effort: 'high' } },
    has: {},
    lacks: ['reasoning_effort'],
    warned: ['thinking dropped', 'output_config.effort dropped'],
  },
  {
    claim: 'says nothing of effort to a model that does not reason',
    content: { reasoning: { mode: 'effort', effort: 'high' } },
    has: {},
    lacks: ['reasoning_effort'],
    warned: ['output_config.effort dropped'],
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

  it('remembers the ids of the calls that the client has', () => {
    const messages = [user(text('Hi')), assistant(call('a'), call('b')), user(result('a'), result('b'))]
    expect([...(encoded({ messages }).takenCallIds ?? [])]).toEqual(['a', 'b'])
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
      'another provider’s file in a result',
      {
        messages: [
          assistant(call('a')),
          user(result('a', text('x'), { type: 'image', source: { kind: 'file', fileId: 'f', shape: 'anthropic' } })),
        ],
      },
      'messages[1].content[0].content[1].source',
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
