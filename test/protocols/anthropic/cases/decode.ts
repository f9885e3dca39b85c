// Rows of translation.md §2 and §3 as a client of this wire writes them. Body → content.
import { schema } from './builders.ts'

export interface DecodeCase {
  readonly row: string
  readonly body: Readonly<Record<string, unknown>>
  readonly content: Readonly<Record<string, unknown>>
}

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
]
