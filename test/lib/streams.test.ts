import { describe, expect, it } from 'vitest'
import { abortable } from '../../src/lib/streams.ts'

interface Source {
  readonly items: AsyncIterable<number>
  readonly closed: () => number
}

/** Gives the numbers, then hangs, ends or throws; its `return` never answers while it hangs. */
function sourceOf(numbers: readonly number[], then: 'hang' | 'end' | Error): Source {
  let at = 0
  let closed = 0
  const never = new Promise<never>(() => {})
  const next = (): Promise<IteratorResult<number>> => {
    const value = numbers[at++]
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (then instanceof Error) return Promise.reject(then)
    return then === 'end' ? Promise.resolve({ done: true, value: undefined }) : never
  }
  const close = (): Promise<IteratorResult<number>> => {
    closed++
    return at > numbers.length ? never : Promise.resolve({ done: true, value: undefined })
  }
  return { items: { [Symbol.asyncIterator]: () => ({ next, return: close }) }, closed: () => closed }
}

async function collect(items: AsyncIterable<number>, onItem: (item: number) => void = () => {}): Promise<number[]> {
  const seen: number[] = []
  for await (const item of items) {
    seen.push(item)
    onItem(item)
  }
  return seen
}

const signal = (): AbortSignal => new AbortController().signal

describe('abortable', () => {
  it('passes everything on and does not close what has ended', async () => {
    const source = sourceOf([1, 2, 3], 'end')
    expect(await collect(abortable(source.items, signal()))).toEqual([1, 2, 3])
    expect(source.closed()).toBe(0)
  })

  it('throws the reason while the source is silent, and does not wait for it to close', async () => {
    const source = sourceOf([1], 'hang')
    const controller = new AbortController()
    const reason = new Error('gone')
    const reading = collect(abortable(source.items, controller.signal), () => setImmediate(() => controller.abort(reason)))
    await expect(reading).rejects.toBe(reason)
    expect(source.closed()).toBe(1)
  })

  it('takes nothing from the source when the signal was aborted before', async () => {
    const source = sourceOf([1], 'end')
    const reason = new Error('gone')
    await expect(collect(abortable(source.items, AbortSignal.abort(reason)))).rejects.toBe(reason)
    expect(source.closed()).toBe(1)
  })

  it('stops between two items', async () => {
    const source = sourceOf([1, 2, 3], 'end')
    const controller = new AbortController()
    const seen: number[] = []
    const reading = collect(abortable(source.items, controller.signal), (item) => {
      seen.push(item)
      controller.abort(new Error('enough'))
    })
    await expect(reading).rejects.toThrow('enough')
    expect(seen).toEqual([1])
  })

  it("passes the source's own failure on and does not close it", async () => {
    const source = sourceOf([1], new Error('broken'))
    await expect(collect(abortable(source.items, signal()))).rejects.toThrow('broken')
    expect(source.closed()).toBe(0)
  })

  it('closes the source when the reader leaves', async () => {
    const source = sourceOf([1, 2], 'end')
    for await (const item of abortable(source.items, signal())) if (item === 1) break
    expect(source.closed()).toBe(1)
  })
})
