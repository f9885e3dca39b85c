import { CompiledQuery } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { GatewayError } from '../../src/ir/errors.ts'
import { createCommitQueue } from '../../src/store/commit-queue.ts'
import { StorageBusy } from '../../src/store/storage.ts'
import type { Storage, Unit, UnitOutcome } from '../../src/store/storage.ts'
import { eventually, within } from '../support/deadline.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { defer, silent } from './open-store.ts'

const unit = (name: string): Unit => [CompiledQuery.raw(name)]

type Answer = (units: readonly Unit[]) => Promise<readonly UnitOutcome[]>

const written = (units: readonly Unit[]): readonly UnitOutcome[] => units.map(() => ({ ok: true, affected: [1] }))

/** Answers commits from a script; the last answer stays. Keeps what it was asked to write. */
function scripted(answers: readonly Answer[]) {
  const commits: string[][] = []
  let turn = 0
  const commit: Storage['commit'] = async (units) => {
    const answer = answers[Math.min(turn, answers.length - 1)]
    turn += 1
    const outcomes = answer === undefined ? written(units) : await answer(units)
    commits.push(units.map(([query]) => query?.sql ?? ''))
    return outcomes
  }
  return { commit, commits }
}

const busy: Answer = () => Promise.reject(new StorageBusy())
const fine: Answer = (units) => Promise.resolve(written(units))

