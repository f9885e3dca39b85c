// When to try again and how long to wait (reliability.md §8).
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRetryBudget, isFallbackWorthy, isRetryable, isStaleConnection, waitMsOf } from '../../src/engine/retry.ts'
import { GatewayError, type ErrorClass } from '../../src/ir/errors.ts'
import { upstreamErrorOf } from '../../src/protocols/upstream-error.ts'
import { asGatewayError } from '../../src/providers/failures.ts'
import { UpstreamFailure, type UpstreamFault } from '../../src/services.ts'

function refusal(status: number, words: { code?: string; message?: string } = {}): GatewayError {
  return upstreamErrorOf({ shape: 'openai', status, headers: new Headers(), body: '', ...words })
}
const broken = (fault: UpstreamFault): GatewayError => asGatewayError(new UpstreamFailure(fault))

/** How often a failure that stays is tried again, of the two times the engine would; and whether another model is asked. */
const failures: readonly (readonly [what: string, error: GatewayError, retries: number, fallback: boolean])[] = [
  ['400', refusal(400), 0, false],
  ['401', refusal(401), 0, true],
  ['402', refusal(402), 0, true],
  ['403', refusal(403), 0, true],
  ['404', refusal(404), 0, false],
  ['408', refusal(408), 2, true],
  ['409', refusal(409), 1, false],
  ['413', refusal(413), 0, false],
  ['422', refusal(422), 0, false],
  ['429', refusal(429), 2, true],
  ['429 of a spent quota', refusal(429, { code: 'insufficient_quota' }), 0, true],
  ['429 of a spend limit', refusal(429, { code: 'enforced_spend_limit_reached' }), 0, true],
  ['500', refusal(500), 2, true],
  ['502', refusal(502), 2, true],
  ['503', refusal(503), 2, true],
  ['504', refusal(504), 2, true],
  ['529', refusal(529), 2, true],
  ['599', refusal(599), 2, true],
  ['a context that is too long', refusal(400, { code: 'context_length_exceeded' }), 0, false],
  ['no connection', broken('connect'), 2, true],
  ['a connection that takes too long', broken('connect_timeout'), 2, true],
  ['a reset', broken('reset'), 2, true],
  ['a stale connection', broken('stale'), 2, true],
  ['bytes that are no HTTP', broken('malformed'), 1, true],
  ['a defect of ours', asGatewayError(new TypeError('x')), 0, true],
  ['a client that left', new GatewayError('CANCELLED', 'client_closed_request', ''), 0, false],
]

describe('a failure', () => {
  it.each(failures)('%s', (_, error, retries, fallback) => {
    const tries = [0, 1].filter((soFar) => isRetryable(error, soFar)).length
    expect({ retries: tries, fallback: isFallbackWorthy(error) }).toEqual({ retries, fallback })
  })

  it('is of a stale connection only when it says so', () => {
    expect(isStaleConnection(broken('stale'))).toBe(true)
    for (const fault of ['connect', 'reset', 'malformed'] as const) expect(isStaleConnection(broken(fault))).toBe(false)
    expect(isStaleConnection(refusal(503))).toBe(false)
  })
})

describe('the wait', () => {
  const asks = (retryAfterMs: number): GatewayError => new GatewayError('rate_limit', 'upstream_error', '', { retryAfterMs })
  const silent = (errorClass: ErrorClass): GatewayError => new GatewayError(errorClass, 'upstream_error', '')

  it.each([
    { what: 'the least', asked: 2000, soFar: 0, waited: 0, random: 0, wait: 2000 },
    { what: 'a quarter more at most', asked: 2000, soFar: 0, waited: 0, random: 1, wait: 2500 },
    { what: 'nothing when nothing is asked', asked: 0, soFar: 0, waited: 0, random: 1, wait: 0 },
    { what: 'a whole minute', asked: 60_000, soFar: 0, waited: 0, random: 0, wait: 60_000 },
    { what: 'not more than a minute', asked: 60_001, soFar: 0, waited: 0, random: 0, wait: null },
    { what: 'up to 90 s in all', asked: 30_000, soFar: 1, waited: 60_000, random: 0, wait: 30_000 },
    { what: 'not beyond 90 s in all', asked: 30_001, soFar: 1, waited: 60_000, random: 0, wait: null },
    { what: 'jitter only within the 90 s', asked: 30_000, soFar: 1, waited: 59_000, random: 1, wait: 31_000 },
  ])('that a provider asks for: $what', ({ asked, soFar, waited, random, wait }) => {
    expect(waitMsOf(asks(asked), soFar, waited, () => random)).toBe(wait)
  })

  it.each([
    [0, 375, 500],
    [1, 750, 1000],
    [2, 1500, 2000],
    [4, 6000, 8000],
    [20, 6000, 8000],
  ])('nobody asked for, after %i retries, is %i to %i ms', (soFar, least, most) => {
    expect(waitMsOf(silent('overloaded'), soFar, 0, () => 0)).toBe(least)
    expect(waitMsOf(silent('overloaded'), soFar, 0, () => 1)).toBe(most)
  })

  it('never makes a turn wait for more than 90 s in all, nor less than a provider asked for', () => {
    const failing = fc.record({ asked: fc.option(fc.nat(120_000)), random: fc.double({ min: 0, max: 1, noNaN: true }) })
    fc.assert(
      fc.property(fc.array(failing, { maxLength: 6 }), (failed) => {
        let waited = 0
        for (const [soFar, { asked, random }] of failed.entries()) {
          const wait = waitMsOf(asked === null ? silent('network') : asks(asked), soFar, waited, () => random)
          if (wait === null) return
          if (asked !== null) expect(wait).toBeGreaterThanOrEqual(asked)
          waited += wait
          expect(waited).toBeLessThanOrEqual(90_000)
        }
      }),
    )
  })
})

describe('the retry budget', () => {
  function budgetAt() {
    let nowMs = 0
    return { budget: createRetryBudget(() => nowMs), pass: (ms: number) => void (nowMs += ms) }
  }
  const taken = (budget: ReturnType<typeof createRetryBudget>): number => {
    let count = 0
    while (count < 1000 && budget.take()) count += 1
    return count
  }

  it('holds ten', () => {
    expect(taken(budgetAt().budget)).toBe(10)
  })

  it('earns three a second, and a fifth for each request', () => {
    const { budget, pass } = budgetAt()
    taken(budget)
    pass(2000)
    expect(taken(budget)).toBe(6)
    for (let request = 0; request < 5; request++) budget.earn()
    expect(taken(budget)).toBe(1)
  })

  it('never holds more than ten, however long nothing fails', () => {
    const { budget, pass } = budgetAt()
    for (let request = 0; request < 1000; request++) budget.earn()
    pass(3_600_000)
    expect(taken(budget)).toBe(10)
  })
})
