// One case for each row of translation.md §2 that concerns this wire, as data. `encode`: content of another wire → the body
// we send. `decode`: a client's body → content.
import type { ModelCapabilities } from '../../../src/catalog/capabilities.ts'
import type { Message, Part, RequestContent } from '../../../src/ir/request.ts'
import { adaptive, manual } from './support.ts'

export interface EncodeCase {
  readonly row: string
  readonly content: Partial<RequestContent>
  readonly model?: ModelCapabilities
  readonly stream?: boolean
  /** Top-level fields of the body; undefined = must be absent. */
  readonly body: Readonly<Record<string, unknown>>
  /** Fields named in warnings; none when absent. */
  readonly warns?: readonly string[]
}

export interface RefusalCase {
  readonly row: string
  readonly content: Partial<RequestContent>
  readonly model?: ModelCapabilities
  readonly param: string
}

const text = (content: string): Part => ({ type: 'text', text: content })
const user = (...parts: readonly Part[]): Message => ({ role: 'user', parts, path: 'messages[0]' })
const assistant = (...parts: readonly Part[]): Message => ({ role: 'assistant', parts, path: 'messages[1]' })
const system = (content: string): Message => ({ role: 'system', parts: [text(content)], path: 'messages[2]' })
const call = (id: string, argsText = '{}', name = 'f'): Part => ({ type: 'toolCall', id, name, argsText })
const result = (callId: string, ...parts: readonly Part[]): Part => ({ type: 'toolResult', callId, parts, isError: false })
const hi = [user(text('hi'))]
const wireHi = { role: 'user', content: [{ type: 'text', text: 'hi' }] }
const tool = { kind: 'function', name: 'f' } as const
const wireTool = { name: 'f', input_schema: { type: 'object', properties: {} } }
const toolUse = { type: 'tool_use', id: 'a', name: 'f', input: {} }
const longName = 'n'.repeat(140)
const schema = { type: 'object', properties: { x: { type: 'number' } } }
const forced: ModelCapabilities = { ...manual, structuredOutput: true }

