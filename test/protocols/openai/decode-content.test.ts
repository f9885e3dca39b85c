// One case per row of translation.md §2, column O->A, as far as reading goes: what the IR says of a chat body.
import { describe, expect, it } from 'vitest'
import type { RequestContent } from '../../../src/ir/request.ts'
import { requestOf } from './fixtures.ts'

const hi = [{ role: 'user', content: 'Hi' }]
const pdf = 'data:application/pdf;base64,JVBERi0='

function contentOf(body: object): RequestContent {
  return requestOf({ model: 'm', messages: hi, ...body }).content()
}

describe('the parameters of a chat request', () => {
  it.each<[string, object, Partial<RequestContent>]>([
    ['max_completion_tokens before max_tokens', { max_tokens: 1, max_completion_tokens: 2 }, { maxOutputTokens: 2 }],
    ['max_tokens alone', { max_tokens: 1 }, { maxOutputTokens: 1 }],
    ['a stop string', { stop: 'a' }, { stop: ['a'] }],
    ['stop: null', { stop: null }, { stop: [] }],
    ['temperature, top_p and top_k', { temperature: 1.5, top_p: 0.5, top_k: 4 }, { temperature: 1.5, topP: 0.5, topK: 4 }],
    ['reasoning_effort', { reasoning_effort: 'xhigh' }, { reasoning: { mode: 'effort', effort: 'xhigh' } }],
    ['reasoning_effort none', { reasoning_effort: 'none' }, { reasoning: { mode: 'off' } }],
    ['OpenRouter’s budget', { reasoning: { max_tokens: 2000 } }, { reasoning: { mode: 'budget', budgetTokens: 2000 } }],
    ['OpenRouter’s switch', { reasoning: { enabled: false } }, { reasoning: { mode: 'off' } }],
    [
      'LiteLLM’s thinking',
      { thinking: { type: 'enabled', budget_tokens: 4000 } },
      { reasoning: { mode: 'budget', budgetTokens: 4000 } },
    ],
    ['LiteLLM’s adaptive thinking', { thinking: { type: 'adaptive' } }, { reasoning: { mode: 'auto' } }],
    [
      'an effort of tomorrow, beside a budget of today',
      { reasoning: { effort: 'ultra', max_tokens: 2000 } },
      { reasoning: { mode: 'budget', budgetTokens: 2000 }, unmapped: { 'reasoning.effort': 'ultra' } },
    ],
    ['json_object', { response_format: { type: 'json_object' } }, { output: { type: 'jsonObject' } }],
    [
      'json_schema',
      { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' }, strict: true } } },
      { output: { type: 'jsonSchema', name: 'n', schema: { type: 'object' }, strict: true } },
    ],
    ['safety_identifier before user', { user: 'a', safety_identifier: 'b' }, { userId: 'b' }],
    ['user', { user: 'a' }, { userId: 'a' }],
    ['the tier', { service_tier: 'flex' }, { serviceTier: 'flex' }],
    ['parallel_tool_calls', { parallel_tool_calls: false }, { parallelToolCalls: false }],
    [
      'Anthropic’s word for it',
      { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
      { parallelToolCalls: false, toolChoice: { type: 'auto' } },
    ],
    ['tool_choice words', { tool_choice: 'required' }, { toolChoice: { type: 'required' } }],
    ['a named tool', { tool_choice: { type: 'function', function: { name: 'f' } } }, { toolChoice: { type: 'tool', name: 'f' } }],
    ['a flat named tool', { tool_choice: { type: 'function', name: 'f' } }, { toolChoice: { type: 'tool', name: 'f' } }],
    ['an Anthropic named tool', { tool_choice: { type: 'tool', name: 'f' } }, { toolChoice: { type: 'tool', name: 'f' } }],
    ['Anthropic any', { tool_choice: { type: 'any' } }, { toolChoice: { type: 'required' } }],
    [
      'allowed_tools',
      {
        tool_choice: {
          type: 'allowed_tools',
          allowed_tools: { mode: 'required', tools: [{ type: 'function', function: { name: 'f' } }, { name: 'g' }] },
        },
      },
      { toolChoice: { type: 'allowed', mode: 'required', names: ['f', 'g'] } },
    ],
    ['legacy function_call', { function_call: { name: 'f' } }, { toolChoice: { type: 'tool', name: 'f' } }],
  ])('carry %s', (_, body, expected) => {
    expect(contentOf(body)).toMatchObject(expected)
  })

  it('keep what no other wire has, and leave out what says nothing', () => {
    const body = {
      seed: 7,
      logit_bias: { 1: 2 },
      metadata: { a: 'b' },
      verbosity: 'low',
      service_tier: 'scale',
      reasoning_effort: 'ultra',
      response_format: { type: 'grammar' },
      web_search_options: {},
      logprobs: false,
      presence_penalty: 0,
      store: null,
      n: 1,
      modalities: ['text'],
      prompt_cache_key: 'k',
      stream_options: { include_usage: true },
    }
    expect(contentOf(body).unmapped).toEqual({
      seed: 7,
      logit_bias: { 1: 2 },
      metadata: { a: 'b' },
      verbosity: 'low',
      service_tier: 'scale',
      reasoning_effort: 'ultra',
      response_format: { type: 'grammar' },
      web_search_options: {},
    })
  })

  it.each<[string, object, string]>([
    ['several answers', { n: 2 }, 'n'],
    ['audio output', { modalities: ['text', 'audio'] }, 'modalities'],
    ['an audio voice', { audio: { voice: 'alloy' } }, 'audio'],
    ['an empty conversation', { messages: [] }, 'messages'],
    ['a wrong type', { temperature: 'hot' }, 'temperature'],
    [
      'a schema without schema',
      { response_format: { type: 'json_schema', json_schema: {} } },
      'response_format.json_schema.schema',
    ],
    ['an unknown tool_choice', { tool_choice: 'maybe' }, 'tool_choice'],
    ['an unknown role', { messages: [{ role: 'robot', content: 'x' }] }, 'messages[0].role'],
    [
      'audio input',
      { messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: {} }] }] },
      'messages[0].content[0].type',
    ],
    ['an audio answer of before', { messages: [...hi, { role: 'assistant', audio: { id: 'a' } }] }, 'messages[1].audio'],
    [
      'a scheme nobody fetches',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'ftp://x' } }] }] },
      'messages[0].content[0].image_url.url',
    ],
    ['a tool message without id', { messages: [{ role: 'tool', content: 'x' }] }, 'messages[0].tool_call_id'],
    [
      'an image in a system message',
      { messages: [{ role: 'system', content: [{ type: 'image_url', image_url: { url: pdf } }] }] },
      'messages[0].content[0].type',
    ],
  ])('refuse %s, naming the field', (_, body, param) => {
    const request = requestOf({ model: 'm', messages: hi, ...body })
    expect(() => request.content()).toThrow(expect.objectContaining({ code: 'invalid_value', details: { param } }))
  })

  it('are decoded once, when first asked for', () => {
    const request = requestOf({ messages: hi })
    expect(request.content()).toBe(request.content())
  })
})

