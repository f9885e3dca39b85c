// When a model or a provider is better left alone, and when it is worth a try again (contract.md §3).
import { describe, expect, it } from 'vitest'
import { GatewayError, type ErrorClass } from '../../src/ir/errors.ts'
import { createAvailability } from '../../src/routing/availability.ts'
import { fakeClock } from '../support/fake-clock.ts'

const one = { provider: 'anthropic', name: 'one' }
const other = { provider: 'anthropic', name: 'other' }
const errorOf = (errorClass: ErrorClass) => new GatewayError(errorClass, 'upstream_error', 'failed')
const network = new GatewayError('network', 'upstream_unreachable', 'could not be reached')
const refused = new GatewayError('auth', 'provider_auth_failed', 'refused')

function open() {
  const clock = fakeClock()
  const availability = createAvailability(() => clock.nowMs())
  const fail = (times: number, error = errorOf('server_error'), model = one) =>
    Array.from({ length: times }, () => availability.failed(model, error)).filter((trouble) => trouble !== null)
  return { clock, availability, fail, isUp: (model = one) => availability.troubleOf(model) === null }
}

describe('a model', () => {
  it.each(['server_error', 'overloaded', 'timeout', 'rate_limit'] as const)(
    'is unavailable after five %s in a row',
    (errorClass) => {
      const { fail, isUp } = open()
      expect(fail(4, errorOf(errorClass))).toEqual([])
      expect(isUp()).toBe(true)
      expect(fail(1, errorOf(errorClass))).toEqual(['anthropic:one failed 5 times in a row'])
      expect(isUp()).toBe(false)
      expect(isUp(other)).toBe(true)
    },
  )

  it('is listed while it is unavailable, with its reason', async () => {
    const { availability, clock, fail } = open()
    fail(5)
    availability.failed({ provider: 'openai', name: 'gpt' }, refused)
    expect(availability.unavailable()).toEqual([
      { provider: 'anthropic', model: 'anthropic:one', reason: 'anthropic:one failed 5 times in a row' },
      { provider: 'openai', model: null, reason: "openai refuses the gateway's credential" },
    ])
    await clock.advance(300_000)
    expect(availability.unavailable()).toEqual([])
  })

  it('is told of as unavailable once, however often it fails after that', () => {
    expect(open().fail(40)).toHaveLength(1)
  })

  it.each(['invalid_request', 'context_overflow', 'CANCELLED'] as const)('is not blamed for %s', (errorClass) => {
    const { fail, isUp } = open()
    fail(40, errorOf(errorClass))
    expect(isUp()).toBe(true)
  })

  it('begins a new row after a success', () => {
    const { availability, fail, isUp } = open()
    fail(4)
    availability.succeeded(one)
    fail(4)
    expect(isUp()).toBe(true)
  })

  it('has five failures only within two minutes', async () => {
    const { clock, fail, isUp } = open()
    for (let times = 0; times < 20; times += 1) {
      fail(1)
      await clock.advance(31_000)
    }
    expect(isUp()).toBe(true)
    fail(5)
    expect(isUp()).toBe(false)
  })

  it('is back after a success', () => {
    const { availability, fail, isUp } = open()
    fail(5)
    availability.succeeded(one)
    expect(isUp()).toBe(true)
  })

  it('is back after five minutes without an attempt, which an attempt puts off', async () => {
    const { clock, fail, isUp } = open()
    fail(5)
    await clock.advance(299_000)
    fail(1)
    await clock.advance(299_000)
    expect(isUp()).toBe(false)
    await clock.advance(1_000)
    expect(isUp()).toBe(true)
    fail(1)
    expect(isUp()).toBe(true)
  })
})

describe('a provider', () => {
  it('is unavailable with all its models after one refused credential', () => {
    const { fail, isUp } = open()
    expect(fail(1, refused)).toEqual(["anthropic refuses the gateway's credential"])
    expect([isUp(), isUp(other), isUp({ provider: 'openai', name: 'one' })]).toEqual([false, false, true])
  })

  it('is unavailable after two network failures within half a minute, on whichever models', async () => {
    const { clock, fail, isUp } = open()
    fail(1, network)
    await clock.advance(30_001)
    fail(1, network, other)
    expect(isUp()).toBe(true)
    expect(fail(1, network)).toEqual(['anthropic could not be reached 2 times'])
    expect([isUp(), isUp(other)]).toEqual([false, false])
  })

  it('is back after a success of any of its models', () => {
    const { availability, fail, isUp } = open()
    fail(2, network)
    availability.succeeded(other)
    expect(isUp()).toBe(true)
  })
})
