// The conversation, one case per row of translation.md §2, column A->O; and Cursor's mixtures.
import { describe, expect, it } from 'vitest'
import type { Message } from '../../../src/ir/request.ts'
import { openaiProtocol } from '../../../src/protocols/openai/index.ts'
import { bodyOf, plainModel, requestOf, targetOf } from './fixtures.ts'
import { assistant, call, encoded, png, result, text, user, wireCall, wirePng } from './foreign-requests.ts'

const { encodeRequest } = openaiProtocol.client

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
    messages: [assistant(), assistant(text('')), user(text('y'))],
    expected: [
      { role: 'assistant', content: '' },
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

  it('hands on a level of effort that we do not know by the name that chat has for it', () => {
    const out = encodeRequest(
      requestOf({ model: 'm', input: 'Hi', reasoning: { effort: 'ultra' } }),
      targetOf({ model: 'gpt-5' }),
    )
    expect(JSON.parse(bodyOf(out))).toEqual({
      model: 'gpt-5',
      messages: [{ role: 'user', content: 'Hi' }],
      reasoning_effort: 'ultra',
    })
  })

  it('is told what was lost by chat’s names', () => {
    const body = { model: 'm', input: 'Hi', reasoning: { effort: 'high' }, text: { format: { type: 'json_schema', schema: {} } } }
    const noSchema = targetOf({ capabilities: { ...plainModel, structuredOutput: false } })
    expect(encodeRequest(requestOf(body), noSchema).warnings.map(({ field }) => field)).toEqual([
      'reasoning_effort',
      'response_format',
    ])
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
