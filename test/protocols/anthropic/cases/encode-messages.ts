// Rows of translation.md §2, column O->A: what the conversation holds.
import type { Part } from '../../../../src/ir/request.ts'
import { text, user, assistant, call, result, hi, wireHi, tool, forced, type EncodeCase, wireTool } from './builders.ts'

export const messageCases: readonly EncodeCase[] = [
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
    warns: ['reasoning_effort'],
  },
  {
    row: 'thinking in history: unsigned tool turn, which adaptive thinking goes on from',
    content: {
      messages: [...hi, assistant(call('a')), user(result('a', text('1')))],
      tools: [tool],
      reasoning: { mode: 'effort', effort: 'high' },
    },
    body: { thinking: { type: 'adaptive' } },
  },
  {
    row: 'thinking in history: an assistant message to continue',
    content: { messages: [...hi, assistant(text('So'))], reasoning: { mode: 'effort', effort: 'low' } },
    model: forced,
    body: { thinking: undefined, max_tokens: 8192 },
    warns: ['reasoning_effort'],
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
]
