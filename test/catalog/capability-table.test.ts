import { describe, expect, it } from 'vitest'
import type { ModelCapabilities } from '../../src/catalog/capabilities.ts'
import { capabilitiesOf } from '../../src/catalog/capability-table.ts'

type Row = readonly ['anthropic' | 'openai', string, Partial<ModelCapabilities>]

const newestClaude = {
  sampling: false,
  thinking: 'adaptive',
  prefill: false,
  contextWindow: 1_000_000,
  maxOutput: 128_000,
  structuredOutput: true,
} as const
const oldClaude = { sampling: true, prefill: true, contextWindow: 200_000, midConversationSystem: false } as const
const chat = { sampling: true, stopSequences: true, thinking: 'none', efforts: [] } as const
const reasoner = { sampling: false, stopSequences: false, thinking: 'adaptive', thinksByDefault: true } as const

const rows: readonly Row[] = [
  ['anthropic', 'claude-3-haiku-20240307', { ...oldClaude, thinking: 'none', maxOutput: 4_096 }],
  ['anthropic', 'claude-3-5-sonnet-20241022', { ...oldClaude, thinking: 'none', maxOutput: 8_192, structuredOutput: false }],
  ['anthropic', 'claude-3-7-sonnet-latest', { ...oldClaude, thinking: 'manual', maxOutput: 64_000 }],
  ['anthropic', 'claude-sonnet-4-20250514', { ...oldClaude, thinking: 'manual', structuredOutput: false }],
  ['anthropic', 'claude-opus-4-1-20250805', { ...oldClaude, thinking: 'manual', maxOutput: 32_000, structuredOutput: true }],
  ['anthropic', 'claude-haiku-4-5', { ...oldClaude, thinking: 'manual', structuredOutput: true, efforts: [] }],
  ['anthropic', 'claude-haiku-4-5-20251001', { ...oldClaude, thinking: 'manual' }],
  ['anthropic', 'claude-sonnet-4-5-20250929', { ...oldClaude, thinking: 'manual' }],
  ['anthropic', 'claude-opus-4-5', { ...oldClaude, thinking: 'manual', efforts: ['low', 'medium', 'high'] }],
  ['anthropic', 'claude-opus-4-6', { sampling: true, thinking: 'adaptive', prefill: false, thinksByDefault: false }],
  ['anthropic', 'claude-sonnet-4-6', { sampling: true, thinking: 'adaptive', efforts: ['low', 'medium', 'high', 'max'] }],
  ['anthropic', 'claude-opus-4-7', { ...newestClaude, thinksByDefault: false }],
  ['anthropic', 'claude-opus-4-8', { ...newestClaude, thinksByDefault: false }],
  ['anthropic', 'claude-opus-4-8[1m]', { ...newestClaude, thinksByDefault: false }],
  ['anthropic', 'claude-opus-5', { ...newestClaude, thinksByDefault: true }],
  ['anthropic', 'claude-opus-5-5', { ...newestClaude, midConversationSystem: true }],
  ['anthropic', 'claude-sonnet-5-5', { ...newestClaude, thinksByDefault: true }],
  ['anthropic', 'claude-haiku-5-5', newestClaude],
  ['anthropic', 'claude-fable-5-1', newestClaude],
  ['anthropic', 'claude-mythos-5', newestClaude],
  ['anthropic', 'claude-opus-4-10', newestClaude],
  ['anthropic', 'claude-novella-9', newestClaude],
  ['anthropic', 'something-new', newestClaude],
  ['openai', 'gpt-3.5-turbo', { ...chat, vision: false, structuredOutput: false }],
  ['openai', 'gpt-4', { ...chat, contextWindow: 8_192 }],
  ['openai', 'gpt-4-turbo-2024-04-09', { ...chat, vision: true, contextWindow: 128_000 }],
  ['openai', 'gpt-4o-2024-08-06', { ...chat, vision: true, structuredOutput: true }],
  ['openai', 'gpt-4o-mini', chat],
  ['openai', 'gpt-4.1-mini', { ...chat, contextWindow: 1_047_576 }],
  ['openai', 'gpt-5-chat-latest', chat],
  ['openai', 'gpt-5', { ...reasoner, efforts: ['minimal', 'low', 'medium', 'high'], contextWindow: 400_000 }],
  ['openai', 'gpt-5-mini', { ...reasoner, efforts: ['minimal', 'low', 'medium', 'high'] }],
  ['openai', 'gpt-5-pro', { ...reasoner, efforts: ['high'] }],
  ['openai', 'gpt-5.1', { ...reasoner, efforts: ['none', 'low', 'medium', 'high'] }],
  ['openai', 'gpt-5.4', { ...reasoner, contextWindow: 1_050_000 }],
  ['openai', 'gpt-5.4-mini', { ...reasoner, contextWindow: 400_000 }],
  ['openai', 'gpt-5.6-sol', { ...reasoner, efforts: ['none', 'low', 'medium', 'high', 'xhigh'] }],
  ['openai', 'gpt-6-astra', reasoner],
  ['openai', 'gpt-9', reasoner],
  ['openai', 'o1-mini', { ...reasoner, tools: false }],
  ['openai', 'o3', { ...reasoner, vision: true, contextWindow: 200_000 }],
  ['openai', 'o3-mini', { ...reasoner, vision: false }],
  ['openai', 'o4-mini', reasoner],
  ['openai', 'openai/gpt-oss-120b', { sampling: true, thinking: 'adaptive', efforts: ['low', 'medium', 'high'] }],
  ['openai', 'anthropic/claude-opus-4.8', { sampling: false, thinking: 'adaptive' }],
  ['openai', 'anthropic/claude-haiku-4.5', { sampling: true, thinking: 'manual', midConversationSystem: true }],
  ['openai', 'deepseek-chat', { ...chat, vision: false }],
  ['openai', 'deepseek-v4-pro', { thinking: 'adaptive', efforts: ['low', 'high', 'max'], contextWindow: 1_000_000 }],
  ['openai', 'accounts/fireworks/models/deepseek-v4-pro', { thinking: 'adaptive' }],
  ['openai', 'kimi-k3', { sampling: false, vision: true, contextWindow: 1_048_576 }],
  ['openai', 'kimi-k2-0905-preview', { ...chat, contextWindow: 262_144 }],
  ['openai', 'kimi-k2.6', { sampling: false, thinking: 'adaptive' }],
  ['openai', 'glm-5.3', { thinking: 'adaptive', vision: false }],
  ['openai', 'accounts/fireworks/models/glm-5p2', { thinking: 'adaptive', contextWindow: 1_000_000 }],
  ['openai', 'glm-4.6v', { vision: true }],
  ['openai', 'grok-4', { stopSequences: false, efforts: [], contextWindow: 256_000 }],
  ['openai', 'grok-4.6', { stopSequences: false, efforts: ['low', 'medium', 'high'] }],
  ['openai', 'grok-4-1-fast-non-reasoning', chat],
  ['openai', 'mistral-large-2512', { ...chat, vision: true }],
  ['openai', 'codestral-2508', { ...chat, vision: false }],
  ['openai', 'magistral-medium-latest', { thinking: 'adaptive', efforts: [] }],
  ['openai', 'llama-3.3-70b-versatile', { ...chat, vision: false }],
  ['openai', 'meta-llama/llama-4-scout-17b-16e-instruct', { ...chat, vision: true }],
  ['openai', 'qwen3:8b', { ...chat, vision: false }],
  ['openai', 'qwen2.5-vl-72b', { ...chat, vision: true }],
  ['openai', 'google/gemini-3.1-pro-preview', { thinking: 'adaptive', vision: true, contextWindow: 1_048_576 }],
  ['openai', 'something-new', { ...chat, tools: true, vision: true }],
]

