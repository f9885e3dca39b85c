// Rows of translation.md §2, column O->A: turns and their order, and what is refused.
import {
  text,
  user,
  assistant,
  system,
  call,
  result,
  hi,
  wireHi,
  toolUse,
  type EncodeCase,
  type RefusalCase,
} from './builders.ts'
import { manual } from '../support.ts'

export const turnCases: readonly EncodeCase[] = [
  {
    row: 'roles: user after user, first message assistant',
    content: { messages: [assistant(text('a')), ...hi, ...hi] },
    body: { messages: [{ role: 'assistant', content: [{ type: 'text', text: 'a' }] }, wireHi, wireHi] },
  },
  {
    row: 'empty text: dropped, blank kept beside others',
    content: { messages: [user(text(''), text(' '), text('hi'))] },
    body: {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: ' ' },
            { type: 'text', text: 'hi' },
          ],
        },
      ],
    },
  },
  {
    row: 'empty text: a blank user turn beside another, an empty assistant turn',
    content: { messages: [user(text(' ')), ...hi, assistant(text('')), ...hi] },
    body: { messages: [wireHi, wireHi] },
  },
  {
    row: 'tool results: one user turn, results first',
    content: {
      messages: [
        ...hi,
        assistant(call('a'), call('b')),
        user(text('and')),
        user(result('b', text('2'))),
        user(result('a', text('1'), { type: 'image', source: { kind: 'url', url: 'https://x' } })),
      ],
    },
    body: {
      messages: [
        wireHi,
        { role: 'assistant', content: [toolUse, { ...toolUse, id: 'b' }] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: '2' }] },
            {
              type: 'tool_result',
              tool_use_id: 'a',
              content: [
                { type: 'text', text: '1' },
                { type: 'image', source: { type: 'url', url: 'https://x' } },
              ],
            },
            { type: 'text', text: 'and' },
          ],
        },
      ],
    },
  },
  {
    row: 'tool results: an instruction between call and result waits',
    content: { messages: [...hi, assistant(call('a')), system('s'), user(result('a')), ...hi] },
    body: {
      messages: [
        wireHi,
        { role: 'assistant', content: [toolUse] },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a' },
            { type: 'text', text: 'hi' },
          ],
        },
        { role: 'system', content: [{ type: 'text', text: 's' }] },
      ],
    },
  },
  {
    row: 'orphan result',
    content: { messages: [user(result('z', text('7')), text('hi'))] },
    body: {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: '[result of an earlier tool call z] 7' },
            { type: 'text', text: 'hi' },
          ],
        },
      ],
    },
    warns: ['messages[0].content[0]'],
  },
  {
    row: 'call without result',
    content: { messages: [...hi, assistant(call('a')), user(text('never mind'))] },
    body: {
      messages: [
        wireHi,
        { role: 'assistant', content: [toolUse] },
        {
          role: 'user',
          content: [
            {
              type: 'tool_result',
              tool_use_id: 'a',
              content: [{ type: 'text', text: 'no result was provided' }],
              is_error: true,
            },
            { type: 'text', text: 'never mind' },
          ],
        },
      ],
    },
    warns: ['messages[0]'],
  },
  {
    row: 'call without result: the last turn stays',
    content: { messages: [...hi, assistant(call('a'))] },
    body: { messages: [wireHi, { role: 'assistant', content: [toolUse] }] },
  },
  {
    row: 'tool ids: made fit, pairs linked',
    content: { messages: [...hi, assistant(call('call:1')), user(result('call:1'))] },
    body: {
      messages: [
        wireHi,
        { role: 'assistant', content: [{ ...toolUse, id: 'call_1_0af63155' }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1_0af63155' }] },
      ],
    },
  },
  {
    row: 'tool ids: used again in a later turn and twice in one, results with their calls',
    content: {
      messages: [
        ...hi,
        assistant(call('0')),
        user(result('0', text('1'))),
        assistant(call('0'), call('0'), call('0_1')),
        user(result('0', text('2')), result('0_1', text('4')), result('0', text('3'))),
      ],
    },
    body: {
      messages: [
        wireHi,
        { role: 'assistant', content: [{ ...toolUse, id: '0' }] },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: '0', content: [{ type: 'text', text: '1' }] }] },
        {
          role: 'assistant',
          content: [
            { ...toolUse, id: '0_2' },
            { ...toolUse, id: '0_3' },
            { ...toolUse, id: '0_1' },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: '0_2', content: [{ type: 'text', text: '2' }] },
            { type: 'tool_result', tool_use_id: '0_1', content: [{ type: 'text', text: '4' }] },
            { type: 'tool_result', tool_use_id: '0_3', content: [{ type: 'text', text: '3' }] },
          ],
        },
      ],
    },
  },
  {
    row: 'arguments: empty, null, an object, broken',
    content: {
      messages: [...hi, assistant(call('a', ''), call('b', 'null'), call('c', '{"x": 1}'), call('d', '{"x":'), call('e', '[1]'))],
    },
    body: {
      messages: [
        wireHi,
        {
          role: 'assistant',
          content: [
            toolUse,
            { ...toolUse, id: 'b' },
            { ...toolUse, id: 'c', input: { x: 1 } },
            { ...toolUse, id: 'd', input: { _invalid_arguments: '{"x":' } },
            { ...toolUse, id: 'e', input: { _invalid_arguments: '[1]' } },
          ],
        },
      ],
    },
    warns: ['messages[1].content[3].arguments', 'messages[1].content[4].arguments'],
  },
  {
    row: 'prefill: trimmed on the right',
    content: { messages: [...hi, assistant(text('So, \n'))] },
    model: manual,
    body: { messages: [wireHi, { role: 'assistant', content: [{ type: 'text', text: 'So,' }] }] },
  },
  {
    row: 'refusal part',
    content: { messages: [...hi, assistant({ type: 'refusal', text: 'no' }), ...hi] },
    body: { messages: [wireHi, { role: 'assistant', content: [{ type: 'text', text: 'no' }] }, wireHi] },
  },
]

