// One case per row of translation.md §2, column O->A, conversations: what the IR says of a chat body's messages.
import { describe, expect, it } from 'vitest'
import type { RequestContent } from '../../../src/ir/request.ts'
import { requestOf } from './fixtures.ts'

const hi = [{ role: 'user', content: 'Hi' }]
const pdf = 'data:application/pdf;base64,JVBERi0='
const text = (value: string) => ({ type: 'text', text: value })

function contentOf(body: object): RequestContent {
  return requestOf({ model: 'm', messages: hi, ...body }).content()
}

describe('the messages of a chat request', () => {
  const call = (id: string, name = 'f', args = '{}') => ({ id, type: 'function', function: { name, arguments: args } })

  it('hoist leading instructions in order, and leave later ones in place', () => {
    const { system, messages } = contentOf({
      messages: [
        { role: 'system', content: 'A' },
        { role: 'developer', content: [text('B'), text('')] },
        ...hi,
        { role: 'system', content: 'C' },
        { role: 'developer', content: '' },
      ],
    })
    expect(system).toEqual([text('A'), text('B')])
    expect(messages).toEqual([
      { role: 'user', parts: [text('Hi')], path: 'messages[2]' },
      { role: 'system', parts: [text('C')], path: 'messages[3]' },
    ])
  })

  it('gather tool results and the user’s next words into one turn, results first', () => {
    const { messages } = contentOf({
      messages: [
        ...hi,
        { role: 'assistant', content: null, tool_calls: [call('a'), call('b')] },
        { role: 'tool', tool_call_id: 'a', content: '1' },
        { role: 'tool', tool_call_id: 'b', content: [text('2')] },
        { role: 'user', content: 'Go on' },
      ],
    })
    expect(messages.slice(1)).toEqual([
      {
        role: 'assistant',
        path: 'messages[1]',
        parts: [
          { type: 'toolCall', id: 'a', name: 'f', argsText: '{}' },
          { type: 'toolCall', id: 'b', name: 'f', argsText: '{}' },
        ],
      },
      {
        role: 'user',
        path: 'messages[2]',
        parts: [
          { type: 'toolResult', callId: 'a', parts: [text('1')], isError: false },
          { type: 'toolResult', callId: 'b', parts: [text('2')], isError: false },
          text('Go on'),
        ],
      },
    ])
  })

  it('keep the arguments’ text as it came', () => {
    const { messages } = contentOf({
      messages: [...hi, { role: 'assistant', tool_calls: [call('a', 'f', '{ "n": 9007199254740993 }')] }],
    })
    expect(messages[1]?.parts[0]).toMatchObject({ argsText: '{ "n": 9007199254740993 }' })
  })

  it('link legacy function calls and results by order', () => {
    const fn = (name: string) => ({ role: 'assistant', content: null, function_call: { name, arguments: '{}' } })
    const result = (name: string) => ({ role: 'function', name, content: 'r' })
    const { messages } = contentOf({ messages: [fn('f'), result('f'), fn('f'), result('f'), result('g')] })
    const ids = messages.flatMap(({ parts }) =>
      parts.map((part) => ('id' in part ? part.id : 'callId' in part ? part.callId : '')),
    )
    expect(ids).toEqual(['call_fn_0', 'call_fn_0', 'call_fn_1', 'call_fn_1', 'call_fn_2'])
  })

  it('replay thinking first in the turn, signed where the client kept it signed', () => {
    const thinking_blocks = [
      { type: 'thinking', thinking: 't', signature: 's' },
      { type: 'redacted_thinking', data: 'd' },
    ]
    const { messages } = contentOf({
      messages: [
        ...hi,
        { role: 'assistant', content: 'A', reasoning_content: 't', thinking_blocks },
        { role: 'assistant', content: 'B', reasoning: 'r' },
      ],
    })
    expect(messages[1]?.parts).toEqual([
      { type: 'thinking', text: 't', signature: 's' },
      { type: 'redactedThinking', data: 'd' },
      text('A'),
    ])
    expect(messages[2]?.parts).toEqual([{ type: 'thinking', text: 'r' }, text('B')])
  })

  it('carry a refusal, as a field and as a part', () => {
    const { messages } = contentOf({
      messages: [
        { role: 'assistant', content: [{ type: 'refusal', refusal: 'no' }] },
        { role: 'assistant', refusal: 'never' },
      ],
    })
    expect(messages.map(({ parts }) => parts)).toEqual([[{ type: 'refusal', text: 'no' }], [{ type: 'refusal', text: 'never' }]])
  })

  it.each<[string, object, object]>([
    [
      'a data URL',
      { type: 'image_url', image_url: { url: 'data:image/jpg;base64,AAA=', detail: 'low' } },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/jpeg', data: 'AAA=' }, detail: 'low' },
    ],
    [
      'a web image',
      { type: 'image_url', image_url: { url: 'https://x/y.png' } },
      { type: 'image', source: { kind: 'url', url: 'https://x/y.png' } },
    ],
    [
      'Responses’ image',
      { type: 'input_image', image_url: 'https://x/y.png' },
      { type: 'image', source: { kind: 'url', url: 'https://x/y.png' } },
    ],
    [
      'an uploaded image',
      { type: 'input_image', file_id: 'f' },
      { type: 'image', source: { kind: 'file', fileId: 'f', shape: 'openai' } },
    ],
    [
      'Anthropic’s image',
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAA=' } },
      { type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'AAA=' } },
    ],
    [
      'a PDF',
      { type: 'file', file: { filename: 'a.pdf', file_data: pdf } },
      { type: 'document', name: 'a.pdf', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBERi0=' } },
    ],
    [
      'a bare PDF',
      { type: 'file', file: { file_data: 'JVBERi0=' } },
      { type: 'document', source: { kind: 'base64', mediaType: 'application/pdf', data: 'JVBERi0=' } },
    ],
    [
      'a text file',
      { type: 'file', file: { file_data: 'data:text/plain;charset=utf-8;base64,R3LDvMOfZQ==' } },
      { type: 'document', source: { kind: 'text', text: 'Grüße', mediaType: 'text/plain' } },
    ],
    [
      'an upload',
      { type: 'file', file: { file_id: 'f' } },
      { type: 'document', source: { kind: 'file', fileId: 'f', shape: 'openai' } },
    ],
    [
      'Anthropic’s document',
      { type: 'document', title: 't', source: { type: 'text', data: 'x' } },
      { type: 'document', name: 't', source: { kind: 'text', text: 'x' } },
    ],
    [
      'a tool_use block',
      { type: 'tool_use', id: 'a', name: 'f', input: { x: 1 } },
      { type: 'toolCall', id: 'a', name: 'f', argsText: '{"x":1}' },
    ],
    [
      'a tool_result block',
      { type: 'tool_result', tool_use_id: 'a', content: 'r', is_error: true },
      { type: 'toolResult', callId: 'a', parts: [text('r')], isError: true },
    ],
    ['Responses’ text', { type: 'output_text', text: 'x' }, text('x')],
    ['a cached text', { type: 'text', text: 'x', cache_control: { type: 'ephemeral' } }, { ...text('x'), cache: {} }],
    [
      'OpenAI’s breakpoint',
      { type: 'text', text: 'x', prompt_cache_breakpoint: { mode: 'explicit' } },
      { ...text('x'), cache: {} },
    ],
    [
      'a block from tomorrow',
      { type: 'hologram', x: 1 },
      { type: 'opaque', shape: 'openai', kind: 'hologram', raw: { type: 'hologram', x: 1 } },
    ],
  ])('read %s', (_, part, expected) => {
    expect(contentOf({ messages: [{ role: 'user', content: [part] }] }).messages[0]?.parts).toEqual([expected])
  })

  it('put a message’s cache_control on its last part', () => {
    const { messages } = contentOf({
      messages: [{ role: 'user', content: [text('a'), text('b')], cache_control: { type: 'ephemeral' } }],
    })
    expect(messages[0]?.parts).toEqual([text('a'), { ...text('b'), cache: {} }])
  })
})

