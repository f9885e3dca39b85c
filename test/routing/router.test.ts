// Every way a model name can go (contract.md §3), the same whatever the wire.
import { beforeAll, describe, expect, it } from 'vitest'
import { formatModelRef } from '../../src/catalog/models.ts'
import type { Config } from '../../src/config/schema.ts'
import { route, type Route } from '../../src/routing/router.ts'
import { slots } from '../../src/routing/slots/index.ts'
import type { RoutingTables } from '../../src/routing/tables.ts'
import { chainEntry } from '../../src/store/events.ts'
import { configWith } from '../catalog/config.ts'
import { abilityCases } from './cases/abilities.ts'
import { bareCases } from './cases/bare.ts'
import type { RoutingCase } from './cases/case.ts'
import { defaultCases } from './cases/defaults.ts'
import { namedCases } from './cases/named.ts'
import { oddCases } from './cases/odd.ts'
import { openTables, routeRequestWith } from './open-tables.ts'

let tables: (config: Config) => RoutingTables

beforeAll(async () => {
  tables = await openTables()
})

async function routed({
  config,
  model,
  shape = 'anthropic',
  traits,
  principal,
}: Omit<RoutingCase, 'claim' | 'winner' | 'chain'>): Promise<Route> {
  const question = routeRequestWith({ requestedModel: model, shape, principal, traits })
  const asked = tables(config)
  await asked.prepare(question)
  return route(question, asked)
}

/** The slots that names alone never reach are in rules.test.ts; here they are silent. */
const silent = new Set(['manual_sticky', 'rule', 'pattern', 'delegate_request'])

function wordsOf({ chain }: Route): readonly string[] {
  return chain
    .filter(({ policy, verdict }) => !silent.has(policy) || verdict !== 'not_applicable')
    .map((slot) => (slot.verdict[0] ?? '') + (slot.verdict === 'rejected' ? `:${slot.validation_failure}` : ''))
}

describe('the way a model name goes', () => {
  it.each([...namedCases, ...bareCases, ...defaultCases, ...abilityCases, ...oddCases])('$claim', async (given) => {
    const result = await routed(given)
    expect(result.target === null ? null : formatModelRef(result.target)).toBe(given.winner)
    expect(wordsOf(result)).toEqual(given.chain)
    expect(result.refusal?.code).toBe(given.code)
    // What holds for every route.
    for (const slot of result.chain) expect(chainEntry.parse(slot)).toEqual(slot)
    const order = slots.map(({ policy }) => policy)
    expect(result.chain.map(({ policy }) => policy)).toEqual(order.slice(0, result.chain.length))
    expect(result.winnerIndex).toBe(result.chain.findIndex(({ verdict }) => verdict === 'chose'))
    expect(result.refusal === null).toBe(result.target !== null)
  })

  it('names the winner in the chain, and why each slot was passed over', async () => {
    const config = configWith(['openai', 'deepseek'], { default_model: 'gpt-4o' })
    const result = await routed({ config, model: 'deepseek-chat', shape: 'openai', traits: { hasImages: true } })
    expect(result.chain).toEqual([
      {
        policy: 'per_message_override',
        verdict: 'rejected',
        candidate_model: 'deepseek:deepseek-chat',
        reason: "the request's model",
        rule_name: null,
        validation_failure: 'no_vision_support',
      },
      ...(
        [
          ['manual_sticky', 'no model was chosen for a session'],
          ['rule', 'there are no rules'],
          ['pattern', 'pattern routing is off'],
          ['delegate_request', 'the request leaves no choice'],
        ] as const
      ).map(([policy, reason]) => ({
        policy,
        verdict: 'not_applicable',
        candidate_model: null,
        reason,
        rule_name: null,
        validation_failure: null,
      })),
      {
        policy: 'workspace_default',
        verdict: 'not_applicable',
        candidate_model: null,
        reason: 'the workspace has no default model',
        rule_name: null,
        validation_failure: null,
      },
      {
        policy: 'global_default',
        verdict: 'chose',
        candidate_model: 'openai:gpt-4o',
        reason: 'the configured default_model',
        rule_name: null,
        validation_failure: null,
      },
    ])
  })
})

describe('a refusal', () => {
  it('of routing is a 503 that tells what was tried', async () => {
    const config = configWith(['openai'], { default_model: 'groq:qwen/qwen3-32b' })
    const { refusal } = await routed({ config, model: 'anthropic:claude-haiku-4-5' })
    expect(refusal).toMatchObject({ code: 'routing_failed', status: 503, errorClass: 'other' })
    expect(refusal?.details.fields).toEqual({
      tried: [
        { policy: 'per_message_override', candidate_model: 'anthropic:claude-haiku-4-5', reason: 'not_configured' },
        { policy: 'manual_sticky', candidate_model: null, reason: 'no model was chosen for a session' },
        { policy: 'rule', candidate_model: null, reason: 'there are no rules' },
        { policy: 'pattern', candidate_model: null, reason: 'pattern routing is off' },
        { policy: 'delegate_request', candidate_model: null, reason: 'the request leaves no choice' },
        { policy: 'workspace_default', candidate_model: null, reason: 'the workspace has no default model' },
        { policy: 'global_default', candidate_model: 'groq:qwen/qwen3-32b', reason: 'not_configured' },
      ],
    })
    expect(refusal?.message).toContain('Configured: openai.')
  })

  it('of an unknown provider is a 404 on `model` that names those there are', async () => {
    const { refusal } = await routed({ config: configWith(['anthropic', 'openai']), model: 'nope:claude' })
    expect(refusal).toMatchObject({
      code: 'model_not_found',
      status: 404,
      errorClass: 'invalid_request',
      details: {
        param: 'model',
        fields: { tried: [{ policy: 'per_message_override', candidate_model: 'nope:claude', reason: 'not_configured' }] },
      },
    })
    expect(refusal?.message).toBe('There is no provider "nope" for the model "nope:claude". Configured: anthropic, openai.')
  })

  it('without any provider says how to get one', async () => {
    expect((await routed({ config: configWith([]), model: 'gpt-5' })).refusal?.message).toContain(
      'set a provider key such as ANTHROPIC_API_KEY',
    )
  })

  it.each([
    ['an unknown prefix', `${'p'.repeat(5000)}:x`],
    ['an unconfigured provider', `groq:${'n'.repeat(5000)}`],
  ])('never repeats more than 200 characters of %s', async (_, model) => {
    const { refusal, chain } = await routed({ config: configWith(['openai']), model })
    expect(refusal?.message).not.toMatch(/(.)\1{200}/)
    expect(JSON.stringify([refusal?.details.fields, chain])).not.toMatch(/([pn])\1{200}/)
    expect(Math.max(...chain.map((slot) => slot.candidate_model?.length ?? 0))).toBe(200)
  })
})
