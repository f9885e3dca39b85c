// The whole chain as tables: a policy file, a request, a state of the world → who answers, and which slots spoke.
import { beforeAll, describe, expect, it } from 'vitest'
import { readYaml } from '../../runtimes/node/yaml.ts'
import { formatModelRef, parseModelRef } from '../../src/catalog/models.ts'
import { GatewayError } from '../../src/ir/errors.ts'
import { nanoUsdOf } from '../../src/lib/money.ts'
import type { ReadPolicy } from '../../src/routing/policy/book.ts'
import { createPatterns, type Patterns } from '../../src/routing/patterns/patterns.ts'
import { predicateNames } from '../../src/routing/policy/schema.ts'
import { route } from '../../src/routing/router.ts'
import type { ValidationFailure } from '../../src/routing/validate.ts'
import type { RoutingTables } from '../../src/routing/tables.ts'
import type { Spend } from '../../src/store/spend.ts'
import { silent } from '../store/open-store.ts'
import { fakeClock, type FakeClock } from '../support/fake-clock.ts'
import { contentOf, shop, type PolicyCase } from './cases/policy-case.ts'
import { candidateCases } from './cases/candidates.ts'
import { patternCases } from './cases/patterns.ts'
import { choiceCases } from './cases/choices.ts'
import { precedenceCases } from './cases/precedence.ts'
import { predicateCases } from './cases/predicates.ts'
import { openTables, routeRequestWith, type OpenTables } from './open-tables.ts'

let open: OpenTables

beforeAll(async () => {
  open = await openTables()
})

const cases = [...predicateCases, ...precedenceCases, ...candidateCases, ...choiceCases, ...patternCases]

const validationFailures: Readonly<Record<ValidationFailure, true>> = {
  not_configured: true,
  provider_unavailable: true,
  no_vision_support: true,
  no_tool_support: true,
  no_structured_output_support: true,
  exceeds_context_window: true,
}

describe('the routing chain', () => {
  it.each(cases)('$claim', async (given) => {
    const tables = tablesOf(given)
    const content = () => contentOf(given.says, given.history)
    const question = routeRequestWith({ content, ...given.request })
    await tables.prepare(question)
    const result = route(question, tables)
    expect(result.target === null ? null : formatModelRef(result.target)).toBe(given.winner)
    const spoke = result.chain.filter(({ verdict }) => verdict !== 'not_applicable')
    const words = spoke.map(({ policy, verdict, validation_failure: failure }) =>
      [policy, verdict, failure].filter(Boolean).join(' '),
    )
    expect(words).toEqual(given.chain)
    if (given.winner === null) expect(result.refusal).toMatchObject({ code: 'routing_failed', status: 503 })
    else expect(result.chain[result.winnerIndex]).toMatchObject({ verdict: 'chose', candidate_model: given.winner })
  })

  it('has a case for every reason why a model cannot answer', () => {
    const failures = new Set(cases.flatMap(({ chain }) => chain.flatMap((slot) => slot.split(' ')[2] ?? [])))
    expect([...failures].toSorted()).toEqual(Object.keys(validationFailures).toSorted())
  })

  it('has a case for every predicate, both ways', () => {
    expect(cases.length).toBeGreaterThan(150)
    for (const name of predicateNames) {
      const about = predicateCases.filter(({ policy = '' }) => policy.includes(`${name}:`))
      expect(new Set(about.map(({ winner }) => winner)), name).toHaveProperty('size', 2)
    }
  })

  it('names the rule that won, and the one whose model could not answer', async () => {
    const policy = 'rules:\n  - { name: eyes, model: "deepseek:deepseek-chat" }\n'
    const tables = tablesOf({ claim: '', policy, winner: null, chain: [] })
    const question = routeRequestWith({ traits: { hasImages: true } })
    await tables.prepare(question)
    expect(route(question, tables).chain.find(({ policy }) => policy === 'rule')).toEqual({
      policy: 'rule',
      verdict: 'rejected',
      candidate_model: 'deepseek:deepseek-chat',
      reason: 'the rule "eyes" holds',
      rule_name: 'eyes',
      validation_failure: 'no_vision_support',
    })
  })
})

function tablesOf(given: PolicyCase): RoutingTables {
  const { config = shop, policy, global, at = '12:00:00', spent, trouble = [], learned } = given
  const clock = fakeClock({ startUs: Date.parse(`2026-11-23T${at}Z`) * 1000 })
  const readPolicy: ReadPolicy = async (workspace) => {
    const text = workspace === null ? global : policy
    if (text === undefined) return { kind: 'absent' }
    return { kind: 'read', path: 'routing.yaml', version: '1', ...readYaml(text) }
  }
  const tables = open(config, { clock, readPolicy, patterns: learned === undefined ? null : patternsOf(learned, clock) })
  for (const id of trouble) fail(id, tables)
  return spent === undefined ? tables : { ...tables, spend: () => spendOf(spent) }
}

function patternsOf(learned: NonNullable<PolicyCase['learned']>, clock: FakeClock): Patterns {
  const store = { add: () => Promise.resolve(), judge: () => Promise.resolve(), read: () => Promise.resolve([]) }
  const settings = { costWeight: 0.1, neighbours: 25, minSample: 5, minConfidence: 0.25 }
  const patterns = createPatterns({ settings, store, clock, logger: silent })
  for (const { says, model, status, times } of learned)
    for (let time = 0; time < times; time += 1) {
      const turn = { turnId: `${model} ${time}`, session: null, model, status, costNanoUsd: 1000 }
      patterns.learn(routeRequestWith({ content: () => contentOf(says) }), turn)
    }
  return patterns
}

function fail(id: string, { availability }: RoutingTables): void {
  const model = parseModelRef(id)
  const refused = new GatewayError('auth', 'provider_auth_failed', 'refused')
  if (model === null) availability.failed({ provider: id, name: 'any' }, refused)
  else
    for (let times = 0; times < 5; times += 1)
      availability.failed(model, new GatewayError('server_error', 'upstream_error', 'failed'))
}

function spendOf(spent: Readonly<Record<string, number>>): Spend {
  const nano = (key: string): number => nanoUsdOf(spent[key] ?? 0)
  const today: Spend['today'] = (scope, id) => (scope === 'all' ? nano('today') : nano(`today ${scope} ${id}`))
  const month: Spend['month'] = (scope, id) => today(scope, id) + nano(`month ${scope} ${id}`)
  return {
    today,
    month,
    budgetOf(scope, id) {
      const cap = nano(`cap ${scope} ${id}`)
      if (cap === 0) return null
      const left = cap - month(scope, id)
      return { leftNanoUsd: left, leftShare: Math.max(0, left) / cap }
    },
  }
}
