// Rows of translation.md §2 as a client of this wire writes them: content, and what cannot leave this wire.
import type { DecodeCase } from './decode.ts'
import { schema } from './builders.ts'

const block = (content: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  messages: [{ role: 'user', content: [content] }],
})
const part = (...parts: readonly unknown[]): Readonly<Record<string, unknown>> => ({
  messages: [{ role: 'user', parts, path: 'messages[0]' }],
})

export const decodeContentCases: readonly DecodeCase[] = [
  {
    row: 'image: base64',
    body: block({
      type: 'image',
      source: { type: 'base64', media_type: 'image/png', data: 'A' },
      cache_control: { type: 'ephemeral' },
    }),
    content: part({ type: 'image', source: { kind: 'base64', mediaType: 'image/png', data: 'A' }, cache: {} }),
  },
  {
    row: 'image: url',
    body: block({ type: 'image', source: { type: 'url', url: 'https://x' } }),
    content: part({ type: 'image', source: { kind: 'url', url: 'https://x' } }),
  },
  {
    row: 'image: file',
    body: block({ type: 'image', source: { type: 'file', file_id: 'f' } }),
    content: part({ type: 'image', source: { kind: 'file', fileId: 'f', shape: 'anthropic' } }),
  },
  {
    row: 'document: PDF',
    body: block({ type: 'document', title: 't', source: { type: 'base64', media_type: 'application/pdf', data: 'A' } }),
    content: part({ type: 'document', name: 't', source: { kind: 'base64', mediaType: 'application/pdf', data: 'A' } }),
  },
  {
    row: 'document: text, with its context',
    body: block({ type: 'document', context: 'c', source: { type: 'text', media_type: 'text/plain', data: 'd' } }),
    content: part(
      { type: 'text', text: 'c' },
      { type: 'document', source: { kind: 'text', text: 'd', mediaType: 'text/plain' } },
    ),
  },
  {
    row: 'document: content',
    body: block({
      type: 'document',
      source: {
        type: 'content',
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
          { type: 'image', source: { type: 'url', url: 'https://x' } },
        ],
      },
    }),
    content: part(
      { type: 'document', source: { kind: 'text', text: 'a\n\nb' } },
      { type: 'image', source: { kind: 'url', url: 'https://x' } },
    ),
  },
  {
    row: 'tool call: string input kept',
    body: block({ type: 'tool_use', id: 'a', name: 'f', input: '{"broken":' }),
    content: part({ type: 'toolCall', id: 'a', name: 'f', argsText: '{"broken":' }),
  },
  {
    row: 'tool call: no input',
    body: block({ type: 'tool_use', id: 'a', name: 'f' }),
    content: part({ type: 'toolCall', id: 'a', name: 'f', argsText: '' }),
  },
  {
    row: 'tool result: text',
    body: block({ type: 'tool_result', tool_use_id: 'a', content: 'r', is_error: true }),
    content: part({ type: 'toolResult', callId: 'a', parts: [{ type: 'text', text: 'r' }], isError: true }),
  },
  {
    row: 'tool result: nothing',
    body: block({ type: 'tool_result', tool_use_id: 'a' }),
    content: part({ type: 'toolResult', callId: 'a', parts: [], isError: false }),
  },
  {
    row: 'thinking: signed, unsigned, redacted',
    body: {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'thinking', thinking: 't', signature: 'S' },
            { type: 'thinking', thinking: 'u', signature: '' },
            { type: 'redacted_thinking', data: 'd' },
          ],
        },
      ],
    },
    content: part(
      { type: 'thinking', text: 't', signature: 'S' },
      { type: 'thinking', text: 'u' },
      { type: 'redactedThinking', data: 'd' },
    ),
  },
  {
    row: 'unknown block',
    body: block({ type: 'search_result', source: 's' }),
    content: part({ type: 'opaque', shape: 'anthropic', kind: 'search_result', raw: { type: 'search_result', source: 's' } }),
  },
  {
    row: 'system inside messages: tool changes say nothing, a tool defined there is found',
    body: {
      tools: [{ name: 'f', input_schema: schema }],
      messages: [
        { role: 'user', content: 'hi' },
        {
          role: 'system',
          content: [
            { type: 'tool_addition', tool: { type: 'tool_reference', name: 'f' } },
            { type: 'tool_addition', tool: { type: 'tool_definition', definition: { name: 'g', input_schema: schema } } },
            { type: 'text', text: 's' },
          ],
        },
        { role: 'system', content: [{ type: 'tool_removal', tool: { type: 'tool_reference', name: 'f' } }] },
        { role: 'system', output_config: { effort: 'low' } },
      ],
    },
    content: {
      messages: [
        { role: 'user', parts: [{ type: 'text', text: 'hi' }], path: 'messages[0]' },
        { role: 'system', parts: [{ type: 'text', text: 's' }], path: 'messages[1]' },
      ],
      tools: [
        { kind: 'function', name: 'f', parameters: schema },
        { kind: 'function', name: 'g', parameters: schema },
      ],
    },
  },
  {
    row: 'system inside messages: shown until the next user message',
    body: {
      messages: [
        { role: 'system', content: 'old', clear_at: 'next_user_message' },
        { role: 'user', content: 'hi' },
        { role: 'system', content: 'new', clear_at: 'next_user_message' },
      ],
    },
    content: {
      messages: [
        { role: 'user', parts: [{ type: 'text', text: 'hi' }], path: 'messages[1]' },
        { role: 'system', parts: [{ type: 'text', text: 'new' }], path: 'messages[2]' },
      ],
    },
  },
  {
    row: 'tool result: what a tool search found',
    body: block({ type: 'tool_result', tool_use_id: 'a', content: [{ type: 'tool_reference', tool_name: 'g' }] }),
    content: part({
      type: 'toolResult',
      callId: 'a',
      parts: [{ type: 'text', text: 'The tool g is available.' }],
      isError: false,
    }),
  },
  {
    row: 'words of tomorrow',
    body: { service_tier: 'turbo', output_config: { effort: 'ultra' } },
    content: {
      serviceTier: undefined,
      reasoning: undefined,
      unmapped: { service_tier: 'turbo', 'output_config.effort': 'ultra' },
    },
  },
]

export const decodeRefusals: readonly {
  readonly row: string
  readonly body: Readonly<Record<string, unknown>>
  readonly param: string
}[] = [
  { row: 'mcp_servers', body: { mcp_servers: [{ url: 'https://x' }] }, param: 'mcp_servers' },
  { row: 'thread', body: { thread: { type: 'continue' } }, param: 'thread' },
  { row: 'empty messages', body: { messages: [] }, param: 'messages' },
  { row: 'role', body: { messages: [{ role: 'robot', content: 'x' }] }, param: 'messages[0].role' },
  { row: 'system block', body: { system: [{ type: 'image' }] }, param: 'system[0].type' },
  { row: 'text that is none', body: block({ type: 'text', text: 7 }), param: 'messages[0].content[0].text' },
  { row: 'tool without a name', body: { tools: [{ input_schema: {} }] }, param: 'tools[0].name' },
  { row: 'tool_choice', body: { tool_choice: { type: 'some' } }, param: 'tool_choice.type' },
]
