// What comes of a candidate that cannot answer: every validation failure, fallbacks, and the last resort.
import { configWith } from '../../catalog/config.ts'
import { always, ruled, type PolicyCase } from './policy-case.ts'

const withFallback = configWith(['anthropic', 'openai'], {
  fallbacks: { 'anthropic:claude-haiku-4-5': ['openai:gpt-5-nano', 'openai:gpt-5-mini'] },
  default_model: 'openai:gpt-4o',
})
export const candidateCases: readonly PolicyCase[] = [
  // What a model cannot take.
  {
    claim: 'no_vision_support',
    policy: always('deepseek:deepseek-chat'),
    request: { traits: { hasImages: true } },
    winner: 'openai:gpt-5-mini',
    chain: ['rule rejected no_vision_support', 'global_default chose'],
  },
  {
    claim: 'no_tool_support',
    config: configWith(['openai'], { default_model: 'gpt-5-mini' }),
    policy: always('openai:o1-mini'),
    request: { traits: { hasTools: true } },
    winner: 'openai:gpt-5-mini',
    chain: ['rule rejected no_tool_support', 'global_default chose'],
  },
  {
    claim: 'no_structured_output_support',
    config: configWith(['openai'], { default_model: 'gpt-5-mini' }),
    policy: always('openai:o1-mini'),
    request: { traits: { wantsStructuredOutput: true } },
    winner: 'openai:gpt-5-mini',
    chain: ['rule rejected no_structured_output_support', 'global_default chose'],
  },
  {
    claim: 'not_configured',
    policy: always('groq:qwen/qwen3-32b'),
    winner: 'openai:gpt-5-mini',
    chain: ['rule rejected not_configured', 'global_default chose'],
  },
  {
    claim: 'exceeds_context_window',
    policy: always('haiku'),
    request: { traits: { estimatedInputTokens: 250_000 } },
    winner: 'openai:gpt-5-mini',
    chain: ['rule rejected exceeds_context_window', 'global_default chose'],
  },
  {
    claim: 'a request that no window holds goes where the client sent it: the provider counts, we estimate',
    config: configWith(['anthropic']),
    request: { requestedModel: 'haiku', traits: { estimatedInputTokens: 250_000 } },
    winner: 'anthropic:claude-haiku-4-5',
    chain: ['per_message_override rejected exceeds_context_window', 'per_message_override chose'],
  },
  {
    claim: 'a request that no window holds goes to the first that was named',
    policy: always('haiku'),
    request: { traits: { estimatedInputTokens: 9_000_000 } },
    winner: 'anthropic:claude-haiku-4-5',
    chain: ['rule rejected exceeds_context_window', 'global_default rejected exceeds_context_window', 'rule chose'],
  },
  {
    claim: 'provider_unavailable',
    policy: always('haiku'),
    trouble: ['anthropic:claude-haiku-4-5'],
    winner: 'openai:gpt-5-mini',
    chain: ['rule rejected provider_unavailable', 'global_default chose'],
  },
  {
    claim: 'provider_unavailable of the whole provider',
    policy: always('haiku'),
    trouble: ['anthropic'],
    winner: 'openai:gpt-5-mini',
    chain: ['rule rejected provider_unavailable', 'global_default chose'],
  },
  {
    claim: 'another model of the provider is still there',
    policy: always('haiku'),
    trouble: ['anthropic:claude-opus-5-5'],
    ...ruled,
  },
  {
    claim: 'a model in trouble is tried when nobody else can answer',
    config: configWith(['anthropic']),
    request: { requestedModel: 'haiku' },
    trouble: ['anthropic'],
    winner: 'anthropic:claude-haiku-4-5',
    chain: ['per_message_override rejected provider_unavailable', 'per_message_override chose'],
  },
  {
    claim: 'its fallback comes before the next slot',
    config: withFallback,
    request: { requestedModel: 'haiku' },
    trouble: ['anthropic'],
    winner: 'openai:gpt-5-nano',
    chain: ['per_message_override rejected provider_unavailable', 'per_message_override chose'],
  },
  {
    claim: 'a fallback in trouble too is passed over',
    config: withFallback,
    request: { requestedModel: 'haiku' },
    trouble: ['anthropic', 'openai:gpt-5-nano'],
    winner: 'openai:gpt-5-mini',
    chain: ['per_message_override rejected provider_unavailable', 'per_message_override chose'],
  },
  {
    claim: 'a fallback that the key may not use is passed over',
    config: withFallback,
    request: { requestedModel: 'haiku', principal: { allowedModels: ['anthropic:*', '*mini'] } },
    trouble: ['anthropic'],
    winner: 'openai:gpt-5-mini',
    chain: ['per_message_override rejected provider_unavailable', 'per_message_override chose'],
  },
  {
    claim: 'the next slot where all fallbacks are in trouble',
    config: withFallback,
    request: { requestedModel: 'haiku' },
    trouble: ['anthropic', 'openai:gpt-5-nano', 'openai:gpt-5-mini'],
    winner: 'openai:gpt-4o',
    chain: ['per_message_override rejected provider_unavailable', 'global_default chose'],
  },
  {
    claim: 'nobody',
    config: configWith(['openai']),
    policy: always('groq:x'),
    winner: null,
    chain: ['rule rejected not_configured'],
  },
]
