import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSilence } from '../../src/lib/silence.ts'

describe('a limit on silences', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('ends each wait that is as long as the limit, once', () => {
    const onSilent = vi.fn<() => void>()
    const silence = createSilence(1000, onSilent)
    silence.start()
    vi.advanceTimersByTime(999)
    expect(onSilent).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(onSilent).toHaveBeenCalledTimes(1)
    vi.advanceTimersByTime(5000)
    expect(onSilent).toHaveBeenCalledTimes(1)
    silence.start()
    vi.advanceTimersByTime(1000)
    expect(onSilent).toHaveBeenCalledTimes(2)
  })

  it('counts from the last start, whatever timer is running from an earlier one', () => {
    const onSilent = vi.fn<() => void>()
    const silence = createSilence(1000, onSilent)
    for (let chunk = 0; chunk < 5; chunk++) {
      silence.start()
      vi.advanceTimersByTime(700)
      silence.stop()
    }
    silence.start()
    vi.advanceTimersByTime(999)
    expect(onSilent).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(onSilent).toHaveBeenCalledTimes(1)
  })

  it('says nothing of a wait that was stopped, and keeps no timer for nobody', () => {
    const onSilent = vi.fn<() => void>()
    const silence = createSilence(1000, onSilent)
    silence.start()
    silence.stop()
    vi.advanceTimersByTime(3000)
    expect(onSilent).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('leaves no timer behind its end', () => {
    const silence = createSilence(1000, () => undefined)
    silence.start()
    silence.end()
    expect(vi.getTimerCount()).toBe(0)
  })
})
