// Who wins when several slots have something to say.
import { configWith } from '../../catalog/config.ts'
import { always, haikuWhen, passedOver, ruled, type PolicyCase } from './policy-case.ts'

const two = (first: string, second: string): string =>
  `rules:\n  - { name: first, when: { user_is: ada }, model: "${first}" }\n  - { name: second, model: "${second}" }\n`

export const precedenceCases: readonly PolicyCase[] = [
  // The client.
  {
    claim: 'the model the client passes wins over a rule',
    policy: always('haiku'),
    request: { requestedModel: 'gpt-5' },
    winner: 'openai:gpt-5',
    chain: ['per_message_override chose'],
  },
  {
    claim: 'the model the client passes wins over a session',
    request: { requestedModel: 'gpt-5', stickyModel: 'haiku' },
    winner: 'openai:gpt-5',
    chain: ['per_message_override chose'],
  },
  {
    claim: 'a key that ignores the client lets the rule win',
    policy: always('haiku'),
    request: { requestedModel: 'gpt-5', principal: { ignoreClientModel: true } },
    ...ruled,
  },
  {
    claim: 'a key that ignores the client ignores its metis:// too',
    policy: always('haiku'),
    request: { requestedModel: 'metis://best', principal: { ignoreClientModel: true } },
    ...ruled,
  },
  {
    claim: 'a key that ignores the client without a rule falls to the default',
    request: { requestedModel: 'metis://cheap', principal: { ignoreClientModel: true } },
    ...passedOver,
  },
  // The session.
  {
    claim: "the session's model wins over a rule",
    policy: always('haiku'),
    request: { stickyModel: 'gpt-5' },
    winner: 'openai:gpt-5',
    chain: ['manual_sticky chose'],
  },
  {
    claim: "the session's model wins although the key ignores the client's",
    request: { stickyModel: 'gpt-5', requestedModel: 'gpt-4o', principal: { ignoreClientModel: true } },
    winner: 'openai:gpt-5',
    chain: ['manual_sticky chose'],
  },
  {
    claim: 'a session that leaves the choice',
    policy: always('haiku'),
    request: { stickyModel: 'metis://auto' },
    winner: 'anthropic:claude-haiku-4-5',
    chain: ['manual_sticky deferred', 'rule chose'],
  },
  {
    claim: "a session's model that does not exist makes way",
    request: { stickyModel: 'nope:x' },
    winner: 'openai:gpt-5-mini',
    chain: ['manual_sticky rejected not_configured', 'global_default chose'],
  },
  // Rules.
  {
    claim: 'metis://auto lets a rule decide',
    policy: always('haiku'),
    request: { requestedModel: 'metis://auto' },
    winner: 'anthropic:claude-haiku-4-5',
    chain: ['per_message_override deferred', 'rule chose'],
  },
  {
    claim: 'a rule wins over metis://cheap',
    policy: always('haiku'),
    request: { requestedModel: 'metis://cheap' },
    winner: 'anthropic:claude-haiku-4-5',
    chain: ['per_message_override deferred', 'rule chose'],
  },
  {
    claim: 'the workspace is asked before the home',
    policy: always('haiku', 'here'),
    global: always('gpt-5', 'everywhere'),
    ...ruled,
  },
  {
    claim: 'the home is asked when no rule of the workspace holds',
    policy: haikuWhen('user_is: bob'),
    global: always('gpt-5'),
    winner: 'openai:gpt-5',
    chain: ['rule chose'],
  },
  { claim: 'the home alone', global: always('haiku'), ...ruled },
  {
    claim: 'a key without a workspace has the home',
    global: always('haiku'),
    policy: always('gpt-5'),
    request: { principal: { workspace: null } },
    ...ruled,
  },
  { claim: 'the first rule that holds wins', policy: two('haiku', 'gpt-5'), ...ruled },
  {
    claim: 'the second one where the first does not hold',
    policy: two('gpt-5', 'haiku'),
    request: { principal: { userId: 'bob' } },
    ...ruled,
  },
  { claim: 'a rule without a condition always holds', policy: always('haiku'), ...ruled },
  { claim: 'a file without rules', policy: 'rules: []\n', ...passedOver },
  { claim: 'an empty file', policy: '', ...passedOver },
  { claim: 'an alias of the configuration', policy: always('fast'), winner: 'local:qwen3', chain: ['rule chose'] },
  { claim: 'a full id', policy: always('local:any-name'), winner: 'local:any-name', chain: ['rule chose'] },
  { claim: 'a bare name', policy: always('gpt-5'), winner: 'openai:gpt-5', chain: ['rule chose'] },
  {
    claim: 'a rule that leaves the choice makes way',
    policy: always('metis://auto'),
    winner: 'openai:gpt-5-mini',
    chain: ['rule deferred', 'global_default chose'],
  },
  {
    claim: 'a rule wins over the workspace of the configuration',
    config: configWith(['anthropic', 'openai'], { workspaces: { '/work': { default_model: 'gpt-5' } } }),
    policy: always('haiku'),
    ...ruled,
  },
  // Broken files.
  { claim: 'a file that is no YAML leaves no rules', policy: 'rules: [', ...passedOver },
  { claim: 'a file with an unknown predicate leaves no rules', policy: haikuWhen('moon_is_full: true'), ...passedOver },
  { claim: 'a broken workspace leaves the home in force', policy: 'rules: {', global: always('haiku'), ...ruled },
]
