// Rows of translation.md §2 and §3 as a client of this wire writes them. Body → content.
import { schema } from './builders.ts'

export interface DecodeCase {
  readonly row: string
  readonly body: Readonly<Record<string, unknown>>
  readonly content: Readonly<Record<string, unknown>>
}

const block = (content: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  messages: [{ role: 'user', content: [content] }],
})
const part = (...parts: readonly unknown[]): Readonly<Record<string, unknown>> => ({
  messages: [{ role: 'user', parts, path: 'messages[0]' }],
})

export const decodeCases: readonly DecodeCase[] = [
  { row: 'system: text', body: { system: 's' }, content: { system: [{ type: 'text', text: 's' }] } },
  {
    row: "system: blocks, Claude Code's header dropped",
    body: {
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1; cc_entrypoint=cli;' },
        { type: 'text', text: 's', cache_control: { type: 'ephemeral', ttl: '1h' } },
      ],
    },
    content: { system: [{ type: 'text', text: 's', cache: { ttl: '1h' } }] },
  },
  {
    row: 'system inside messages',
    body: { messages: [{ role: 'system', content: 's' }] },
    content: { messages: [{ role: 'system', parts: [{ type: 'text', text: 's' }], path: 'messages[0]' }] },
  },
  {
    row: 'max tokens, stop, sampling',
    body: { max_tokens: 0, stop_sequences: ['a'], temperature: 0, top_p: 0.1, top_k: 3 },
    content: { maxOutputTokens: 0, stop: ['a'], temperature: 0, topP: 0.1, topK: 3 },
  },
  {
    row: 'output format',
    body: { output_config: { format: { type: 'json_schema', schema } } },
    content: { output: { type: 'jsonSchema', schema } },
  },
  {
    row: 'output format of the beta',
    body: { output_format: { type: 'json_schema', schema } },
    content: { output: { type: 'jsonSchema', schema } },
  },
  {
    row: 'tools',
    body: {
      tools: [
        {
          type: 'custom',
          name: 'f',
          description: 'd',
          input_schema: schema,
          strict: true,
          defer_loading: true,
          cache_control: { type: 'ephemeral' },
        },
      ],
    },
    content: { tools: [{ kind: 'function', name: 'f', description: 'd', parameters: schema, strict: true, cache: {} }] },
  },
  {
    row: 'tools of the vendor',
    body: { tools: [{ type: 'web_search_20250305', name: 'web_search' }] },
    content: {
      tools: [
        {
          kind: 'vendor',
          shape: 'anthropic',
          type: 'web_search_20250305',
          name: 'web_search',
          raw: { type: 'web_search_20250305', name: 'web_search' },
        },
      ],
    },
  },
  {
    row: 'tool_choice: any',
    body: { tool_choice: { type: 'any' } },
    content: { toolChoice: { type: 'required' }, parallelToolCalls: undefined },
  },
  {
    row: 'tool_choice: tool, not parallel',
    body: { tool_choice: { type: 'tool', name: 'f', disable_parallel_tool_use: true } },
    content: { toolChoice: { type: 'tool', name: 'f' }, parallelToolCalls: false },
  },
  { row: 'tool_choice: none', body: { tool_choice: { type: 'none' } }, content: { toolChoice: { type: 'none' } } },
  {
    row: 'reasoning: adaptive with effort',
    body: { thinking: { type: 'adaptive', display: 'omitted' }, output_config: { effort: 'high' } },
    content: { reasoning: { mode: 'auto', effort: 'high' } },
  },
  {
    row: 'reasoning: budget',
    body: { thinking: { type: 'enabled', budget_tokens: 2000 } },
    content: { reasoning: { mode: 'budget', budgetTokens: 2000 } },
  },
  { row: 'reasoning: off', body: { thinking: { type: 'disabled' } }, content: { reasoning: { mode: 'off' } } },
  {
    row: 'reasoning: effort alone',
    body: { output_config: { effort: 'low' } },
    content: { reasoning: { mode: 'effort', effort: 'low' } },
  },
  { row: 'reasoning: not told', body: {}, content: { reasoning: undefined } },
  {
    row: 'user and tier',
    body: { metadata: { user_id: 'u' }, service_tier: 'standard_only' },
    content: { userId: 'u', serviceTier: 'standard_only' },
  },
  {
    row: 'fields without a place',
    body: {
      context_management: { edits: [] },
      container: 'c',
      speed: 'fast',
      inference_geo: null,
      cache_control: { type: 'ephemeral' },
      mcp_servers: [],
      output_config: { task_budget: 1 },
    },
    content: { unmapped: { context_management: { edits: [] }, container: 'c', speed: 'fast', 'output_config.task_budget': 1 } },
  },
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
]

export const decodeRefusals: readonly {
  readonly row: string
  readonly body: Readonly<Record<string, unknown>>
  readonly param: string
}[] = [
  { row: 'mcp_servers', body: { mcp_servers: [{ url: 'https://x' }] }, param: 'mcp_servers' },
  { row: 'thread', body: { thread: { type: 'continue' } }, param: 'thread' },
  { row: 'role', body: { messages: [{ role: 'robot', content: 'x' }] }, param: 'messages[0].role' },
  { row: 'system block', body: { system: [{ type: 'image' }] }, param: 'system[0].type' },
  { row: 'text that is none', body: block({ type: 'text', text: 7 }), param: 'messages[0].content[0].text' },
  { row: 'tool without a name', body: { tools: [{ input_schema: {} }] }, param: 'tools[0].name' },
  { row: 'tool_choice', body: { tool_choice: { type: 'some' } }, param: 'tool_choice.type' },
]