describe('the commit queue', () => {
  let clock = fakeClock({ auto: true })
  beforeEach(() => {
    clock = fakeClock({ auto: true })
  })
  const queueOn = (
    script: { readonly commit: Storage['commit'] },
    bounds: { maxTurns?: number; maxBytes?: number; probe?: Unit } = {},
  ) => createCommitQueue({ storage: asStorage(script.commit), clock, defer, logger: silent, random: () => 0, ...bounds })

  it('writes all that came in one turn of the event loop as one commit', async () => {
    const script = scripted([fine])
    const queue = queueOn(script)
    await Promise.all(['a', 'b', 'c'].map((name) => queue.commit(unit(name))))
    expect(script.commits).toEqual([['a', 'b', 'c']])
  })

  it('commits no more than 100 units at once and keeps their order', async () => {
    const script = scripted([fine])
    const queue = queueOn(script)
    const names = Array.from({ length: 250 }, (_, index) => `u${index}`)
    await Promise.all(names.map((name) => queue.commit(unit(name))))
    expect(script.commits.map((commit) => commit.length)).toEqual([100, 100, 50])
    expect(script.commits.flat()).toEqual(names)
  })

  it('lets other work run between two batches of a long queue', async () => {
    const script = scripted([fine])
    const queue = queueOn(script)
    const done = Promise.all(Array.from({ length: 300 }, (_, index) => queue.commit(unit(`u${index}`))))
    const commitsSeen: number[] = []
    const look = (): void => {
      commitsSeen.push(script.commits.length)
      if (script.commits.length < 3) setImmediate(look)
    }
    setImmediate(look)
    await within(10_000, 'three batches', done)
    expect(commitsSeen).toContain(1)
    expect(commitsSeen).toContain(2)
  })

  it('waits 1 to 50 ms, longer each time, while another process holds the lock, and loses nothing', async () => {
    const script = scripted([...Array.from({ length: 7 }, () => busy), fine])
    const queue = queueOn(script)
    const first = queue.commit(unit('a'))
    const second = queue.commit(unit('b'))
    await within(10_000, 'the lock to go', Promise.all([first, second]))
    expect(clock.slept.filter((ms) => ms !== 100)).toEqual([1, 2, 4, 8, 16, 25, 25])
    expect(script.commits).toEqual([['a', 'b']])
    expect(queue.state()).toMatchObject({ waiting: 0, waitingBytes: 0, busySinceMs: null })
  })

  it('writes what came while the lock was held after what came before', async () => {
    const hold = gate()
    const script = scripted([() => hold.promise.then(() => Promise.reject(new StorageBusy())), fine])
    const queue = queueOn(script)
    const first = queue.commit(unit('a'))
    await new Promise(setImmediate)
    const second = queue.commit(unit('b'))
    expect(queue.state().waiting).toBe(2)
    hold.resolve()
    await within(10_000, 'both units', Promise.all([first, second]))
    expect(script.commits).toEqual([['a', 'b']])
  })

  it('goes on trying a store that is full or read-only, at least once a second', async () => {
    const script = scripted([...Array.from({ length: 9 }, () => () => Promise.reject(new Error('disk full'))), fine])
    const queue = queueOn(script)
    await within(10_000, 'the store to come back', queue.commit(unit('a')))
    expect(Math.max(...clock.slept)).toBeLessThanOrEqual(1000)
  })

  it('rejects only the unit that is at fault', async () => {
    const fault = new Error('constraint')
    const script = scripted([
      (units) =>
        Promise.resolve(
          units.map(([query]) => (query?.sql === 'bad' ? { ok: false, error: fault } : { ok: true, affected: [1] })),
        ),
    ])
    const queue = queueOn(script)
    const outcomes = await Promise.allSettled(['a', 'bad', 'c'].map((name) => queue.commit(unit(name))))
    expect(outcomes.map((outcome) => outcome.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    await expect(queue.commit(unit('bad'))).rejects.toBe(fault)
  })

  it.each([
    { bound: 'turns', bounds: { maxTurns: 2 }, bytes: 1 },
    { bound: 'bytes', bounds: { maxBytes: 250 }, bytes: 100 },
  ])('refuses with store_unavailable beyond its bound of $bound', async ({ bounds, bytes }) => {
    const queue = queueOn(scripted([fine]), bounds)
    const accepted = [queue.commit(unit('a'), bytes), queue.commit(unit('b'), bytes)]
    await expect(queue.commit(unit('c'), bytes)).rejects.toMatchObject({
      code: 'store_unavailable',
      details: { retryAfterMs: 5000 },
    })
    await Promise.all(accepted)
    await expect(queue.commit(unit('d'), bytes)).resolves.toEqual([1])
  })

  it('tells once that a unit is late, and never writes one that was taken back', async () => {
    const script = scripted([...Array.from({ length: 40 }, () => busy), fine])
    const queue = queueOn(script)
    let calls = 0
    const ticket = queue.enqueue(unit('a'), 1, {
      lateMs: 300,
      call: () => {
        calls += 1
        ticket.withdraw()
      },
    })
    const other = queue.commit(unit('b'))
    await expect(ticket.done).rejects.toBeInstanceOf(GatewayError)
    await within(10_000, 'the other unit', other)
    expect(calls).toBe(1)
    expect(script.commits).toEqual([['b']])
    expect(ticket.withdraw()).toBe(false)
  })

  it('tells that a unit is late when the store hangs', async () => {
    const hold = gate()
    const queue = queueOn(scripted([(units) => hold.promise.then(() => written(units))]))
    const late = gate()
    const ticket = queue.enqueue(unit('a'), 1, { lateMs: 1000, call: late.resolve })
    await within(10_000, 'the late call', late.promise)
    expect(ticket.withdraw()).toBe(false)
    hold.resolve()
    await expect(ticket.done).resolves.toEqual([1])
  })

  it('asks a store that was away until it answers, though nobody waits any more, and with a write', async () => {
    const script = scripted([...Array.from({ length: 60 }, () => busy), fine])
    const queue = queueOn(script, { probe: unit('probe') })
    const ticket = queue.enqueue(unit('a'), 1, { lateMs: 300, call: () => ticket.withdraw() })
    await expect(ticket.done).rejects.toBeInstanceOf(GatewayError)
    expect(queue.state().busySinceMs).not.toBeNull()
    await eventually(10_000, 'the store to be back', () => queue.state().busySinceMs === null)
    expect(script.commits).toEqual([['probe']])
  })

  it('tells of a late unit in time, whenever between two tries of a broken store it came', async () => {
    const manual = fakeClock()
    const { commit } = scripted([() => Promise.reject(new Error('disk full'))])
    const queue = createCommitQueue({ storage: asStorage(commit), clock: manual, defer, logger: silent, random: () => 0.99 })
    const pass = async (ms: number): Promise<void> => {
      for (let passed = 0; passed < ms; passed += 10) await manual.advance(10)
    }
    queue.commit(unit('a')).catch(() => undefined)
    await pass(5000)
    for (let round = 0; round < 8; round += 1) {
      const askedMs = manual.nowMs()
      const waited: number[] = []
      const call = (): void => void waited.push(manual.nowMs() - askedMs)
      queue.enqueue(unit('b'), 1, { lateMs: 700, call }).done.catch(() => undefined)
      await pass(1130)
      expect(waited).toHaveLength(1)
      expect(waited[0]).toBeGreaterThanOrEqual(700)
      expect(waited[0]).toBeLessThanOrEqual(820)
    }
    queue.close()
    await manual.advance(2000)
  })

  it('says once a minute that the store is away, says nothing of a lock of milliseconds, and says that it is back', async () => {
    const lines: string[] = []
    const logger = { log: (_: string, message: string) => lines.push(message) }
    const manual = fakeClock()
    let away = true
    const { commit } = scripted([(units) => (away ? busy(units) : fine(units))])
    const queue = createCommitQueue({ storage: asStorage(commit), clock: manual, defer, logger, random: () => 0.99 })
    const first = queue.commit(unit('a'))
    await manual.advance(900)
    expect(lines).toEqual([])
    await manual.advance(59_000)
    expect(lines).toEqual(['the store refuses writes; turns wait beside it'])
    await manual.advance(60_000)
    expect(lines).toHaveLength(2)
    away = false
    await manual.advance(100)
    await first
    expect(lines.slice(2)).toEqual(['the store takes writes again'])
  })

  it('refuses all that waits and all that comes once it is closed, and asks no more', async () => {
    const script = scripted([busy])
    const queue = queueOn(script, { probe: unit('probe') })
    const waiting = expect(queue.commit(unit('a'))).rejects.toMatchObject({ code: 'store_unavailable' })
    await new Promise(setImmediate)
    queue.close()
    await waiting
    await expect(queue.commit(unit('b'))).rejects.toMatchObject({ code: 'store_unavailable' })
    await within(10_000, 'the queue to be idle', queue.idle())
    expect(queue.state()).toMatchObject({ waiting: 0, waitingBytes: 0 })
  })

  it('is idle when nothing waits', async () => {
    const script = scripted([fine])
    const queue = queueOn(script)
    await queue.idle()
    void queue.commit(unit('a'))
    await within(10_000, 'the queue to be idle', queue.idle())
    expect(script.commits).toEqual([['a']])
  })
})

/** A promise that the test resolves. */
function gate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((open) => {
    resolve = open
  })
  return { promise, resolve }
}

function asStorage(commit: Storage['commit']): Storage {
  const unused = (): never => {
    throw new Error('the queue only commits')
  }
  return {
    dialect: 'sqlite',
    get db() {
      return unused()
    },
    read: unused,
    commit,
    flush: unused,
    exclusively: unused,
    close: unused,
  }
}