describe('the tools of a chat request', () => {
  const f = { name: 'f', description: 'd', parameters: { type: 'object' } }

  it.each<[string, object, object]>([
    ['nested', { type: 'function', function: { ...f, strict: true } }, { kind: 'function', ...f, strict: true }],
    ['flat', { type: 'function', ...f }, { kind: 'function', ...f }],
    ['Anthropic’s', { name: 'f', description: 'd', input_schema: { type: 'object' } }, { kind: 'function', ...f }],
    [
      'Anthropic’s with its type',
      { type: 'custom', name: 'f', input_schema: {} },
      { kind: 'function', name: 'f', parameters: {} },
    ],
    ['without parameters', { type: 'function', function: { name: 'f' } }, { kind: 'function', name: 'f' }],
    [
      'with a cache breakpoint',
      { type: 'function', function: { name: 'f' }, cache_control: { type: 'ephemeral', ttl: '1h' } },
      { kind: 'function', name: 'f', cache: { ttl: '1h' } },
    ],
    [
      'a flat custom one',
      { type: 'custom', name: 'ApplyPatch', format: { type: 'grammar', syntax: 'lark', definition: 'start: x' } },
      {
        kind: 'vendor',
        shape: 'openai',
        type: 'custom',
        name: 'ApplyPatch',
        raw: {
          type: 'custom',
          custom: { name: 'ApplyPatch', format: { type: 'grammar', grammar: { syntax: 'lark', definition: 'start: x' } } },
        },
      },
    ],
    [
      'one the vendor runs',
      { type: 'web_search' },
      { kind: 'vendor', shape: 'openai', type: 'web_search', raw: { type: 'web_search' } },
    ],
  ])('are read: %s', (_, tool, expected) => {
    expect(contentOf({ tools: [tool] }).tools).toEqual([expected])
  })

  it('are read one by one when the list mixes shapes', () => {
    const tools = [
      { type: 'function', function: { name: 'a' } },
      { type: 'custom', name: 'b' },
      { name: 'c', input_schema: {} },
    ]
    expect(contentOf({ tools, functions: [{ name: 'd' }] }).tools.map(({ name }) => name)).toEqual(['a', 'b', 'c', 'd'])
  })
})
