// Requests over both wires: a conversation that goes out to the other wire and comes back says what it said.
import { describe, expect, it } from 'vitest'
import { protocols } from '../../../src/protocols/index.ts'
import type { EncodedRequest, Target } from '../../../src/protocols/protocol.ts'
import { bodyOf, bytesOf, localTarget, newestModel, targetOf } from '../openai/fixtures.ts'

const takesStops = { ...newestModel, stopSequences: true }
const toAnthropic: Target = targetOf({ provider: 'anthropic', model: 'claude-opus-5-5', quirks: {}, capabilities: takesStops })
const toOpenai: Target = { ...localTarget, capabilities: takesStops }

function encode(from: 'anthropic' | 'openai', body: object, target: Target): EncodedRequest {
  const to = from === 'anthropic' ? 'openai' : 'anthropic'
  return protocols[to].client.encodeRequest(protocols[from].server.decodeRequest(bytesOf(body), new Headers()), target)
}

const image = 'data:image/png;base64,AAAA'
const call = (id: string, args: string) => ({ id, type: 'function', function: { name: 'read', arguments: args } })
const schema = { type: 'object', properties: { path: { type: 'string' } } }

const conversations: readonly { readonly claim: string; readonly messages: readonly object[] }[] = [
  {
    claim: 'words',
    messages: [
      { role: 'system', content: 'Be brief' },
      { role: 'user', content: 'Hi' },
    ],
  },
  {
    claim: 'an image',
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What?' },
          { type: 'image_url', image_url: { url: image } },
        ],
      },
    ],
  },
  {
    claim: 'parallel calls and their results',
    messages: [
      { role: 'user', content: 'Read both' },
      { role: 'assistant', content: 'Reading', tool_calls: [call('call_1', '{"path":"a"}'), call('call_2', '{}')] },
      { role: 'tool', tool_call_id: 'call_1', content: 'A' },
      { role: 'tool', tool_call_id: 'call_2', content: 'B' },
      { role: 'user', content: 'Thanks' },
    ],
  },
  {
    claim: 'several rounds of calls',
    messages: [
      { role: 'user', content: 'Go' },
      { role: 'assistant', content: null, tool_calls: [call('call_1', '{}')] },
      { role: 'tool', tool_call_id: 'call_1', content: 'A' },
      { role: 'assistant', content: null, tool_calls: [call('call_2', '{}')] },
      { role: 'tool', tool_call_id: 'call_2', content: 'B' },
    ],
  },
]

describe('a chat conversation, to Anthropic and back', () => {
  it.each(conversations)('keeps $claim', ({ messages }) => {
    const body = {
      model: 'm',
      messages,
      max_tokens: 100,
      stop: ['END'],
      tools: [{ type: 'function', function: { name: 'read', description: 'd', parameters: schema } }],
      tool_choice: 'auto',
      parallel_tool_calls: false,
      stream: true,
    }
    const there = encode('openai', body, toAnthropic)
    const back = encode('anthropic', JSON.parse(bodyOf(there)), toOpenai)
    expect(JSON.parse(bodyOf(back))).toEqual({ ...body, model: 'llama', stream_options: { include_usage: true } })
  })
})

