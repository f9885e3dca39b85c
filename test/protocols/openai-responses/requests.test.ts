// A Responses request on its way to another wire (translation.md "Responses API"), and to its own.
import { describe, expect, it } from 'vitest'
import { protocols } from '../../../src/protocols/index.ts'
import { sealThought } from '../../../src/protocols/sealed-thinking.ts'
import type { Target } from '../../../src/protocols/protocol.ts'
import { bodyOf, bytesOf, localTarget, newestModel, plainModel, targetOf } from '../openai/fixtures.ts'

const { server, client } = protocols['openai-responses']
const toAnthropic: Target = targetOf({ provider: 'anthropic', model: 'claude-x', quirks: {}, capabilities: newestModel })
const requestOf = (body: object | string) => server.decodeRequest(bytesOf(body), new Headers())

function encode(to: 'anthropic' | 'openai', body: object, target: Target = to === 'anthropic' ? toAnthropic : localTarget) {
  const encoded = protocols[to].client.encodeRequest(requestOf({ model: 'm', ...body }), target)
  return { body: JSON.parse(bodyOf(encoded)), warnings: encoded.warnings.map(({ field }) => field) }
}

const schema = { type: 'object', properties: { path: { type: 'string' } } }

const rows: readonly { readonly claim: string; readonly asked: object; readonly chat: object }[] = [
  { claim: 'a text', asked: { input: 'Hi' }, chat: { messages: [{ role: 'user', content: 'Hi' }] } },
  {
    claim: 'instructions and developer messages',
    asked: {
      instructions: 'Be brief',
      input: [
        { role: 'developer', content: 'No jokes' },
        { role: 'user', content: 'Hi' },
      ],
    },
    chat: {
      messages: [
        { role: 'system', content: 'Be brief\n\nNo jokes' },
        { role: 'user', content: 'Hi' },
      ],
    },
  },
  {
    claim: 'an image',
    asked: {
      input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'low' }] }],
    },
    chat: {
      messages: [
        { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } }] },
      ],
    },
  },
  {
    claim: 'a turn of text and parallel calls, which are many items, and their results',
    asked: {
      input: [
        { role: 'user', content: 'Read both' },
        { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: 'opaque' },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Reading' }] },
        { type: 'function_call', call_id: 'call_1', name: 'read', arguments: '{"path":"a"}' },
        { type: 'function_call', call_id: 'call_2', name: 'read', arguments: '{}' },
        { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: ' now' }] },
        { type: 'function_call_output', call_id: 'call_1', output: 'A' },
        { type: 'function_call_output', call_id: 'call_2', output: [{ type: 'input_text', text: 'B' }] },
      ],
    },
    chat: {
      messages: [
        { role: 'user', content: 'Read both' },
        {
          role: 'assistant',
          content: 'Reading now',
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'read', arguments: '{"path":"a"}' } },
            { id: 'call_2', type: 'function', function: { name: 'read', arguments: '{}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'A' },
        { role: 'tool', tool_call_id: 'call_2', content: 'B' },
      ],
    },
  },
  {
    claim: 'flat tools, a choice and the limit',
    asked: {
      input: 'Hi',
      tools: [{ type: 'function', name: 'read', description: 'd', parameters: schema, strict: true }],
      tool_choice: { type: 'function', name: 'read' },
      parallel_tool_calls: false,
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
    },
    chat: {
      messages: [{ role: 'user', content: 'Hi' }],
      tools: [{ type: 'function', function: { name: 'read', description: 'd', parameters: schema, strict: true } }],
      tool_choice: { type: 'function', function: { name: 'read' } },
      parallel_tool_calls: false,
      max_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
    },
  },
  {
    claim: 'a tool that takes text, what it was called with and what it said',
    asked: {
      input: [
        { role: 'user', content: 'Patch' },
        { type: 'custom_tool_call', call_id: 'call_1', name: 'apply_patch', input: '*** Begin Patch' },
        { type: 'custom_tool_call_output', call_id: 'call_1', output: 'Done' },
      ],
      tools: [{ type: 'custom', name: 'apply_patch' }],
    },
    chat: {
      messages: [
        { role: 'user', content: 'Patch' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'call_1', type: 'custom', custom: { name: 'apply_patch', input: '*** Begin Patch' } }],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'Done' },
      ],
      tools: [{ type: 'custom', custom: { name: 'apply_patch' } }],
    },
  },
  {
    claim: 'a schema for the answer',
    asked: { input: 'Hi', text: { format: { type: 'json_schema', name: 'out', schema, strict: true } } },
    chat: {
      messages: [{ role: 'user', content: 'Hi' }],
      response_format: { type: 'json_schema', json_schema: { name: 'out', schema, strict: true } },
    },
  },
]

