// The pattern slot in the chain: what was learned, who comes before it, and when it makes way.
import { always, passedOver, ruled, type PolicyCase } from './policy-case.ts'

const task = 'fix the failing parser test'
const learned = [
  { says: task, model: 'anthropic:claude-haiku-4-5', status: 'ok', times: 6 },
  { says: task, model: 'openai:gpt-5-mini', status: 'failed', times: 6 },
] as const
const known = { learned, says: 'fix the failing parser test again' }
const chose = { winner: 'anthropic:claude-haiku-4-5', chain: ['pattern chose'] } as const

export const patternCases: readonly PolicyCase[] = [
  { claim: 'who did well at turns like it wins over the default', ...known, ...chose },
  { claim: 'who did well answers the agent surface', ...known, request: { delegates: true }, ...chose },
  {
    claim: 'the model the client passes wins over who did well',
    ...known,
    request: { requestedModel: 'gpt-5' },
    winner: 'openai:gpt-5',
    chain: ['per_message_override chose'],
  },
  {
    claim: "the session's model wins over who did well",
    ...known,
    request: { stickyModel: 'gpt-5' },
    winner: 'openai:gpt-5',
    chain: ['manual_sticky chose'],
  },
  { claim: 'a rule wins over who did well', ...known, policy: always('haiku'), ...ruled },
  {
    claim: 'who did well wins over metis://best',
    ...known,
    request: { requestedModel: 'metis://best' },
    winner: 'anthropic:claude-haiku-4-5',
    chain: ['per_message_override deferred', 'pattern chose'],
  },
  {
    claim: 'who did well wins where the key ignores the client',
    ...known,
    request: { requestedModel: 'gpt-5', principal: { ignoreClientModel: true } },
    ...chose,
  },
  {
    claim: 'who did well and may not be used makes way',
    ...known,
    request: { principal: { allowedModels: ['openai:*'] } },
    ...passedOver,
  },
  { claim: 'who did well and is in trouble makes way', ...known, trouble: ['anthropic:claude-haiku-4-5'], ...passedOver },
  { claim: 'who only failed is not recommended', learned: learned.slice(1), says: known.says, ...passedOver },
  { claim: 'a question of another kind goes on to the default', learned, says: 'a poem about the sea', ...passedOver },
  { claim: 'too few turns go on to the default', learned: [{ ...learned[0], times: 2 }], says: known.says, ...passedOver },
  { claim: 'a request without words goes on to the default', learned, says: '…', ...passedOver },
]
