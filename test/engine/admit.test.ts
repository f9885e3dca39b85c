// Which models a key may use: globs, without a regular expression made of anybody's text.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { admit, type Limit } from '../../src/engine/admit.ts'
import { isModelAllowed } from '../../src/routing/allowed-models.ts'
import { matchesGlob } from '../../src/lib/glob.ts'
import { parseModelRef } from '../../src/catalog/models.ts'
import { GatewayError } from '../../src/ir/errors.ts'
import { protocols } from '../../src/protocols/index.ts'
import { principalWith } from '../support/principals.ts'

describe('a glob', () => {
  it.each([
    ['anthropic:claude-haiku-4-5', 'anthropic:claude-haiku-4-5', true],
    ['anthropic:claude-haiku-4-5', 'anthropic:claude-haiku-4-5-20251001', false],
    ['anthropic:*', 'anthropic:claude-haiku-4-5', true],
    ['anthropic:*', 'anthropic:', true],
    ['anthropic:*', 'anthropicx:claude', false],
    ['*', '', true],
    ['*', 'anything at all', true],
    ['*haiku*', 'anthropic:claude-haiku-4-5', true],
    ['*haiku*', 'anthropic:claude-opus', false],
    ['a*b*c', 'a-b-b-c', true],
    ['a*b*c', 'a-c-b', false],
    ['ab*ba', 'aba', false],
    ['ab*ba', 'abba', true],
    ['a**c', 'abc', true],
    ['a*a', 'a', false],
    ['', '', true],
    ['', 'a', false],
    ['a.c', 'abc', false],
    ['(a+)+$', 'aaaa', false],
    ['[a-z]*', '[a-z]ebra', true],
    ['claude-?', 'claude-5', false],
    ['Haiku', 'haiku', false],
  ])('%j, %j: %s', (pattern, text, matches) => {
    expect(matchesGlob(pattern, text)).toBe(matches)
  })

  it('says what the same regular expression says', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
    const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 })
    fc.assert(
      fc.property(letters, text, (pattern, input) => {
        expect(matchesGlob(pattern, input)).toBe(new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(input))
      }),
    )
  })

  it('is linear: a pattern of stars is soon done with a long name', () => {
    const startedMs = performance.now()
    expect(matchesGlob('a*'.repeat(50_000) + 'b', 'a'.repeat(1_000_000))).toBe(false)
    // Milliseconds; a minute, were each star tried with each letter.
    expect(performance.now() - startedMs).toBeLessThan(10_000)
  })
})

describe('the models of a key', () => {
  it.each([
    { claim: 'none named: all', allowed: [], requested: 'x', target: 'openai:x', yes: true },
    { claim: 'the canonical id', allowed: ['openai:gpt-5'], requested: 'gpt-5', target: 'openai:gpt-5', yes: true },
    { claim: 'the bare name', allowed: ['gpt-5'], requested: 'openai:gpt-5', target: 'openai:gpt-5', yes: true },
    { claim: 'the alias as the client wrote it', allowed: ['fast'], requested: 'fast', target: 'openai:gpt-5', yes: true },
    { claim: 'an alias that was not written', allowed: ['fast'], requested: 'gpt-5', target: 'openai:gpt-5', yes: false },
    { claim: 'a provider', allowed: ['openai:*'], requested: 'gpt-5', target: 'openai:gpt-5', yes: true },
    { claim: 'another provider', allowed: ['openai:*'], requested: 'gpt-5', target: 'openrouter:gpt-5', yes: false },
    { claim: 'the second of two', allowed: ['a:*', 'b:*'], requested: 'x', target: 'b:x', yes: true },
  ])('$claim', ({ allowed, requested, target, yes }) => {
    expect(isModelAllowed(allowed, requested, refOf(target))).toBe(yes)
  })
})

describe('admission', () => {
  const bytes = new TextEncoder().encode('{"model":"gpt-5","messages":[]}')
  const request = protocols.openai.server.decodeRequest(bytes, new Headers())
  const admission = (allowedModels: readonly string[]) => ({
    principal: principalWith({ allowedModels }),
    request,
    target: refOf('openai:gpt-5'),
    sessionId: null,
  })
  const refuses =
    (code: 'quota_exceeded' | 'rate_limit_exceeded'): Limit =>
    () =>
      new GatewayError('rate_limit', code, '')

  it('goes on when nobody says no', async () => {
    expect(await admit(admission([]), [() => null, async () => null])).toBeNull()
  })

  it('is refused by the first limit that says no, and asks no other', async () => {
    const never: Limit = () => expect.fail('it was asked')
    const refusal = await admit(admission([]), [async () => null, refuses('quota_exceeded'), never])
    expect(refusal?.code).toBe('quota_exceeded')
  })

  it('asks no limit for a model the key may not use, and says which it may', async () => {
    const refusal = await admit(admission(['anthropic:*', 'haiku']), [refuses('rate_limit_exceeded')])
    expect(refusal).toMatchObject({ code: 'model_not_allowed', status: 403, details: { param: 'model' } })
    expect(refusal?.message).toBe('This key may not use the model "openai:gpt-5". Allowed: anthropic:*, haiku.')
  })
})

function refOf(id: string) {
  return parseModelRef(id) ?? expect.fail(`${id} is no canonical id`)
}
