// Rows of translation.md §2, column O->A: tools, and how hard the model thinks.
import { hi, tool, wireTool, longName, type EncodeCase } from './builders.ts'
import { adaptive, manual } from '../support.ts'

export const toolCases: readonly EncodeCase[] = [
  { row: 'tools: no parameters', content: { messages: hi, tools: [tool] }, body: { tools: [wireTool] } },
  {
    row: 'tools: strict where it is known',
    content: { messages: hi, tools: [{ ...tool, strict: true }] },
    body: { tools: [{ ...wireTool, input_schema: { ...wireTool.input_schema, additionalProperties: false }, strict: true }] },
  },
  {
    row: 'tools: strict with words that the API refuses',
    content: {
      messages: hi,
      tools: [{ ...tool, strict: true, parameters: { type: 'object', properties: { x: { type: 'number', minimum: 1 } } } }],
    },
    body: {
      tools: [
        {
          ...wireTool,
          input_schema: {
            type: 'object',
            properties: { x: { type: 'number', description: '{minimum: 1}' } },
            additionalProperties: false,
          },
          strict: true,
        },
      ],
    },
    warns: ['tools[0]'],
  },
  {
    row: 'tools: strict S',
    content: { messages: hi, tools: [{ ...tool, strict: true }] },
    model: manual,
    body: { tools: [wireTool] },
  },
  {
    row: "tools: another vendor's",
    content: { messages: hi, tools: [tool, { kind: 'vendor', shape: 'openai', type: 'web_search', raw: {} }] },
    body: { tools: [wireTool] },
    warns: ['tools[1]'],
  },
  {
    row: 'tools: none',
    content: { messages: hi, toolChoice: { type: 'required' }, parallelToolCalls: false },
    body: { tools: undefined, tool_choice: undefined },
  },
  {
    row: 'tool name: too long',
    content: { messages: hi, tools: [{ ...tool, name: longName }], toolChoice: { type: 'tool', name: longName } },
    body: {
      tools: [{ ...wireTool, name: `${'n'.repeat(55)}_976ca8c2` }],
      tool_choice: { type: 'tool', name: `${'n'.repeat(55)}_976ca8c2` },
    },
  },
  {
    row: 'tool_choice: auto',
    content: { messages: hi, tools: [tool], toolChoice: { type: 'auto' } },
    body: { tool_choice: { type: 'auto' } },
  },
  {
    row: 'tool_choice: required',
    content: { messages: hi, tools: [tool], toolChoice: { type: 'required' } },
    body: { tool_choice: { type: 'any' } },
  },
  ...([{ type: 'required' }, { type: 'tool', name: 'f' }] as const).map((toolChoice) => ({
    row: `tool_choice: ${toolChoice.type}, of a model that cannot be made to`,
    content: { messages: hi, tools: [tool], toolChoice, parallelToolCalls: false },
    model: { ...adaptive, refusesForcedTools: true },
    body: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
    warns: ['tool_choice'],
  })),
  {
    row: 'tool_choice: auto and none, of a model that cannot be made to',
    content: { messages: hi, tools: [tool], toolChoice: { type: 'none' } },
    model: { ...adaptive, refusesForcedTools: true },
    body: { tool_choice: { type: 'none' } },
    warns: [],
  },
  {
    row: 'tool_choice: none',
    content: { messages: hi, tools: [tool], toolChoice: { type: 'none' }, parallelToolCalls: false },
    body: { tool_choice: { type: 'none' } },
  },
  {
    row: 'tool_choice: allowed',
    content: {
      messages: hi,
      tools: [tool, { ...tool, name: 'g' }],
      toolChoice: { type: 'allowed', mode: 'required', names: ['f'] },
    },
    body: { tools: [wireTool], tool_choice: { type: 'any' } },
  },
  {
    row: 'parallel: on the choice there is',
    content: { messages: hi, tools: [tool], toolChoice: { type: 'tool', name: 'f' }, parallelToolCalls: false },
    body: { tool_choice: { type: 'tool', name: 'f', disable_parallel_tool_use: true } },
  },
  {
    row: 'parallel: auto is created',
    content: { messages: hi, tools: [tool], parallelToolCalls: false },
    body: { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
  },
  {
    row: 'parallel: true S',
    content: { messages: hi, tools: [tool], parallelToolCalls: true },
    body: { tool_choice: undefined },
  },
  {
    row: 'forced tool + thinking',
    content: { messages: hi, tools: [tool], toolChoice: { type: 'required' }, reasoning: { mode: 'effort', effort: 'high' } },
    model: manual,
    body: { thinking: undefined },
    warns: ['reasoning_effort'],
  },
  {
    row: 'forced tool + thinking: only manual thinking minds',
    content: { messages: hi, tools: [tool], toolChoice: { type: 'required' }, reasoning: { mode: 'effort', effort: 'high' } },
    body: { thinking: { type: 'adaptive' }, output_config: { effort: 'high' }, tool_choice: { type: 'any' } },
  },
  {
    row: 'reasoning: adaptive',
    content: { messages: hi, reasoning: { mode: 'effort', effort: 'high' } },
    body: { thinking: { type: 'adaptive' }, output_config: { effort: 'high' } },
  },
  {
    row: 'reasoning: minimal is low',
    content: { messages: hi, reasoning: { mode: 'effort', effort: 'minimal' } },
    body: { output_config: { effort: 'low' } },
    warns: [],
  },
  {
    row: 'reasoning: next lower level',
    content: { messages: hi, reasoning: { mode: 'effort', effort: 'xhigh' } },
    body: { output_config: { effort: 'high' } },
    warns: ['reasoning_effort'],
  },
  {
    row: 'reasoning: a budget for an adaptive model',
    content: { messages: hi, reasoning: { mode: 'budget', budgetTokens: 5000 } },
    body: { thinking: { type: 'adaptive' }, output_config: { effort: 'medium' } },
  },
  {
    row: 'reasoning: effort as budget',
    content: { messages: hi, maxOutputTokens: 30_000, reasoning: { mode: 'effort', effort: 'high' } },
    model: manual,
    body: { thinking: { type: 'enabled', budget_tokens: 16_384 }, output_config: undefined },
  },
  {
    row: 'reasoning: a limit of ours leaves the answer its room beside the budget',
    content: { messages: hi, reasoning: { mode: 'effort', effort: 'medium' } },
    model: manual,
    body: { max_tokens: 16_384, thinking: { type: 'enabled', budget_tokens: 8192 } },
  },
  {
    row: 'reasoning: a limit of ours stays within the model',
    content: { messages: hi, reasoning: { mode: 'effort', effort: 'medium' } },
    model: { ...manual, maxOutput: 8192 },
    body: { max_tokens: 8192, thinking: { type: 'enabled', budget_tokens: 8191 } },
  },
  {
    row: 'reasoning: a limit of ours has no room to spare where the model does not think',
    content: { messages: hi, tools: [tool], toolChoice: { type: 'required' }, reasoning: { mode: 'effort', effort: 'medium' } },
    model: manual,
    body: { max_tokens: 8192, thinking: undefined },
    warns: ['reasoning_effort'],
  },
  {
    row: 'reasoning: below max_tokens',
    content: { messages: hi, maxOutputTokens: 4000, reasoning: { mode: 'effort', effort: 'max' } },
    model: manual,
    body: { thinking: { type: 'enabled', budget_tokens: 3999 } },
  },
  {
    row: 'reasoning: below 1024 off',
    content: { messages: hi, maxOutputTokens: 1000, reasoning: { mode: 'effort', effort: 'low' } },
    model: manual,
    body: { thinking: undefined },
    warns: ['reasoning_effort'],
  },
  {
    row: 'reasoning: off where it is the default',
    content: { messages: hi, reasoning: { mode: 'off' } },
    body: { thinking: undefined },
  },
  {
    row: 'reasoning: off where it is not',
    content: { messages: hi, reasoning: { mode: 'off' } },
    model: { ...adaptive, thinksByDefault: true },
    body: { thinking: { type: 'disabled' } },
  },
  {
    row: 'reasoning: off where it cannot be: as little as there is',
    content: { messages: hi, reasoning: { mode: 'off' } },
    model: { ...adaptive, thinksByDefault: true, alwaysThinks: true },
    body: { thinking: undefined, output_config: { effort: 'low' } },
    warns: ['reasoning_effort'],
  },
  {
    row: 'reasoning: off where it has another word',
    content: { messages: hi, reasoning: { mode: 'off' } },
    model: { ...adaptive, thinksByDefault: true, leastThinking: 'between_tools' },
    body: { thinking: { type: 'between_tools' }, output_config: undefined },
    warns: [],
  },
  {
    row: 'reasoning: a model that does not think',
    content: { messages: hi, reasoning: { mode: 'effort', effort: 'low' } },
    model: { ...manual, thinking: 'none' },
    body: { thinking: undefined },
    warns: ['reasoning_effort'],
  },
]
