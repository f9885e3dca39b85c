// Names that nobody meant.
import { both, chosen, withDefaults, type RoutingCase } from './case.ts'

/** Names that break programs which look them up in objects, build paths or patterns of them, or print them. */
const hostile: readonly RoutingCase[] = [
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '../../etc/passwd',
  '?q=1#frag',
  '(a+)+$',
  '<script>alert(1)</script>',
  "' OR 1=1 --",
  'line\nbreak',
  '\u0000',
  '🦜'.repeat(50),
  ' ',
].map((model) => ({
  claim: `a hostile name, ${JSON.stringify(model)}`,
  config: both,
  model,
  winner: `anthropic:${model}`,
  chain: chosen,
}))

export const oddCases: readonly RoutingCase[] = [
  ...hostile,
  {
    claim: 'a prefix that every object has',
    config: both,
    model: '__proto__:x',
    winner: null,
    code: 'model_not_found',
    chain: ['r:not_configured'],
  },
  {
    claim: 'a prefix that is a method',
    config: both,
    model: 'constructor:x',
    winner: null,
    code: 'model_not_found',
    chain: ['r:not_configured'],
  },
  { claim: 'only a colon', config: both, model: ':', winner: 'anthropic::', chain: chosen },
  { claim: 'a provider and no name', config: both, model: 'openai:', winner: 'anthropic:openai:', chain: chosen },
  {
    claim: 'a workspace called like a method',
    config: withDefaults,
    model: '',
    principal: { workspace: 'constructor' },
    winner: 'openai:gpt-5-mini',
    chain: ['n', 'n', 'c'],
  },
  {
    claim: 'a workspace called __proto__',
    config: withDefaults,
    model: '',
    principal: { workspace: '__proto__' },
    winner: 'openai:gpt-5-mini',
    chain: ['n', 'n', 'c'],
  },
]