describe('a Claude Code request, to OpenAI', () => {
  const body = {
    model: 'gpt-5-mini',
    max_tokens: 128_000,
    stream: true,
    system: [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.330; cc_entrypoint=sdk-cli;' },
      { type: 'text', text: 'You are Claude Code', cache_control: { type: 'ephemeral' } },
      { type: 'text', text: 'Rules', cache_control: { type: 'ephemeral' } },
    ],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'reminder' },
          { type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } },
        ],
      },
      { role: 'system', content: 'Mid-conversation rule' },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: '' },
          { type: 'tool_use', id: 'toolu_1', name: 'ToolSearch', input: { q: 1 } },
        ],
      },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'tool_reference', tool_name: 'Bash' }] }],
      },
    ],
    tools: [{ name: 'ToolSearch', description: 'd', input_schema: { type: 'object' }, defer_loading: true }],
    metadata: { user_id: '{"device_id":"d","account_uuid":"a","session_id":"s"}'.padEnd(150, ' ') },
    thinking: { type: 'adaptive', display: 'omitted' },
    output_config: { effort: 'medium' },
    context_management: { edits: [{ type: 'clear_thinking_20251015', keep: 'all' }] },
  }

  it('arrives whole, without what only Anthropic understands', () => {
    const out = encode('anthropic', body, targetOf({ capabilities: { ...newestModel, maxOutput: 64_000 } }))
    expect(JSON.parse(bodyOf(out))).toEqual({
      model: 'gpt-5-mini',
      max_completion_tokens: 64_000,
      stream: true,
      stream_options: { include_usage: true },
      reasoning_effort: 'medium',
      safety_identifier: expect.stringMatching(/^[0-9a-f]{64}$/),
      tools: [
        { type: 'function', function: { name: 'ToolSearch', description: 'd', parameters: { type: 'object', properties: {} } } },
      ],
      messages: [
        { role: 'system', content: 'You are Claude Code\n\nRules' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'reminder' },
            { type: 'text', text: 'Hi' },
          ],
        },
        { role: 'system', content: 'Mid-conversation rule' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'toolu_1', type: 'function', function: { name: 'ToolSearch', arguments: '{"q":1}' } }],
        },
        { role: 'tool', tool_call_id: 'toolu_1', content: expect.stringContaining('Bash') },
      ],
    })
    expect(out.warnings.map(({ field }) => field)).toEqual(expect.arrayContaining(['context_management', 'max_tokens']))
  })
})

describe('a Cursor mixture, to Anthropic', () => {
  it('is one conversation whatever dialects it is written in', () => {
    const body = {
      model: 'claude-x',
      tools: [
        { name: 'read', input_schema: schema },
        { type: 'function', name: 'write', parameters: schema },
        { type: 'function', function: { name: 'list', parameters: schema } },
      ],
      messages: [
        { role: 'system', content: 'S' },
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'Ok' },
            { type: 'tool_use', id: 'toolu_1', name: 'read', input: { path: 'a' } },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: 'A' }] },
      ],
    }
    const wire = JSON.parse(bodyOf(encode('openai', body, toAnthropic)))
    expect(wire.tools.map(({ name, input_schema }: { name: string; input_schema: object }) => [name, input_schema])).toEqual([
      ['read', schema],
      ['write', schema],
      ['list', schema],
    ])
    expect(wire.messages).toMatchObject([
      { role: 'user' },
      {
        role: 'assistant',
        content: [
          { type: 'text', text: 'Ok' },
          { type: 'tool_use', id: 'toolu_1', name: 'read', input: { path: 'a' } },
        ],
      },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'A' }] }] },
    ])
  })
})

describe('what a prompt costs', () => {
  const image = 'A'.repeat(40_000)
  const pdf = 'JVBER'.repeat(40_000)
  const said = [
    ['words', 'Hello', 'Hello'],
    [
      'an image',
      [{ type: 'image', source: { type: 'base64', media_type: 'image/png', data: image } }],
      [{ type: 'image_url', image_url: { url: `data:image/png;base64,${image}` } }],
    ],
    [
      'a PDF',
      [{ type: 'document', source: { type: 'base64', media_type: 'application/pdf', data: pdf } }],
      [{ type: 'file', file: { file_data: `data:application/pdf;base64,${pdf}` } }],
    ],
  ] as const

  it.each(said)('is guessed alike at both doors: %s', (_, inMessages, inChat) => {
    const estimateOf = (door: 'anthropic' | 'openai', content: unknown, tool: object): number => {
      const messages = Array.from({ length: 10 }, () => ({ role: 'user', content }))
      const bytes = new TextEncoder().encode(JSON.stringify({ model: 'm', messages, tools: [tool, tool] }))
      return protocols[door].server.decodeRequest(bytes, new Headers()).traits.estimatedInputTokens
    }
    const anthropic = estimateOf('anthropic', inMessages, { name: 'f', input_schema: {} })
    const openai = estimateOf('openai', inChat, { type: 'function', function: { name: 'f', parameters: {} } })
    expect(Math.abs(anthropic - openai) / openai).toBeLessThan(0.1)
  })
})