describe('what a model takes', () => {
  it.each(rows)('%s %s', (wire, name, expected) => {
    expect(capabilitiesOf(wire, name)).toMatchObject(expected)
  })

  it.each([
    ['claude-haiku-4-5', {}],
    ['claude-opus-4-8', {}],
    ['claude-opus-5', {}],
    ['claude-opus-5-20260601', {}],
    ['claude-sonnet-5', {}],
    ['claude-haiku-5-5', {}],
    ['claude-fable-5', { alwaysThinks: true }],
    ['claude-mythos-5', { alwaysThinks: true }],
    ['claude-sonnet-5-5', { leastThinking: 'between_tools', refusesForcedTools: true }],
    ['claude-opus-5-5', { alwaysThinks: true, refusesForcedTools: true }],
    ['claude-fable-5-1', { alwaysThinks: true, refusesForcedTools: true }],
    ['claude-mythos-5-1', { alwaysThinks: true, refusesForcedTools: true }],
    ['claude-novella-9', { alwaysThinks: true, refusesForcedTools: true }],
    ['something-new', {}],
  ])('%s: whether it can be told not to think, and made to call a tool', (name, expected) => {
    const { alwaysThinks, leastThinking, refusesForcedTools } = capabilitiesOf('anthropic', name)
    expect({ alwaysThinks, leastThinking, refusesForcedTools }).toEqual(expected)
  })

  it('is everything for the demo', () => {
    expect(capabilitiesOf('demo', 'haiku')).toMatchObject({
      tools: true,
      vision: true,
      structuredOutput: true,
      sampling: true,
      prefill: true,
    })
  })

  it('has no sizes for a server that nobody knows: then they are not checked', () => {
    const unknown = capabilitiesOf('openai', 'something-new')
    expect(unknown.contextWindow).toBeUndefined()
    expect(unknown.maxOutput).toBeUndefined()
  })
})
