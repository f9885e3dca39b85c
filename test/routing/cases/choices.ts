// The choice is the gateway's: metis://auto, cheap, best, the agent surface, and a budget that runs low.
import { configWith } from '../../catalog/config.ts'
import { always, passedOver, ruled, type PolicyCase } from './policy-case.ts'

const stepping = configWith(['anthropic', 'openai'], {
  step_down: { below_percent: 20, models: { 'anthropic:claude-opus-5-5': 'haiku' } },
  default_model: 'opus',
})
const capped = { principal: { caps: [{ kind: 'team', id: 'eng', scope: 'monthly', limitNanoUsd: 1e9 }], teamId: 'web' } } as const

export const choiceCases: readonly PolicyCase[] = [
  // The choice is the gateway's.
  {
    claim: 'metis://cheap',
    request: { requestedModel: 'metis://cheap' },
    winner: 'openai:gpt-5-nano',
    chain: ['per_message_override deferred', 'delegate_request chose'],
  },
  {
    claim: 'metis://cheap that can see',
    config: configWith(['deepseek', 'openai']),
    request: { requestedModel: 'metis://cheap', traits: { hasImages: true } },
    winner: 'openai:gpt-5-nano',
    chain: ['per_message_override deferred', 'delegate_request chose'],
  },
  {
    claim: 'metis://cheap among what the key may use',
    request: { requestedModel: 'metis://cheap', principal: { allowedModels: ['anthropic:*'] } },
    winner: 'anthropic:claude-haiku-5-5',
    chain: ['per_message_override deferred', 'delegate_request chose'],
  },
  {
    claim: 'metis://cheap passes over what is in trouble',
    config: configWith(['anthropic', 'openai']),
    request: { requestedModel: 'metis://cheap' },
    trouble: ['openai'],
    winner: 'anthropic:claude-haiku-5-5',
    chain: ['per_message_override deferred', 'delegate_request chose'],
  },
  {
    claim: 'metis://cheap takes a free model of our own',
    config: configWith(['openai'], {
      providers: { local: { wire: 'openai', base_url: 'http://127.0.0.1:11434/v1', models: ['qwen3'] } },
      prices: { 'local:*': { input: 0, output: 0 } },
    }),
    request: { requestedModel: 'metis://cheap' },
    winner: 'local:qwen3',
    chain: ['per_message_override deferred', 'delegate_request chose'],
  },
  {
    claim: 'metis://cheap takes nothing whose price nobody knows',
    config: configWith([], {
      providers: { local: { wire: 'openai', base_url: 'http://127.0.0.1:11434/v1', models: ['qwen3'] } },
    }),
    request: { requestedModel: 'metis://cheap' },
    winner: null,
    chain: ['per_message_override deferred'],
  },
  {
    claim: 'metis://best',
    request: { requestedModel: 'metis://best' },
    winner: 'anthropic:claude-fable-5-1',
    chain: ['per_message_override deferred', 'delegate_request chose'],
  },
  {
    claim: 'metis://best of one provider is the first of its list',
    config: configWith(['openai']),
    request: { requestedModel: 'metis://best' },
    winner: 'openai:gpt-6-astra',
    chain: ['per_message_override deferred', 'delegate_request chose'],
  },
  {
    claim: 'metis://auto goes by the default',
    request: { requestedModel: 'metis://auto' },
    winner: 'openai:gpt-5-mini',
    chain: ['per_message_override deferred', 'global_default chose'],
  },
  {
    claim: 'an alias of metis://cheap',
    config: configWith(['openai'], { aliases: { cheapest: 'metis://cheap' } }),
    request: { requestedModel: 'cheapest' },
    winner: 'openai:gpt-5-nano',
    chain: ['per_message_override deferred', 'delegate_request chose'],
  },
  {
    claim: 'metis://cheap given a meaning of our own',
    config: configWith(['anthropic', 'openai'], { aliases: { 'metis://cheap': 'anthropic:claude-haiku-4-5' } }),
    request: { requestedModel: 'metis://cheap' },
    winner: 'anthropic:claude-haiku-4-5',
    chain: ['per_message_override chose'],
  },
  {
    claim: 'the agent surface without a model and without a default',
    config: configWith(['anthropic']),
    request: { delegates: true },
    winner: 'anthropic:claude-haiku-5-5',
    chain: ['delegate_request chose'],
  },
  { claim: 'the agent surface goes by the default', request: { delegates: true }, ...passedOver },
  { claim: 'the agent surface goes by the rules', policy: always('haiku'), request: { delegates: true }, ...ruled },
  { claim: 'a gateway client without a model and without a default', config: configWith(['anthropic']), winner: null, chain: [] },
  // A budget that runs low.
  {
    claim: 'a full budget steps nowhere',
    config: stepping,
    request: capped,
    spent: { 'cap team web': 100, 'month team web': 80 },
    winner: 'anthropic:claude-opus-5-5',
    chain: ['global_default chose'],
  },
  {
    claim: 'a budget that runs low takes the cheaper model',
    config: stepping,
    request: capped,
    spent: { 'cap team web': 100, 'month team web': 81 },
    winner: 'anthropic:claude-haiku-4-5',
    chain: ['global_default deferred', 'global_default chose'],
  },
  {
    claim: "a budget that runs low outranks the client's model",
    config: stepping,
    request: { ...capped, requestedModel: 'opus' },
    spent: { 'cap team web': 100, 'month team web': 99 },
    winner: 'anthropic:claude-haiku-4-5',
    chain: ['per_message_override deferred', 'per_message_override chose'],
  },
  {
    claim: 'a model without a cheaper one stays',
    config: stepping,
    request: { ...capped, requestedModel: 'gpt-5' },
    spent: { 'cap team web': 100, 'month team web': 99 },
    winner: 'openai:gpt-5',
    chain: ['per_message_override chose'],
  },
  {
    claim: 'a cheaper model that is in trouble is no help',
    config: stepping,
    request: capped,
    trouble: ['anthropic:claude-haiku-4-5'],
    spent: { 'cap team web': 100, 'month team web': 99 },
    winner: 'anthropic:claude-opus-5-5',
    chain: ['global_default chose'],
  },
  {
    claim: 'somebody without a cap never steps down',
    config: stepping,
    request: { principal: { teamId: 'web' } },
    spent: { 'cap team web': 100, 'month team web': 99 },
    winner: 'anthropic:claude-opus-5-5',
    chain: ['global_default chose'],
  },
]