describe('a Responses request to a chat provider', () => {
  it.each(rows)('keeps $claim', ({ asked, chat }) => {
    expect(encode('openai', asked)).toEqual({ body: { model: 'llama', ...chat }, warnings: [] })
  })

  it('hands a model that wants its reasoning back what a client kept of it', () => {
    const input = [
      { role: 'user', content: 'Hi' },
      { type: 'reasoning', id: 'rs_1', summary: [{ type: 'summary_text', text: 'hm' }], encrypted_content: null },
      { type: 'function_call', call_id: 'call_1', name: 'read', arguments: '{}' },
      { type: 'function_call_output', call_id: 'call_1', output: 'A' },
    ]
    const { body } = encode('openai', { input }, { ...localTarget, quirks: { replaysReasoning: true } })
    expect(body.messages[1]).toMatchObject({ role: 'assistant', reasoning_content: 'hm' })
  })

  it('asks for as much effort as was asked of it', () => {
    const { body, warnings } = encode('openai', { input: 'Hi', reasoning: { effort: 'high', summary: 'auto' } }, targetOf())
    expect([body.reasoning_effort, warnings]).toEqual(['high', []])
    expect(
      encode('openai', { input: 'Hi', reasoning: { effort: 'high' } }, { ...localTarget, capabilities: plainModel }).warnings,
    ).toEqual(['reasoning.effort'])
  })
})

describe('a schema that may be broken, as it may by default on this wire', () => {
  it('is one to chat too, without a word', () => {
    const text = { format: { type: 'json_schema', name: 'out', schema: { type: 'object' } } }
    const { body, warnings } = encode('openai', { input: 'Hi', text })
    expect([body.response_format.json_schema.strict, warnings]).toEqual([false, []])
  })
})

describe('a Responses request to Anthropic', () => {
  it('goes on thinking from what the client was given sealed', () => {
    const input = [
      { role: 'user', content: 'Hi' },
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [],
        encrypted_content: sealThought({ type: 'thinking', thinking: 'hm', signature: 'sig' }),
      },
      { type: 'reasoning', id: 'rs_2', summary: [], encrypted_content: sealThought({ type: 'redacted_thinking', data: 'xx' }) },
      { type: 'function_call', call_id: 'toolu_1', name: 'read', arguments: '{"path":"a"}' },
      { type: 'function_call_output', call_id: 'toolu_1', output: 'A' },
    ]
    const { body } = encode('anthropic', { input, reasoning: { effort: 'high' } })
    expect(body.messages[1]).toEqual({
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'hm', signature: 'sig' },
        { type: 'redacted_thinking', data: 'xx' },
        { type: 'tool_use', id: 'toolu_1', name: 'read', input: { path: 'a' } },
      ],
    })
    expect(body).toMatchObject({ thinking: { type: 'adaptive' }, output_config: { effort: 'high' } })
  })

  it('leaves out thoughts that no turn of the model followed', () => {
    const input = [
      { role: 'user', content: 'Hi' },
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [],
        encrypted_content: sealThought({ type: 'thinking', thinking: 'hm', signature: 'sig' }),
      },
      { role: 'user', content: 'Well?' },
      { role: 'assistant', content: 'Yes' },
      { role: 'user', content: 'Go' },
    ]
    expect(JSON.stringify(encode('anthropic', { input }).body)).not.toContain('hm')
  })

  it.each(['opaque', 'metis.', 'metis.{}', 'metis.{"type":"thinking"}', 'metis.nonsense', 7, null])(
    'leaves out %j, which is another endpoint’s',
    (blob) => {
      const input = [
        { role: 'user', content: 'Hi' },
        { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: blob },
        { role: 'assistant', content: 'Yes' },
        { role: 'user', content: 'Go' },
      ]
      expect(encode('anthropic', { input }).body.messages[1]).toEqual({
        role: 'assistant',
        content: [{ type: 'text', text: 'Yes' }],
      })
    },
  )
})

