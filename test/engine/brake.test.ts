// When a key or a session is out of all proportion, told by a clock that the test moves.
import { describe, expect, it } from 'vitest'
import { createBrake, type Brake } from '../../src/engine/brake.ts'
import type { Admission } from '../../src/engine/admit.ts'
import { protocols } from '../../src/protocols/index.ts'
import type { BrakeStore } from '../../src/store/brakes.ts'
import type { BrakesTable } from '../../src/store/schema.ts'
import { silent } from '../store/open-store.ts'
import { fakeClock, type FakeClock } from '../support/fake-clock.ts'
import { principalWith } from '../support/principals.ts'

interface Found {
  readonly subject: string
  readonly reason: string
}

interface TestBrake {
  readonly brake: Brake
  readonly clock: FakeClock
  readonly found: readonly Found[]
  readonly rows: BrakesTable[]
  /** Keeps the store from answering until what this returns is called. */
  readonly hold: () => () => void
}

function openBrake(mode: 'flag' | 'refuse' | 'off'): TestBrake {
  const clock = fakeClock()
  const found: Found[] = []
  const rows: BrakesTable[] = []
  let held: Promise<void> | null = null
  const store: BrakeStore = {
    list: () => (held === null ? [...rows] : held.then(() => [...rows])),
    async put(subject, reason) {
      found.push({ subject, reason })
      rows.push({ subject, reason, since_us: clock.nowUs() })
    },
    async note(subject, reason) {
      found.push({ subject, reason })
    },
    release: () => Promise.resolve(false),
  }
  const config = { mode, spendFactor: 10, floorNanoUsd: 1e9, repeatedToolCalls: 3 }
  const hold = () => {
    let release = (): void => undefined
    held = new Promise((resolve) => (release = resolve))
    return release
  }
  return { brake: createBrake({ config, store, clock, logger: silent, onFound: () => undefined }), clock, found, rows, hold }
}

const call = (path: string) => [
  {
    role: 'assistant',
    content: [{ type: 'tool_use', id: `t${Math.random()}`, name: 'read', input: { path, deep: [{ a: 1 }] } }],
  },
  { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: 'x' }] },
]

function admission(messages: readonly unknown[], sessionId: string | null = 's1'): Admission {
  const body = { model: 'm', max_tokens: 1, tools: [{ name: 'read', input_schema: {} }], messages }
  const request = protocols.anthropic.server.decodeRequest(new TextEncoder().encode(JSON.stringify(body)), new Headers())
  return { request, principal: principalWith(), target: { provider: 'anthropic', name: 'm' }, sessionId }
}

const start = [{ role: 'user', content: 'go' }]
const circle = (times: number): readonly unknown[] => [...start, ...Array.from({ length: times }, () => call('a')).flat()]

/** Ten minutes of 0.20 USD each. */
async function usualSpending({ brake, clock }: TestBrake): Promise<void> {
  for (let minute = 0; minute < 10; minute++) {
    brake.spent('gk_test', 's1', 1e8)
    brake.spent('gk_test', 's1', 1e8)
    await clock.advance(60_000)
  }
}

