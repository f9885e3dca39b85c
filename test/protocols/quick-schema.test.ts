// The short cut of a schema is exact: what it passes, the schema would have given back unchanged.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as anthropic from '../../src/protocols/anthropic/answer-schema.ts'
import * as openai from '../../src/protocols/openai/schema.ts'
import type { LookedAt } from '../../src/protocols/quick-schema.ts'

const usage = {
  prompt_tokens: 12,
  completion_tokens: 3,
  total_tokens: 15,
  prompt_tokens_details: { cached_tokens: 4, audio_tokens: null },
  completion_tokens_details: { reasoning_tokens: 1 },
  cost: 0.01,
}
const toolCalls = [{ index: 0, id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }]
const message = { role: 'assistant', content: 'hi', refusal: null, reasoning: 'so', annotations: null, tool_calls: toolCalls }
const counts = {
  input_tokens: 1,
  output_tokens: 2,
  cache_creation: { ephemeral_5m_input_tokens: 1, ephemeral_1h_input_tokens: 0 },
  output_tokens_details: { thinking_tokens: 1 },
  server_tool_use: { web_search_requests: 1 },
  service_tier: 'standard',
}
const block = { type: 'tool_use', id: 'toolu_1', name: 'f', input: { a: [1] }, text: null, citations: [{ url: 'u' }] }

const cases: readonly (readonly [name: string, schema: LookedAt<unknown>, usual: object])[] = [
  [
    'a chunk of Chat Completions',
    openai.chunkSchema,
    { id: 'c', model: 'm', choices: [{ index: 0, finish_reason: 'stop', delta: message }], usage, service_tier: 'default' },
  ],
  [
    'an answer of Chat Completions',
    openai.answerSchema,
    { id: 'c', model: 'm', choices: [{ index: 0, finish_reason: 'stop', message }], usage, service_tier: null },
  ],
  [
    'an answer of Messages',
    anthropic.answerSchema,
    { type: 'message', id: 'm', model: 'x', content: [block], usage: counts, stop_reason: 'tool_use', stop_sequence: null },
  ],
  ['the start of a block', anthropic.blockStartSchema, { type: 'content_block_start', index: 0, content_block: block }],
  ['a delta of a block', anthropic.blockDeltaSchema, { index: 0, delta: { type: 'text_delta', text: 'a', signature: null } }],
]

/** Where a value of any form is put: every path of the usual one. */
function pathsOf(value: unknown): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [[]]
  return [[], ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner).map((path) => [key].concat(path)))]
}

function replaced(value: unknown, path: readonly string[], by: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return by
  if (Array.isArray(value)) return value.map((element, index) => (String(index) === key ? replaced(element, rest, by) : element))
  if (typeof value !== 'object' || value === null) return by
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, name === key ? replaced(inner, rest, by) : inner]),
  )
}

// Zod leaves a key `__proto__` out, and nobody reads one.
const json = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'))
const anyForm = fc.oneof(json, fc.constantFrom(undefined, Infinity, -0, '', [], {}, [null], { name: 1 }))

describe.each(cases)('%s', (_, schema, usual) => {
  it('needs no schema in its usual form', () => {
    expect(schema.look(usual)).toBe(true)
  })

  it('is never read otherwise than its schema reads it, whatever stands in it', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...pathsOf(usual)),
        fc.constantFrom(...pathsOf(usual)),
        anyForm,
        anyForm,
        (one, other, a, b) => {
          const value = replaced(replaced(usual, one, a), other, b)
          if (!schema.look(value)) return
          expect(schema.whole.safeParse(value)).toEqual({ success: true, data: value })
        },
      ),
      { numRuns: 2000 },
    )
  })
})