describe.each(['anthropic', 'openai'] as const)('across shapes, to the %s wire', (to) => {
  it.each([
    [{ previous_response_id: 'resp_1', input: 'Hi' }, 'previous_response_id'],
    [{ conversation: 'conv_1', input: 'Hi' }, 'conversation'],
    [{ prompt: { id: 'pmpt_1' }, input: 'Hi' }, 'prompt'],
    [{ prompt: { id: 'pmpt_1' } }, 'prompt'],
    [{ background: true, input: 'Hi' }, 'background'],
    [{}, 'input'],
    [{ input: [] }, 'input'],
    [{ input: [{ type: 'function_call', name: 'f', arguments: '{}' }] }, 'input[0].call_id'],
    [{ input: [{ type: 'custom_tool_call', call_id: 'c', input: 'x' }] }, 'input[0].name'],
    [{ input: [{ type: 'function_call_output', output: 'x' }] }, 'input[0].call_id'],
    [{ input: [{ type: 'item_reference', id: 'msg_1' }] }, 'input[0].type'],
    [{ input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'file_1' }] }] }, 'input[0].content[0].source'],
    [{ input: 'Hi', tools: [{ type: 'web_search' }], tool_choice: { type: 'web_search' } }, 'tool_choice'],
  ])('refuses %j, naming the parameter', (body, param) => {
    expect(() => encode(to, body)).toThrow(
      expect.objectContaining({
        code: 'invalid_value',
        details: expect.objectContaining({ param: expect.stringContaining(param.split('.source')[0] ?? param) }),
      }),
    )
  })

  it('drops what has no place there, each by its own name', () => {
    const { warnings } = encode(to, {
      input: 'Hi',
      store: true,
      truncation: 'auto',
      include: ['reasoning.encrypted_content', 'web_search_call.action.sources'],
      metadata: { a: 'b' },
      text: { verbosity: 'low' },
      max_tool_calls: 3,
      prompt_cache_key: 'k',
      top_logprobs: 0,
    })
    expect([...warnings].toSorted()).toEqual(['include', 'max_tool_calls', 'metadata', 'store', 'text.verbosity', 'truncation'])
  })

  it('says nothing of what stands at its default', () => {
    const quiet = {
      store: false,
      truncation: 'disabled',
      background: false,
      include: ['reasoning.encrypted_content'],
      metadata: null,
    }
    expect(encode(to, { input: 'Hi', ...quiet }).warnings).toEqual([])
  })

  it("takes Codex's body", () => {
    const codex = {
      model: 'm',
      stream: true,
      input: [
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'You are Codex' }] },
        { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'Sandbox: off' }] },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: '<environment_context/>' }] },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'Fix the test' }] },
      ],
      tools: [
        { type: 'function', name: 'shell', description: 'd', strict: false, parameters: { type: 'object', properties: {} } },
        { type: 'web_search', external_web_access: false },
        { type: 'namespace', name: 'mcp', tools: [] },
      ],
      tool_choice: 'auto',
      parallel_tool_calls: true,
      reasoning: { summary: 'auto' },
      store: false,
      include: ['reasoning.encrypted_content'],
      prompt_cache_key: '019a',
      client_metadata: { 'x-codex-installation-id': 'i' },
    }
    const { body, warnings } = encode(to, codex)
    expect(body.tools).toHaveLength(1)
    expect(body.messages.at(-1)).toMatchObject({ role: 'user' })
    expect(warnings).toHaveLength(3)
    expect(warnings).toContain('client_metadata')
  })
})

describe('a Responses request to a provider of its own wire', () => {
  it.each([
    [
      '{"model":"a","input":"Hi","x":12345678901234567890,"y":1.0}',
      '{"model":"gpt-5-mini","input":"Hi","x":12345678901234567890,"y":1.0}',
    ],
    ['{"input":"Hi","previous_response_id":"resp_1"}', '{"input":"Hi","previous_response_id":"resp_1","model":"gpt-5-mini"}'],
    ['{ "model" : "gpt-5-mini" , "prompt":{"id":"p"} }', '{ "model" : "gpt-5-mini" , "prompt":{"id":"p"} }'],
    ['{}', '{"model":"gpt-5-mini"}'],
  ])('changes nothing of %s but the model', (text, sent) => {
    const encoded = client.encodeRequest(requestOf(text), targetOf())
    expect(bodyOf(encoded)).toBe(sent)
    expect(encoded).toMatchObject({ path: '/responses', warnings: [], inboundShape: 'openai-responses' })
  })
})

describe('the envelope', () => {
  it.each([
    ['{"model":7,"input":"Hi"}', 'model'],
    ['{"model":"m","stream":"yes","input":"Hi"}', 'stream'],
    ['{"model":"m","input":{}}', 'input'],
  ])('refuses %s', (text, param) => {
    expect(() => requestOf(text)).toThrow(expect.objectContaining({ details: { param } }))
  })

  it('counts the same call in a row, and stops at what the user says', () => {
    const round = (id: string) => [
      { type: 'function_call', call_id: id, name: 'f', arguments: '{}' },
      { type: 'function_call_output', call_id: id, output: 'same' },
    ]
    const input = [...round('0'), { role: 'user', content: 'again' }, ...round('1'), ...round('2')]
    expect(requestOf({ model: 'm', input }).repeatedToolCalls?.()).toBe(2)
    expect(requestOf({ model: 'm', input: 'Hi' }).repeatedToolCalls?.()).toBe(0)
  })

  it('tells routing what it asks after', () => {
    const body = {
      model: 'm',
      input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:image/png;base64,AAAA' }] }],
      tools: [{ type: 'function', name: 'f' }],
      max_output_tokens: 9,
      text: { format: { type: 'json_schema', name: 'x', schema: {} } },
    }
    expect(requestOf(body).traits).toMatchObject({
      hasImages: true,
      hasTools: true,
      wantsStructuredOutput: true,
      maxOutputTokens: 9,
    })
    expect(requestOf({ model: 'm', input: 'Hi' }).traits).toMatchObject({
      hasImages: false,
      hasTools: false,
      wantsStructuredOutput: false,
    })
  })
})