describe('spending', () => {
  it('beyond ten times the usual minute is told once a minute, of the key and of the session', async () => {
    const test = openBrake('flag')
    await usualSpending(test)
    test.brake.spent('gk_test', 's1', 2e9)
    expect(test.found).toEqual([])
    for (const nanoUsd of [1, 1e9]) test.brake.spent('gk_test', 's1', nanoUsd)
    const both = [
      { subject: 'key:gk_test', reason: 'spend' },
      { subject: 'session:gk_test/s1', reason: 'spend' },
    ]
    expect(test.found).toEqual(both)
    expect(await test.brake.check(admission(start))).toBeNull()
    await test.clock.advance(60_000)
    test.brake.spent('gk_test', 's1', 9e9)
    expect(test.found).toEqual([...both, ...both])
  })

  it('is nothing out of the usual before five minutes are known, nor below the floor', async () => {
    const young = openBrake('flag')
    young.brake.spent('gk_test', 's1', 1)
    await young.clock.advance(60_000)
    young.brake.spent('gk_test', 's1', 50e9)
    expect(young.found).toEqual([])
    const cheap = openBrake('flag')
    for (let minute = 0; minute < 10; minute++) {
      cheap.brake.spent('gk_test', null, 1000)
      await cheap.clock.advance(60_000)
    }
    cheap.brake.spent('gk_test', null, 0.9e9)
    expect(cheap.found).toEqual([])
  })

  it('stops the key where the configuration says so, until it is released, and then counts anew', async () => {
    const test = openBrake('refuse')
    await usualSpending(test)
    test.brake.spent('gk_test', 's1', 3e9)
    const refused = await test.brake.check(admission(start))
    expect(refused).toMatchObject({ code: 'runaway_stopped', details: { fields: { subject: 'key:gk_test', reason: 'spend' } } })
    expect(refused?.message).toContain('metis-gateway brake release key:gk_test')
    test.rows.length = 0
    await test.clock.advance(1000)
    expect(await test.brake.check(admission(start))).toBeNull()
    test.brake.spent('gk_test', 's1', 1.9e9)
    expect(await test.brake.check(admission(start))).toBeNull()
  })

  it('is of nobody when there is no key, and not looked at when the brake is off', async () => {
    const test = openBrake('off')
    await usualSpending(test)
    test.brake.spent('gk_test', 's1', 90e9)
    test.brake.spent(null, 's1', 90e9)
    expect(await test.brake.check(admission(circle(9)))).toBeNull()
    expect(test.found).toEqual([])
  })
})

describe('the same tool call again and again', () => {
  it.each([
    ['twice', circle(2), false],
    ['three times', circle(3), true],
    ['three times, another one before', [...start, ...call('b'), ...circle(3).slice(1)], true],
    ['with another one between', [...circle(2), ...call('b'), ...call('a')], false],
    ['three times, but the last answer called nothing', [...circle(3), { role: 'assistant', content: 'done' }], false],
  ])('%s', async (_, messages, told) => {
    const { brake, found } = openBrake('flag')
    expect(await brake.check(admission(messages))).toBeNull()
    expect(found).toEqual(told ? [{ subject: 'session:gk_test/s1', reason: 'repeated_tool_call' }] : [])
  })

  it('is told again only when as many have come again', async () => {
    const { brake, found } = openBrake('flag')
    for (let times = 1; times <= 8; times++) await brake.check(admission(circle(times)))
    expect(found).toHaveLength(2)
  })

  it('stops the session and no other; released, it may go on for as long again', async () => {
    const { brake, clock, rows } = openBrake('refuse')
    expect((await brake.check(admission(circle(3))))?.code).toBe('runaway_stopped')
    expect((await brake.check(admission(start)))?.code).toBe('runaway_stopped')
    expect(await brake.check(admission(start, 'another'))).toBeNull()
    rows.length = 0
    await clock.advance(1000)
    expect(await brake.check(admission(circle(4)))).toBeNull()
    expect((await brake.check(admission(circle(6))))?.code).toBe('runaway_stopped')
  })

  it('stops who was stopped before, for all that ask at the same moment, however long the first look takes', async () => {
    const { brake, rows, hold } = openBrake('refuse')
    rows.push({ subject: 'session:gk_test/s1', reason: 'spend', since_us: 1 })
    const release = hold()
    const asked = [1, 2, 3].map(() => Promise.resolve(brake.check(admission(start))))
    release()
    expect((await Promise.all(asked)).map((refusal) => refusal?.code)).toEqual(Array(3).fill('runaway_stopped'))
  })

  it('stops a session that another gateway found, within a second', async () => {
    const { brake, clock, rows } = openBrake('refuse')
    expect(await brake.check(admission(start))).toBeNull()
    rows.push({ subject: 'session:gk_test/s1', reason: 'spend', since_us: 1 })
    await clock.advance(1000)
    expect((await brake.check(admission(start)))?.code).toBe('runaway_stopped')
  })
})
