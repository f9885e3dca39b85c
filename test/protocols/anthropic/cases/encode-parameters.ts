// Rows of translation.md §2, column O->A: parameters. Content of another wire → fields of the body we send.
import { system, hi, tool, wireHi, schema, type EncodeCase } from './builders.ts'
import { adaptive, manual } from '../support.ts'

export const parameterCases: readonly EncodeCase[] = [
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
    row: "max tokens: of the client, lowered to the model's",
    content: { messages: hi, maxOutputTokens: 200_000 },
    body: { max_tokens: 64_000 },
    warns: ['max_tokens'],
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
    row: 'response_format: json_schema with words that the API refuses',
    content: {
      messages: hi,
      output: {
        type: 'jsonSchema',
        schema: {
          $schema: 'https://json-schema.org/draft/2020-12/schema',
          type: 'object',
          properties: {
            age: { type: 'integer', description: 'In years', minimum: 0, maximum: 150 },
            id: { type: 'string', format: 'uuid', maxLength: 36 },
            link: { type: 'string', format: 'uri-reference' },
            tags: { type: 'array', items: { type: 'string' }, minItems: 1, uniqueItems: true },
            pair: { type: 'array', items: { type: 'number' }, minItems: 2 },
            kind: { oneOf: [{ const: 'a' }, { type: ['object', 'null'], properties: {}, additionalProperties: true }] },
            node: { $ref: '#/$defs/node' },
            any: true,
            map: { type: 'object', additionalProperties: { type: 'number' } },
          },
          required: ['age'],
          $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } } } },
        },
      },
    },
    body: {
      output_config: {
        format: {
          type: 'json_schema',
          schema: {
            type: 'object',
            properties: {
              age: { type: 'integer', description: 'In years\n\n{minimum: 0, maximum: 150}' },
              id: { type: 'string', format: 'uuid', description: '{maxLength: 36}' },
              link: { type: 'string', description: '{format: "uri-reference"}' },
              tags: { type: 'array', items: { type: 'string' }, minItems: 1, description: '{uniqueItems: true}' },
              pair: { type: 'array', items: { type: 'number' }, description: '{minItems: 2}' },
              kind: { anyOf: [{ const: 'a' }, { type: ['object', 'null'], properties: {}, additionalProperties: false }] },
              node: { $ref: '#/$defs/node' },
              any: true,
              map: { type: 'object', description: '{additionalProperties: {"type":"number"}}', additionalProperties: false },
            },
            required: ['age'],
            $defs: { node: { type: 'object', properties: { next: { $ref: '#/$defs/node' } }, additionalProperties: false } },
            additionalProperties: false,
          },
        },
      },
    },
    warns: ['response_format'],
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
    row: 'response_format: json_schema by a forced tool beside others: some call must be',
    content: { messages: hi, tools: [tool], parallelToolCalls: false, output: { type: 'jsonSchema', schema } },
    model: manual,
    body: { tool_choice: { type: 'any', disable_parallel_tool_use: true } },
  },
  {
    row: 'response_format: json_schema by a forced tool beside others that must not be called',
    content: { messages: hi, tools: [tool], toolChoice: { type: 'none' }, output: { type: 'jsonSchema', schema } },
    model: manual,
    body: { tool_choice: { type: 'tool', name: 'answer_as_json' } },
  },
  {
    row: 'response_format: json_schema by a forced tool beside the one that must be called',
    content: { messages: hi, tools: [tool], toolChoice: { type: 'tool', name: 'f' }, output: { type: 'jsonSchema', schema } },
    model: manual,
    body: { tool_choice: { type: 'tool', name: 'f' } },
  },
  {
    row: 'response_format: json_object',
    content: { messages: hi, output: { type: 'jsonObject' } },
    body: { system: [{ type: 'text', text: 'Answer with one JSON object and nothing else.' }] },
    warns: ['response_format'],
  },
]
