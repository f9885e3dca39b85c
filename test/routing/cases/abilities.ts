// What a request needs of a model.
import { configWith } from '../../catalog/config.ts'
import { both, chosen, nothingElse, withDefaults, type RoutingCase } from './case.ts'

const images = { hasImages: true }
const tools = { hasTools: true }
const structured = { wantsStructuredOutput: true }
const sighted = configWith(['openai', 'deepseek'], { default_model: 'openai:gpt-4o' })

export const abilityCases: readonly RoutingCase[] = [
  {
    claim: 'images for a model that sees',
    config: both,
    model: 'gpt-4o',
    traits: images,
    winner: 'openai:gpt-4o',
    chain: chosen,
  },
  {
    claim: 'images for a model that does not',
    config: sighted,
    model: 'deepseek:deepseek-chat',
    traits: images,
    winner: 'openai:gpt-4o',
    chain: ['r:no_vision_support', 'n', 'c'],
  },
  {
    claim: 'images and nobody who sees',
    config: configWith(['deepseek']),
    model: 'deepseek-chat',
    traits: images,
    winner: null,
    code: 'routing_failed',
    chain: ['r:no_vision_support', ...nothingElse],
  },
  {
    claim: 'images for a model nobody knows',
    config: both,
    model: 'openai:made-tomorrow',
    traits: images,
    winner: 'openai:made-tomorrow',
    chain: chosen,
  },
  {
    claim: 'tools for a model that uses them',
    config: both,
    model: 'claude-haiku-4-5',
    traits: tools,
    winner: 'anthropic:claude-haiku-4-5',
    chain: chosen,
  },
  {
    claim: 'tools for a model that cannot',
    config: withDefaults,
    model: 'openai:o1-mini',
    traits: tools,
    winner: 'openai:gpt-5-mini',
    chain: ['r:no_tool_support', 'n', 'c'],
  },
  {
    claim: 'tools for an old model, in a workspace',
    config: withDefaults,
    model: 'anthropic:claude-2.1',
    traits: tools,
    principal: { workspace: '/srv/shop' },
    winner: 'anthropic:claude-haiku-4-5',
    chain: ['r:no_tool_support', 'c'],
  },
  {
    claim: 'structured output by a model that has it',
    config: both,
    model: 'gpt-5',
    traits: structured,
    winner: 'openai:gpt-5',
    chain: chosen,
  },
  {
    claim: 'structured output through a forced tool',
    config: both,
    model: 'openai:gpt-3.5-turbo',
    traits: structured,
    winner: 'openai:gpt-3.5-turbo',
    chain: chosen,
  },
  {
    claim: 'structured output and neither way',
    config: withDefaults,
    model: 'openai:o1-mini',
    traits: structured,
    winner: 'openai:gpt-5-mini',
    chain: ['r:no_structured_output_support', 'n', 'c'],
  },
  {
    claim: 'images are asked about before tools',
    config: configWith(['openai']),
    model: 'o1-mini',
    traits: { ...images, ...tools },
    winner: null,
    code: 'routing_failed',
    chain: ['r:no_vision_support', ...nothingElse],
  },
  {
    claim: 'a default that cannot either',
    config: configWith(['deepseek'], { default_model: 'deepseek-chat' }),
    model: '',
    traits: images,
    winner: null,
    code: 'routing_failed',
    chain: ['n', 'n', 'r:no_vision_support'],
  },
]
