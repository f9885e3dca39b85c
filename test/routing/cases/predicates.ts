// Every predicate of a rule, once where it holds and once where it does not.
import { haikuWhen, passedOver, ruled, type PolicyCase } from './policy-case.ts'

const both = (claim: string, when: string, holds: Partial<PolicyCase>, fails: Partial<PolicyCase>): readonly PolicyCase[] => [
  { claim: `${claim}: holds`, policy: haikuWhen(when), ...holds, ...ruled },
  { claim: `${claim}: does not hold`, policy: haikuWhen(when), ...fails, ...passedOver },
]

const user = (userId: string | null): Partial<PolicyCase> => ({ request: { principal: { userId } } })
const team = (teamId: string | null): Partial<PolicyCase> => ({ request: { principal: { teamId } } })
const inWorkspace = (workspace: string): Partial<PolicyCase> => ({ request: { principal: { workspace } } })
const tokens = (estimatedInputTokens: number): Partial<PolicyCase> => ({ request: { traits: { estimatedInputTokens } } })

export const predicateCases: readonly PolicyCase[] = [
  ...both('message_matches', 'message_matches: "\\\\bfix(es)?\\\\b"', { says: 'it fixes it' }, { says: 'a prefix' }),
  ...both('message_matches with (?i)', 'message_matches: "(?i)urgent"', { says: 'URGENT!' }, { says: 'later' }),
  ...both('message_matches minds the case', 'message_matches: "Urgent"', { says: 'Urgent!' }, { says: 'urgent!' }),
  ...both('message_matches on several lines', 'message_matches: "(?m)^plan"', { says: 'so:\nplan it' }, { says: 'so: plan it' }),
  ...both('message_contains_any', 'message_contains_any: [invoice, Rechnung]', { says: 'die rechnung' }, { says: 'the bill' }),
  ...both(
    'message_contains_any of one word',
    'message_contains_any: translate',
    { says: 'Translate this' },
    { says: 'read this' },
  ),
  ...both('estimated_input_tokens_gt', 'estimated_input_tokens_gt: 1000', tokens(1001), tokens(1000)),
  ...both('estimated_input_tokens_lt', 'estimated_input_tokens_lt: 1000', tokens(999), tokens(1000)),
  ...both('has_images', 'has_images: true', { request: { traits: { hasImages: true } } }, {}),
  ...both('has_images: false', 'has_images: false', {}, { request: { traits: { hasImages: true } } }),
  ...both('has_tools', 'has_tools: true', { request: { traits: { hasTools: true } } }, {}),
  ...both('has_tools: false', 'has_tools: false', {}, { request: { traits: { hasTools: true } } }),
  ...both(
    'has_tool_calls_in_history',
    'has_tool_calls_in_history: true',
    { says: 'go on', history: [{ type: 'toolCall', id: 't1', name: 'read', argsText: '{}' }] },
    { says: 'go on' },
  ),
  ...both(
    'has_tool_calls_in_history: false',
    'has_tool_calls_in_history: false',
    { says: 'go on' },
    {
      says: 'go on',
      history: [{ type: 'toolCall', id: 't1', name: 'read', argsText: '{}' }],
    },
  ),
  ...both('workspace_path_matches', 'workspace_path_matches: "/srv/*"', inWorkspace('/srv/shop'), inWorkspace('/home/ada')),
  ...both(
    'workspace_path_matches any of several',
    'workspace_path_matches: [/a, "*/web"]',
    inWorkspace('/srv/web'),
    inWorkspace('/ab'),
  ),
  ...both('time_of_day_between', 'time_of_day_between: ["09:00", "17:30"]', { at: '17:29:59' }, { at: '17:30:00' }),
  ...both('time_of_day_between over midnight', 'time_of_day_between: ["22:00", "06:00"]', { at: '02:00:00' }, { at: '06:00:00' }),
  ...both(
    'time_of_day_between before midnight',
    'time_of_day_between: ["22:00", "06:00"]',
    { at: '22:00:00' },
    { at: '21:59:59' },
  ),
  ...both(
    'time_of_day_between in a time zone',
    'time_of_day_between: { from: "09:00", to: "10:00", timezone: Asia/Tokyo }',
    { at: '00:30:00' },
    { at: '09:30:00' },
  ),
  ...both('user_is', 'user_is: ada', user('ada'), user('bob')),
  ...both('user_is any of several', 'user_is: [bob, ada]', user('ada'), user(null)),
  ...both('team_is', 'team_is: web', team('web'), team('webshop')),
  ...both('team_is any of several', 'team_is: [ops, web]', team('ops'), team(null)),
  ...both(
    'tag_is of the request',
    'tag_is: "env=ci"',
    { request: { tags: { env: 'ci' } } },
    { request: { tags: { env: 'dev' } } },
  ),
  ...both('tag_is of the key', 'tag_is: { env: ci }', { request: { principal: { tags: { env: 'ci' } } } }, {}),
  ...both(
    'tag_is with two tags',
    'tag_is: { env: ci, lane: slow }',
    { request: { tags: { lane: 'slow' }, principal: { tags: { env: 'ci' } } } },
    { request: { tags: { lane: 'slow' } } },
  ),
  ...both('tag_is finds no inherited names', 'not: { tag_is: "constructor=x" }', {}, { request: { tags: { constructor: 'x' } } }),
  ...both('cost_today_exceeds_usd', 'cost_today_exceeds_usd: 5', { spent: { today: 5.01 } }, { spent: { today: 5 } }),
  ...both('cost_today_exceeds_usd: 0', 'cost_today_exceeds_usd: 0', { spent: { today: 0.000000001 } }, { spent: {} }),
  ...both(
    'user_cost_today_exceeds_usd',
    'user_cost_today_exceeds_usd: 2',
    { spent: { 'today user ada': 3 }, ...user('ada') },
    { spent: { 'today user ada': 3 }, ...user('bob') },
  ),
  ...both(
    'team_cost_today_exceeds_usd',
    'team_cost_today_exceeds_usd: 2',
    { spent: { 'today team web': 3 }, ...team('web') },
    { spent: { 'month team web': 3 }, ...team('web') },
  ),
  ...both(
    'team_cost_month_exceeds_usd',
    'team_cost_month_exceeds_usd: 100',
    { spent: { 'today team web': 1, 'month team web': 100 }, ...team('web') },
    { spent: { 'month team web': 100 }, ...team('web') },
  ),
  ...both(
    'team_budget_remaining_lt',
    'team_budget_remaining_lt: 10',
    { spent: { 'month team web': 91, 'cap team web': 100 }, ...team('web') },
    { spent: { 'month team web': 90, 'cap team web': 100 }, ...team('web') },
  ),
  ...both(
    'team_budget_remaining_lt of a team without a cap',
    'not: { team_budget_remaining_lt: 10 }',
    { spent: { 'month team web': 1000 }, ...team('web') },
    { spent: { 'month team web': 1000, 'cap team web': 100 }, ...team('web') },
  ),
  ...both('any_of', 'any_of: [{ user_is: bob }, { has_tools: true }]', { request: { traits: { hasTools: true } } }, user('ada')),
  ...both(
    'all_of',
    'all_of: [{ user_is: ada }, { has_tools: true }]',
    { request: { traits: { hasTools: true } } },
    { request: { principal: { userId: 'bob' }, traits: { hasTools: true } } },
  ),
  ...both('not', 'not: { user_is: bob }', user('ada'), user('bob')),
  ...both('not of a nested any_of', 'not: { any_of: [{ has_tools: true }, { user_is: bob }] }', user('ada'), user('bob')),
  ...both('keys of one condition are all asked', 'user_is: ada, estimated_input_tokens_lt: 50', tokens(49), tokens(51)),
  ...both(
    'three levels deep',
    'any_of: [{ all_of: [{ not: { has_tools: true } }, { user_is: ada }] }, { team_is: web }]',
    user('ada'),
    user('bob'),
  ),
  {
    claim: 'a rule reads the last message of the user, not the system, an answer or an earlier one',
    policy: haikuWhen('message_contains_any: [deploy, invoice, translate]'),
    says: 'hello',
    ...passedOver,
  },
  {
    claim: 'a conversation that ends with tools is judged by what the user said last',
    policy: haikuWhen('message_contains_any: translate'),
    ...ruled,
  },
  {
    claim: 'a message of which only the first 64 KiB are read',
    policy: haikuWhen('message_matches: "needle"'),
    says: `${'x'.repeat(65_531)}needle`,
    ...passedOver,
  },
  {
    claim: 'a body that only its provider understands fails no rule but those that look inside',
    policy: haikuWhen('user_is: ada'),
    request: { content: unreadable },
    ...ruled,
  },
  {
    claim: 'a body that only its provider understands is not looked into',
    policy: haikuWhen('message_matches: "."'),
    request: { content: unreadable },
    ...passedOver,
  },
  {
    claim: 'an expression that would hang an engine that goes back',
    policy: haikuWhen('message_matches: "(a+)+$"'),
    says: `${'a'.repeat(60_000)}!`,
    ...passedOver,
  },
]

function unreadable(): never {
  throw new Error('messages[0].content[0].type: not known')
}
