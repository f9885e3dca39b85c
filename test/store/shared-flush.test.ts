// What `durability: strict` waits for (reliability.md §1).
import { describe, expect, it } from 'vitest'
import { createSharedFlush } from '../../src/store/shared-flush.ts'
import { createTraceStore } from '../../src/store/trace-store.ts'
import type { Storage } from '../../src/store/storage.ts'
import { turnOf } from '../support/turns.ts'
import { openStore, silent, temporaryFolder } from './open-store.ts'

/** A flush that ends when the test says so. */
function scriptedFlush(): { readonly flush: () => Promise<void>; readonly end: (error?: Error) => void; count(): number } {
  const running: { resolve: () => void; reject: (error: Error) => void }[] = []
  let count = 0
  return {
    flush: () =>
      new Promise((resolve, reject) => {
        count += 1
        running.push({ resolve, reject })
      }),
    end(error) {
      const first = running.shift()
      if (error === undefined) first?.resolve()
      else first?.reject(error)
    },
    count: () => count,
  }
}

const turnOfTheLoop = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('a shared flush', () => {
  it('lets everybody who comes while one runs share the next one, which begins after it', async () => {
    const { flush, end, count } = scriptedFlush()
    const shared = createSharedFlush(flush)
    const done: string[] = []
    const ask = (name: string): void => void shared().then(() => done.push(name))
    ask('first')
    ask('second')
    ask('third')
    expect(count()).toBe(1)
    end()
    await turnOfTheLoop()
    expect([done, count()]).toEqual([['first'], 2])
    ask('fourth')
    end()
    await turnOfTheLoop()
    expect([done, count()]).toEqual([['first', 'second', 'third'], 3])
    end()
    await turnOfTheLoop()
    expect(done).toEqual(['first', 'second', 'third', 'fourth'])
  })

  it('tells a fault to those who waited for that flush, and to nobody else', async () => {
    const { flush, end } = scriptedFlush()
    const shared = createSharedFlush(flush)
    const [first, second] = [shared(), shared()]
    end(new Error('disk'))
    await expect(first).rejects.toThrow('disk')
    await turnOfTheLoop()
    end()
    await expect(second).resolves.toBeUndefined()
  })
})

describe('the end of a turn', () => {
  const free = { mustCommit: false }

  async function closing(durability: 'standard' | 'strict', fault?: Error) {
    const folder = temporaryFolder()
    const store = await openStore(`${folder.path}/metis.db`)
    const flushes = scriptedFlush()
    const storage: Storage = { ...store.storage, flush: flushes.flush }
    const traces = createTraceStore({
      storage,
      queue: store.queue,
      clock: store.clock,
      instanceId: 'instance-1',
      logger: silent,
      durability,
    })
    const { opened, closed } = turnOf(1)
    await traces.openTurn(opened, free)
    let recorded: unknown = 'waiting'
    void traces.closeTurn(closed).then((outcome) => (recorded = outcome))
    await store.queue.idle()
    await turnOfTheLoop()
    const events = await store.storage.db.selectFrom('events').select('type').orderBy('id').execute()
    const before = recorded
    flushes.end(fault)
    await turnOfTheLoop()
    await store.close()
    folder.remove()
    return { events: events.length, before, after: recorded, flushes: flushes.count() }
  }

  it('waits for the flush after its commit when durability is strict', async () => {
    expect(await closing('strict')).toEqual({ events: 3, before: 'waiting', after: { deferred: false }, flushes: 1 })
  })

  it('does not wait for any flush when durability is standard', async () => {
    expect(await closing('standard')).toMatchObject({ before: { deferred: false }, flushes: 0 })
  })

  it('is released although the disk cannot be synced', async () => {
    expect(await closing('strict', new Error('I/O error'))).toMatchObject({ before: 'waiting', after: { deferred: true } })
  })
})
