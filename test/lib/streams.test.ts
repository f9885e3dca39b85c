import { describe, expect, it } from 'vitest'
import { encodeEach } from '../../src/lib/streams.ts'

interface Source {
  readonly items: AsyncIterable<string>
  readonly closed: () => number
}

/** Gives the texts, then ends or throws. */
function sourceOf(texts: readonly string[], then: 'end' | Error): Source {
  let at = 0
  let closed = 0
  const next = (): Promise<IteratorResult<string>> => {
    const value = texts[at++]
    if (value !== undefined) return Promise.resolve({ done: false, value })
    return then === 'end' ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(then)
  }
  const close = (): Promise<IteratorResult<string>> => {
    closed++
    return Promise.resolve({ done: true, value: undefined })
  }
  return { items: { [Symbol.asyncIterator]: () => ({ next, return: close }) }, closed: () => closed }
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)
const lastOf = (error: unknown): Uint8Array => bytesOf(`! ${error instanceof Error ? error.message : 'unknown'}`)

async function texts(stream: AsyncIterable<Uint8Array>): Promise<string[]> {
  const seen: string[] = []
  for await (const bytes of stream) seen.push(new TextDecoder().decode(bytes))
  return seen
}

describe('encodeEach', () => {
  it('gives the bytes of each item, none for empty ones, and does not close what has ended', async () => {
    const source = sourceOf(['a', '', '', 'b', ''], 'end')
    expect(await texts(encodeEach(source.items, bytesOf, lastOf))).toEqual(['a', 'b'])
    expect(source.closed()).toBe(0)
  })

  it('makes the last bytes of what the source throws, and ends', async () => {
    const source = sourceOf(['a'], new Error('broken'))
    expect(await texts(encodeEach(source.items, bytesOf, lastOf))).toEqual(['a', '! broken'])
    expect(source.closed()).toBe(0)
  })

  it('ends without last bytes where there are none to say', async () => {
    const source = sourceOf(['a'], new Error('broken'))
    expect(await texts(encodeEach(source.items, bytesOf, () => null))).toEqual(['a'])
  })

  it('closes its source when an item cannot be encoded, and says that', async () => {
    const source = sourceOf(['a', 'b', 'c'], 'end')
    const refuseB = (text: string): Uint8Array => {
      if (text === 'b') throw new Error('no b')
      return bytesOf(text)
    }
    expect(await texts(encodeEach(source.items, refuseB, lastOf))).toEqual(['a', '! no b'])
    expect(source.closed()).toBe(1)
  })

  it('closes its source once when the reader leaves', async () => {
    const source = sourceOf(['a', 'b', 'c'], 'end')
    for await (const bytes of encodeEach(source.items, bytesOf, lastOf)) {
      expect(bytes).toEqual(bytesOf('a'))
      break
    }
    expect(source.closed()).toBe(1)
  })

  it('leaves a source alone that nobody began to read', async () => {
    const source = sourceOf(['a'], 'end')
    const iterator = encodeEach(source.items, bytesOf, lastOf)[Symbol.asyncIterator]()
    await iterator.return?.()
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(source.closed()).toBe(0)
  })
})