describe('a Responses body at the chat door', () => {
  const body = {
    model: 'm',
    instructions: 'Be brief',
    input: [
      { role: 'developer', content: 'D' },
      { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
      { type: 'reasoning', encrypted_content: 'x' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Looking' }] },
      { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
      { type: 'custom_tool_call', call_id: 'c2', name: 'patch', input: '*** Begin' },
      { type: 'function_call_output', call_id: 'c1', output: 'ok' },
      { type: 'custom_tool_call_output', call_id: 'c2', output: 'done' },
    ],
    max_output_tokens: 50,
    reasoning: { effort: 'high', summary: 'auto' },
    text: { format: { type: 'json_schema', name: 'n', schema: {} }, verbosity: 'low' },
    tools: [{ type: 'function', name: 'f', parameters: {} }, { type: 'web_search' }],
    store: false,
    include: ['reasoning.encrypted_content'],
    truncation: 'auto',
    stream: true,
  }

  it('is read field by field', () => {
    const request = requestOf(body)
    expect(request).toMatchObject({ model: 'm', stream: true, mixed: true })
    expect(request.content()).toEqual({
      system: [text('Be brief'), text('D')],
      messages: [
        { role: 'user', path: 'input[1]', parts: [text('Hi')] },
        {
          role: 'assistant',
          path: 'input[3]',
          parts: [
            text('Looking'),
            { type: 'toolCall', id: 'c1', name: 'f', argsText: '{"a":1}' },
            { type: 'toolCall', id: 'c2', name: 'patch', argsText: '{"input":"*** Begin"}' },
          ],
        },
        {
          role: 'user',
          path: 'input[6]',
          parts: [
            { type: 'toolResult', callId: 'c1', parts: [text('ok')], isError: false },
            { type: 'toolResult', callId: 'c2', parts: [text('done')], isError: false },
          ],
        },
      ],
      tools: [
        { kind: 'function', name: 'f', parameters: {} },
        { kind: 'vendor', shape: 'openai', type: 'web_search', raw: { type: 'web_search' } },
      ],
      maxOutputTokens: 50,
      stop: [],
      reasoning: { mode: 'effort', effort: 'high' },
      output: { type: 'jsonSchema', name: 'n', schema: {} },
      unmapped: { verbosity: 'low' },
    })
  })

  it('may hold its input as one string', () => {
    expect(requestOf({ input: 'Hi' }).content().messages).toEqual([{ role: 'user', path: 'input', parts: [text('Hi')] }])
  })

  it.each<[object, string]>([
    [{ previous_response_id: 'r' }, 'previous_response_id'],
    [{ conversation: 'c' }, 'conversation'],
    [{ prompt: { id: 'p' } }, 'prompt'],
    [{ background: true }, 'background'],
    [{ input: [{ type: 'item_reference', id: 'i' }] }, 'input[0].type'],
    [{ input: ['Hi'] }, 'input[0]'],
  ])('is refused for %j', (extra, param) => {
    expect(() => requestOf({ input: 'Hi', ...extra })).toThrow(
      expect.objectContaining({ code: 'invalid_value', details: { param } }),
    )
  })
})
