// What the requests of one isolate share: on Workers the I/O of a request ends with it, so that whoever waited for what another
// request has asked for would wait forever.
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { beforeEach, describe, expect, it } from 'vitest'
import { openD1 } from '../../runtimes/workers/d1.ts'
import { createCapGauges } from '../../src/gateway/cap-gauges.ts'
import { createIssuerKeys } from '../../src/gateway/issuer-keys.ts'
import { createPatterns } from '../../src/routing/patterns/patterns.ts'
import { createSpendReader } from '../../src/store/spend.ts'
import { within } from '../support/deadline.ts'
import { fakeClock } from '../support/fake-clock.ts'

/** The request that runs now is ended by the platform: nothing that it asks for comes back. */
let isEnded = false
const unlessEnded = <T>(value: T): Promise<T> => (isEnded ? new Promise(() => undefined) : Promise.resolve(value))

beforeEach(() => {
  isEnded = false
})

describe('a request that is ended takes nobody with it', () => {
  it('while it reads what was spent, the first time or behind the back of others', async () => {
    const statement = { bind: () => statement, all: () => unlessEnded({ results: [], meta: {} }) }
    const clock = fakeClock()
    const reader = createSpendReader(openD1({ prepare: () => statement, batch: () => unlessEnded([]) }), clock)
    isEnded = true
    void reader.refresh()
    isEnded = false
    await within(10_000, 'the first reading', Promise.resolve(reader.refresh()))
    expect(reader.current()?.today('all', '')).toBe(0)

    await clock.advance(4000)
    isEnded = true
    expect(reader.refresh()).toBeNull()
    isEnded = false
    await clock.advance(60_000)
    await within(10_000, 'a later reading', Promise.resolve(reader.refresh()))
    expect(reader.refresh()).toBeNull()
  })

  it('while it reads what routing has learned', async () => {
    let reads = 0
    const patterns = createPatterns({
      settings: { costWeight: 0.3, neighbours: 20, minSample: 3, minConfidence: 0.2 },
      store: {
        read: () => {
          reads += 1
          return unlessEnded([])
        },
        add: () => Promise.resolve(),
        judge: () => Promise.resolve(),
      },
      clock: fakeClock(),
      logger: { log: () => undefined },
    })
    isEnded = true
    void patterns.prepare()
    isEnded = false
    await within(10_000, 'the first reading', Promise.resolve(patterns.prepare()))
    expect([reads, patterns.prepare()]).toEqual([2, null])
  })

  it('while it reads how full caps are for /metrics', async () => {
    let reads = 0
    const all = () => {
      reads += 1
      return unlessEnded({ results: [], meta: {} })
    }
    const statement = { bind: () => statement, all }
    const storage = openD1({ prepare: () => statement, batch: () => unlessEnded([]) })
    const logger = { log: () => undefined }
    const gauges = createCapGauges({ storage, clock: fakeClock(), defer: queueMicrotask, logger })
    isEnded = true
    void gauges.refresh()
    await turnOfTheLoop()
    expect(reads).toBe(1)
    isEnded = false
    await within(10_000, 'the first reading', gauges.refresh())
    // Keys, users and teams, after the one that nobody answers.
    expect(reads).toBe(4)
    await gauges.refresh()
    expect(reads).toBe(4)
  })

  it('while it asks an issuer where its keys are', async () => {
    const text = JSON.stringify({ issuer: 'https://login.test', jwks_uri: 'https://login.test/keys' })
    const body = {
      async *[Symbol.asyncIterator]() {
        yield new TextEncoder().encode(text)
      },
    }
    let sent = 0
    const keysOf = createIssuerKeys({
      send: () => {
        sent += 1
        return unlessEnded({ status: 200, headers: new Headers(), body })
      },
    })
    const issuer = {
      name: 'corp',
      issuer: 'https://login.test',
      audience: ['metis'],
      jwksUrl: null,
      userClaim: 'sub',
      teamClaim: null,
      knownUsersOnly: false,
      workspace: null,
      allowedModels: [],
      allowUnpriced: false,
      requestsPerMinute: null,
      tokensPerMinute: null,
    }
    isEnded = true
    void keysOf(issuer)
    isEnded = false
    await within(10_000, "the issuer's keys", keysOf(issuer))
    await keysOf(issuer)
    expect(sent).toBe(2)
  })
})
