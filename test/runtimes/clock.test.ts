// Node's clock against what happens to machines: they sleep, and their time is set.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { nodeClock } from '../../runtimes/node/clock.ts'

afterEach(() => vi.restoreAllMocks())

describe('nodeClock', () => {
  it('follows the wall clock when the machine slept or its time was set, forth and back', () => {
    const realNow = Date.now.bind(Date)
    for (const shiftMs of [3_600_000, -3_600_000, 0]) {
      vi.spyOn(Date, 'now').mockImplementation(() => realNow() + shiftMs)
      expect(Math.abs(nodeClock.nowUs() / 1000 - (realNow() + shiftMs))).toBeLessThan(50)
    }
  })

  it('is finer than a millisecond', () => {
    const fractions = Array.from({ length: 200 }, () => nodeClock.nowUs() % 1000)
    expect(new Set(fractions).size).toBeGreaterThan(1)
  })

  it('ends a sleep with the reason of its signal', async () => {
    const abort = new AbortController()
    const sleeping = nodeClock.sleep(60_000, abort.signal)
    const reason = new Error('the client left')
    abort.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
    await expect(nodeClock.sleep(60_000, abort.signal)).rejects.toBe(reason)
  })
})