export const encodeCases: readonly EncodeCase[] = [
  { row: 'max tokens: of the client', content: { messages: hi, maxOutputTokens: 7 }, body: { max_tokens: 7 } },
  { row: 'max tokens: 32000 for a stream', content: { messages: hi }, stream: true, body: { max_tokens: 32_000, stream: true } },
  { row: 'max tokens: 8192 otherwise', content: { messages: hi }, body: { max_tokens: 8192, stream: undefined } },
  {
    row: "max tokens: never above the model's",
    content: { messages: hi },
    model: { ...adaptive, maxOutput: 4096 },
    body: { max_tokens: 4096 },
  },
  {
    row: 'system: leading, empty ones skipped',
    content: {
      system: [
        { type: 'text', text: 'a' },
        { type: 'text', text: ' ' },
      ],
      messages: hi,
    },
    body: { system: [{ type: 'text', text: 'a' }] },
  },
  {
    row: 'system: later, in place',
    content: { messages: [...hi, system('s')] },
    body: { messages: [wireHi, { role: 'system', content: [{ type: 'text', text: 's' }] }], system: undefined },
  },
  {
    row: 'system: later, moved to the front',
    content: { messages: [...hi, system('s')] },
    model: manual,
    body: { messages: [wireHi], system: [{ type: 'text', text: 's' }] },
    warns: ['messages[2]'],
  },
  {
    row: 'stop: white space',
    content: { messages: hi, stop: ['END', ' \n'] },
    body: { stop_sequences: ['END'] },
    warns: ['stop'],
  },
  { row: 'stop: none', content: { messages: hi }, body: { stop_sequences: undefined } },
  {
    row: 'temperature: clamped',
    content: { messages: hi, temperature: 1.5 },
    model: manual,
    body: { temperature: 1 },
    warns: ['temperature'],
  },
  {
    row: 'temperature: not taken',
    content: { messages: hi, temperature: 0.2 },
    body: { temperature: undefined },
    warns: ['temperature'],
  },
  {
    row: 'temperature: 1 says nothing',
    content: { messages: hi, temperature: 1, topP: 1 },
    body: { temperature: undefined, top_p: undefined },
  },
  {
    row: 'temperature: not while thinking',
    content: { messages: hi, temperature: 0.2, reasoning: { mode: 'effort', effort: 'low' } },
    model: manual,
    body: { temperature: undefined },
    warns: ['temperature'],
  },
  {
    row: 'temperature: wins over top_p',
    content: { messages: hi, temperature: 0.2, topP: 0.5 },
    model: manual,
    body: { temperature: 0.2, top_p: undefined },
    warns: ['top_p'],
  },
  { row: 'top_p and top_k: taken', content: { messages: hi, topP: 0.5, topK: 4 }, model: manual, body: { top_p: 0.5, top_k: 4 } },
  {
    row: 'top_p and top_k: not taken',
    content: { messages: hi, topP: 0.5, topK: 4 },
    body: { top_p: undefined, top_k: undefined },
    warns: ['top_p', 'top_k'],
  },
  {
    row: 'unmapped: W, and S where it says nothing',
    content: { messages: hi, unmapped: { seed: 7, store: false, logprobs: null, presence_penalty: 0 } },
    body: { seed: undefined },
    warns: ['seed'],
  },
  {
    row: 'response_format: json_schema',
    content: { messages: hi, output: { type: 'jsonSchema', schema } },
    body: { output_config: { format: { type: 'json_schema', schema } } },
  },
  {
    row: 'response_format: json_schema by a forced tool',
    content: { messages: hi, output: { type: 'jsonSchema', schema } },
    model: manual,
    body: {
      output_config: undefined,
      tool_choice: { type: 'tool', name: 'answer_as_json' },
      tools: [
        {
          name: 'answer_as_json',
          description: 'Gives the final answer. Its arguments are the whole answer.',
          input_schema: schema,
        },
      ],
    },
  },
  {
    row: 'response_format: json_object',
    content: { messages: hi, output: { type: 'jsonObject' } },
    body: { system: [{ type: 'text', text: 'Answer with one JSON object and nothing else.' }] },
    warns: ['response_format'],
  },
  { row: 'tools: no parameters', content: { messages: hi, tools: [tool] }, body: { tools: [wireTool] } },
  {
    row: 'tools: strict where it is known',
    content: { messages: hi, tools: [{ ...tool, strict: true }] },
    body: { tools: [{ ...wireTool, strict: true }] },
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
    warns: ['reasoning'],
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
    warns: ['reasoning'],
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
    row: 'reasoning: a model that does not think',
    content: { messages: hi, reasoning: { mode: 'effort', effort: 'low' } },
    model: { ...manual, thinking: 'none' },
    body: { thinking: undefined },
    warns: ['reasoning'],
  },
  {
    row: 'thinking in history: signed first, unsigned and ours S',
    content: {
      messages: [
        ...hi,
        assistant(
          text('x'),
          { type: 'thinking', text: 'no' },
          { type: 'thinking', text: 'ours', signature: 'metis.eA' },
          { type: 'thinking', text: 'yes', signature: 'Eq' },
          { type: 'redactedThinking', data: 'R' },
        ),
        ...hi,
      ],
    },
    body: {
      messages: [
        wireHi,
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 'yes', signature: 'Eq' },
            { type: 'redacted_thinking', data: 'R' },
            { type: 'text', text: 'x' },
          ],
        },
        wireHi,
      ],
    },
  },
  {
    row: 'thinking in history: unsigned tool turn',
    content: {
      messages: [...hi, assistant(call('a')), user(result('a', text('1')))],
      tools: [tool],
      reasoning: { mode: 'effort', effort: 'high' },
    },
    model: forced,
    body: { thinking: undefined },
    warns: ['reasoning'],
  },
  {
    row: 'thinking in history: signed tool turn',
    content: {
      messages: [...hi, assistant({ type: 'thinking', text: 't', signature: 'Eq' }, call('a')), user(result('a', text('1')))],
      maxOutputTokens: 20_000,
      tools: [tool],
      reasoning: { mode: 'effort', effort: 'high' },
    },
    model: forced,
    body: { thinking: { type: 'enabled', budget_tokens: 16_384 } },
  },
  { row: 'user', content: { messages: hi, userId: 'u1' }, body: { metadata: { user_id: 'u1' } } },
  {
    row: 'user: longer than 256',
    content: { messages: hi, userId: 'u'.repeat(300) },
    body: { metadata: { user_id: `${'u'.repeat(247)}_8b5089b4` } },
    warns: ['user'],
  },
  { row: 'tier: auto and default absent', content: { messages: hi, serviceTier: 'auto' }, body: { service_tier: undefined } },
  { row: 'tier: priority', content: { messages: hi, serviceTier: 'priority' }, body: { service_tier: 'auto' } },
  {
    row: 'tier: flex',
    content: { messages: hi, serviceTier: 'flex' },
    body: { service_tier: undefined },
    warns: ['service_tier'],
  },
  {
    row: 'caching: on parts, system and tools; never on an empty block',
    content: {
      system: [{ type: 'text', text: 's', cache: { ttl: '1h' } }],
      messages: [user({ type: 'text', text: 'hi', cache: {} }, { type: 'text', text: '', cache: {} })],
      tools: [{ ...tool, cache: { ttl: '5m' } }],
    },
    body: {
      system: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral', ttl: '1h' } }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } }] }],
      tools: [{ ...wireTool, cache_control: { type: 'ephemeral', ttl: '5m' } }],
    },
  },
  {
    row: 'caching: at most four',
    content: {
      messages: [user(...['1', '2', '3', '4', '5'].map((content): Part => ({ type: 'text', text: content, cache: {} })))],
    },
    body: {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: '1' },
            ...['2', '3', '4', '5'].map((content) => ({ type: 'text', text: content, cache_control: { type: 'ephemeral' } })),
          ],
        },
      ],
    },
    warns: ['cache_control'],
  },
  {
    row: 'image: data and url, image/jpg mended',
    content: {
      messages: [
        user(
          { type: 'image', source: { kind: 'base64', mediaType: 'image/jpg', data: 'AA' } },
          { type: 'image', source: { kind: 'url', url: 'https://x/y.png' } },
        ),
      ],
    },
    body: {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image', source: { type: 'base64', media_type: 'image/jpeg', data: 'AA' } },
            { type: 'image', source: { type: 'url', url: 'https://x/y.png' } },
          ],
        },
      ],
    },
  },
  {
    row: 'file: PDF and text',
    content: {
      messages: [
        user(
          { type: 'document', name: 'a.pdf', source: { kind: 'base64', mediaType: 'application/pdf', data: 'AA' } },
          { type: 'document', source: { kind: 'base64', mediaType: 'text/csv', data: btoa('a;b') } },
        ),
      ],
    },
    body: {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: 'AA' }, title: 'a.pdf' },
            { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a;b' } },
          ],
        },
      ],
    },
  },
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
