// What is wrong with a policy file is said with line, column and mend.
import { describe, expect, it } from 'vitest'
import { createReadPolicy } from '../../runtimes/node/policy-files.ts'
import { readYaml } from '../../runtimes/node/yaml.ts'
import { createPolicyBook, type InvalidPolicy } from '../../src/routing/policy/book.ts'

async function faultsOf(text: string): Promise<readonly string[]> {
  const invalid: InvalidPolicy[] = []
  const book = createPolicyBook({
    read: async () => ({ kind: 'read', path: 'routing.yaml', version: '1', ...readYaml(text) }),
    nowMs: () => 0,
    logger: { log: () => undefined },
    modelFault: (name) => (name === 'nope:x' ? 'there is no provider "nope"' : null),
    onInvalid: (one) => invalid.push(one),
  })
  await book.prepare(null)
  expect(book.faults()).toEqual(invalid)
  expect(book.policyFor(null).rules).toEqual([])
  return invalid.flatMap(({ faults }) => faults.map(({ line, column, message }) => `${line}:${column} ${message}`))
}

const when = (condition: string): string => `rules:\n  - name: one\n    model: haiku\n    when:\n      ${condition}\n`

describe('a broken policy', () => {
  it.each([
    ['no YAML', 'rules:\n  - name: "one', /^2:\d+ Missing closing "quote/],
    ['a tab', 'rules:\n\t- name: one', /^2:1 Tabs/],
    ['not a map', '- one', /^1:1 .*expected object/],
    ['an unknown key at the top', 'rule: []', /^1:7 rule: there is no "rule" here; allowed: rules$|expected array/],
    [
      'an unknown key of a rule',
      'rules:\n  - { name: one, model: haiku, whn: 1 }',
      /^2:37 rules\.0\.whn: there is no "whn" here; allowed: name, when, model$/,
    ],
    ['a rule without a model', 'rules:\n  - name: one', /^2:5 rules\.0\.model: .*expected string/],
    ['a rule without a name', 'rules:\n  - model: haiku', /^2:5 rules\.0\.name: .*expected string/],
    [
      'two rules of one name',
      'rules:\n  - { name: a, model: haiku }\n  - { name: a, model: haiku }',
      /^3:13 rules\.1\.name: there is a rule "a" already$/,
    ],
    ['a model of nobody', 'rules:\n  - { name: a, model: "nope:x" }', /^2:23 rules\.0\.model: there is no provider "nope"$/],
    ['an empty condition', 'rules:\n  - { name: a, model: haiku, when: {} }', /^2:36 rules\.0\.when: an empty condition/],
    ['a wrong type', when('has_tools: "yes"'), /^5:18 rules\.0\.when\.has_tools: .*expected boolean/],
    ['a negative amount', when('cost_today_exceeds_usd: -1'), /^5:31 .*>=0/],
    ['no time of day', when('time_of_day_between: ["9", "10:00"]'), /^5:\d+ .*(time of day|two times)/],
    [
      'no time zone',
      when('time_of_day_between: { from: "09:00", to: "10:00", timezone: Moon/Base }'),
      /^5:\d+ .*(time zone|two times)/,
    ],
    ['no tag', when('tag_is: ci'), /^5:15 .*key=value/],
    [
      'a back-reference',
      when('message_matches: "(a)\\\\1"'),
      /^5:24 .*message_matches: back-references are not allowed.*character 4/,
    ],
    ['look-around', when('message_matches: "(?=a)"'), /look-around is not allowed/],
    ['an open bracket', when('message_matches: "a("'), /is never closed/],
    ['an expression of 1,001 characters', when(`message_matches: "${'a'.repeat(1001)}"`), /<=1000 characters/],
    [
      'a fault deep inside',
      when('any_of: [{ not: { all_of: [{ message_matches: "[" }] } }]'),
      /^5:53 rules\.0\.when\.any_of\.0\.not\.all_of\.0\.message_matches: /,
    ],
    [
      'an unknown predicate deep inside',
      when('not: { any_of: [{ has_tol: true }] }'),
      /there is no "has_tol" here; allowed: has_images/,
    ],
  ])('with %s', async (_, text, expected) => {
    const faults = await faultsOf(text)
    expect(
      faults.some((fault) => expected.test(fault)),
      faults.join('\n'),
    ).toBe(true)
  })

  it('names every fault, not the first alone', async () => {
    expect(await faultsOf(`${when('message_matches: "("')}  - { name: two, model: "nope:x" }\n`)).toHaveLength(2)
  })

  it('that cannot be read is a fault, and one that is not there is none', async () => {
    const read = createReadPolicy('/dev')
    expect(await read('relative/path', null)).toEqual({ kind: 'absent' })
    expect(await read('/dev/null', null)).toEqual({ kind: 'absent' })
  })
})
