// Which of several keys is taken, and which rest (reliability.md §8).
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/ir/errors.ts'
import { createKeyPool } from '../../src/providers/key-pool.ts'
import { openEngine, readAll } from '../engine/open-engine.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { times } from '../support/scripts.ts'

const limited = (retryAfterMs?: number) =>
  new GatewayError('rate_limit', 'upstream_error', 'slow down', retryAfterMs === undefined ? {} : { retryAfterMs })
const refused = new GatewayError('auth', 'provider_auth_failed', 'refused')

function open(weights: readonly number[]) {
  const clock = fakeClock()
  const keys = weights.map((weight, index) => ({ apiKey: `key-${index + 1}`, weight }))
  const pool = createKeyPool(keys, () => clock.nowMs())
  const use = (count: number) =>
    Array.from({ length: count }, () => {
      const lease = pool.take()
      lease.release()
      return lease.position
    })
  return { clock, pool, use }
}

describe('a pool of keys', () => {
  it('takes them in turn', () => {
    expect(open([1, 1, 1]).use(6)).toEqual([1, 2, 3, 1, 2, 3])
  })

  it('gives each its weight, spread out', () => {
    expect(open([3, 1]).use(8)).toEqual([1, 1, 2, 1, 1, 1, 2, 1])
  })

  it('takes the one with the least in flight for its weight', () => {
    const { pool } = open([2, 1])
    const held = Array.from({ length: 6 }, () => pool.take())
    expect(held.map(({ position }) => position).sort()).toEqual([1, 1, 1, 1, 2, 2])
    for (const lease of held.filter(({ position }) => position === 2)) lease.release()
    expect([pool.take().position, pool.take().position]).toEqual([2, 2])
  })

  it('gives a lease back once, however often it is released', () => {
    const { pool } = open([1, 1])
    const first = pool.take()
    first.release()
    first.release()
    const held = [pool.take(), pool.take(), pool.take(), pool.take()].map(({ position }) => position)
    expect(held.filter((position) => position === 1)).toHaveLength(2)
  })

  it.each([
    ['as long as it was told', 5000, 5000],
    ['half a minute when it was not told how long', undefined, 30_000],
    ['a second at least', 0, 1000],
    ['an hour at most', 86_400_000, 3_600_000],
  ])('lets a limited one rest %s', async (_, told, restMs) => {
    const { clock, pool, use } = open([1, 1])
    const lease = pool.take()
    expect(lease.failed(limited(told))).toBe(true)
    lease.release()
    await clock.advance(restMs - 1)
    expect(use(3)).toEqual([2, 2, 2])
    await clock.advance(1)
    expect(new Set(use(4))).toEqual(new Set([1, 2]))
  })

  it('lets a refused one rest until the next start', async () => {
    const { clock, pool, use } = open([1, 1])
    pool.take().failed(refused)
    await clock.advance(86_400_000)
    expect(use(3)).toEqual([2, 2, 2])
  })

  it('blames no key for what is not its fault', () => {
    expect(
      open([1, 1])
        .pool.take()
        .failed(new GatewayError('server_error', 'upstream_error', 'broken')),
    ).toBe(false)
  })

  it('takes the one that wakes first when all rest', () => {
    const { pool } = open([1, 1, 1])
    for (const error of [refused, limited(9000), limited(5000)]) pool.take().failed(error)
    expect([pool.hasUsable(), pool.take().position]).toEqual([false, 3])
  })

  it('shares calls out by weight, whatever the weights', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(weights, (given) => {
        const sum = given.reduce((total, weight) => total + weight, 0)
        const taken = open(given).use(sum)
        expect(given.map((_, index) => taken.filter((position) => position === index + 1).length)).toEqual(given)
      }),
    )
  })
})

describe('a provider with a pool', () => {
  const config = {
    providers: {
      up: { wire: 'openai', base_url: 'http://127.0.0.1:9/v1', api_keys: ['bad', { key: 'good', weight: 2 }, 'other'] },
    },
  }
  const ask = async (engine: Awaited<ReturnType<typeof openEngine>>) => {
    const asking = engine.ask({ model: 'up:x', shape: 'openai' })
    await readAll((await asking.answer).chunks)
    return engine.traces.closed.at(-1)
  }
  const keysOf = (engine: Awaited<ReturnType<typeof openEngine>>) =>
    engine.upstream.requests.map(({ headers }) => String(headers['authorization']).replace('Bearer ', ''))

  it('asks another key at once when one is told to wait, and leaves it alone after that', async () => {
    const engine = await openEngine({ config })
    engine.upstream.script({ status: 429, headers: { 'retry-after': '60' } })
    await ask(engine)
    await ask(engine)
    await ask(engine)
    const [limitedKey, ...rest] = keysOf(engine)
    expect(rest).not.toContain(limitedKey)
    expect(engine.clock.slept).toEqual([])
  })

  it('asks every key once when all are refused, and then says so', async () => {
    const engine = await openEngine({ config })
    engine.upstream.script(...times(3, { status: 401 }))
    await expect(engine.ask({ model: 'up:x', shape: 'openai' }).answer).rejects.toMatchObject({ code: 'provider_auth_failed' })
    expect(keysOf(engine).sort()).toEqual(['bad', 'good', 'other'])
    expect(engine.traces.appended.map(({ type }) => type)).toEqual(['provider.degraded'])
  })

  it('does not go round when keys wake while it asks', async () => {
    const engine = await openEngine({ config: { ...config, limits: { max_retries: 0 } } })
    engine.upstream.script(...times(9, { status: 429, headers: { 'retry-after': '0' }, delayFirstMs: 1500 }))
    await expect(engine.ask({ model: 'up:x', shape: 'openai' }).answer).rejects.toMatchObject({ errorClass: 'rate_limit' })
    expect(engine.upstream.requests).toHaveLength(3)
  })
})