export const refusalCases: readonly RefusalCase[] = [
  {
    row: 'tools: custom',
    content: { messages: hi, tools: [{ kind: 'vendor', shape: 'openai', type: 'custom', name: 'c', raw: {} }] },
    param: 'tools[0].type',
  },
  {
    row: "tool_choice names another vendor's",
    content: {
      messages: hi,
      tools: [{ kind: 'vendor', shape: 'openai', type: 'web_search', name: 'w', raw: {} }],
      toolChoice: { type: 'tool', name: 'w' },
    },
    param: 'tool_choice',
  },
  {
    row: 'image: another scheme',
    content: { messages: [user({ type: 'image', source: { kind: 'url', url: 'file:///etc/passwd' } })] },
    param: 'messages[0].content[0]',
  },
  {
    row: 'image: file id',
    content: { messages: [user(text('a'), { type: 'image', source: { kind: 'file', fileId: 'f', shape: 'openai' } })] },
    param: 'messages[0].content[1]',
  },
  {
    row: 'file: another type',
    content: { messages: [user({ type: 'document', source: { kind: 'base64', mediaType: 'application/zip', data: 'AA' } })] },
    param: 'messages[0].content[0]',
  },
  {
    row: 'unknown content',
    content: { messages: [user({ type: 'opaque', shape: 'openai', kind: 'x', raw: {} })] },
    param: 'messages[0].content[0].type',
  },
  { row: 'empty messages', content: { messages: [] }, param: 'messages' },
  { row: 'empty user turn', content: { messages: [user(text(' '))] }, param: 'messages[0].content' },
  { row: 'prefill', content: { messages: [...hi, assistant(text('So'))] }, param: 'messages[1]' },
]
