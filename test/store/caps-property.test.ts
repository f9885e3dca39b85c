// Caps and the ledger together, for any order of calls, failures, crashes, sweeps, units sent twice and prices that changed
// meanwhile: nothing is left held, what is spent is what the calls cost, and no cap is overshot beyond what calls cost more than
// they reserved.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PriceCatalog } from '../../src/catalog/prices.ts'
import type { Cap } from '../../src/ir/principal.ts'
import { isDeadBy, registerInstance, type ProcessFacts } from '../../src/store/instances.ts'
import { reservationOf, type Reservation } from '../../src/store/quotas.ts'
import { sweepOrphans } from '../../src/store/sweep.ts'
import { turnOf } from '../support/turns.ts'
import { openStore, silent, storeOn, temporaryFolder, type OpenStore } from './open-store.ts'

const living: ProcessFacts = { host: 'here', pid: 1, processStart: '', isProcessAlive: (pid) => pid === 1 }

/** 1 nano-USD a token: the 90 tokens of input that a made turn is estimated at cost 90 when a sweep closes it. */
const prices: PriceCatalog = {
  version: 'test',
  ready: () => Promise.resolve(),
  priceOf: () => ({ input: 1000, output: 1000, multiplier: { times: 1, per: 1 }, matchedId: 'm' }),
}
const sweptCost = 90

/** Any of the three may be the tightest. */
const caps = ([ofKey = 0, ofUser = 0, ofTeam = 0]: readonly number[]): readonly Cap[] => [
  { kind: 'key', id: 'gk_1', scope: 'budget', limitNanoUsd: ofKey },
  { kind: 'user', id: 'ada', scope: 'daily', limitNanoUsd: ofUser },
  { kind: 'team', id: 'eng', scope: 'monthly', limitNanoUsd: ofTeam },
]
const limits = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 3, maxLength: 3 })

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('open' as const), estimate: fc.integer({ min: 1, max: 300 }), twice: fc.boolean() }),
  },
  // A price that changed, a cap on output that nobody set: the cost may be anything, or unknown.
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('close' as const),
      which: fc.nat(),
      cost: fc.option(fc.nat({ max: 400 })),
      end: fc.constantFrom('ok', 'cancelled', 'failed'),
      twice: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  /** The dead one was not dead, and ends a turn that was swept. */
  { weight: 1, arbitrary: fc.record({ do: fc.constant('late' as const), which: fc.nat() }) },
)

interface Running {
  readonly number: number
  readonly reservation: Reservation
}

describe('caps and the ledger', () => {
  it('hold for any order of calls, failures, crashes, sweeps and repetitions', async () => {
    const folder = temporaryFolder()
    const base = await openStore(`${folder.path}/metis.db`)
    let number = 0
    let instances = 0

    const start = async (alive: boolean): Promise<OpenStore> => {
      instances += 1
      const id = `instance-${instances}`
      const store = storeOn(base.storage, (storage) => storage, id)
      await registerInstance({ ...store, facts: { ...living, pid: alive ? 1 : 2 } }, { id, version: '1' })
      return store
    }
    const sweep = () => sweepOrphans({ ...base, logger: silent, prices, isDead: isDeadBy(living, base.clock.nowUs()) })
    const count = async (type: string): Promise<number> =>
      (await base.storage.db.selectFrom('events').select('id').where('type', '=', type).execute()).length

    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 30 }), limits, async (steps, limit) => {
        for (const table of ['quotas', 'events', 'calls', 'inflight', 'usage_hourly'] as const)
          await base.storage.db.deleteFrom(table).execute()
        // Every process is one that may crash: whoever sweeps finds it dead then.
        let store = await start(false)
        let running: Running[] = []
        let orphans: Running[] = []
        const swept: Running[] = []
        let [spent, admitted, overshoot] = [0, 0, 0]

        const invariants = async (): Promise<void> => {
          const rows = await base.storage.db.selectFrom('quotas').selectAll().execute()
          const held = [...running, ...orphans].reduce((sum, turn) => sum + turn.reservation.nanoUsd, 0)
          for (const row of rows) {
            const cap = caps(limit).find(({ kind }) => kind === row.kind)
            expect([row.spent_nano_usd, row.reserved_nano_usd]).toEqual([spent, held])
            expect(row.spent_nano_usd + row.reserved_nano_usd).toBeLessThanOrEqual((cap?.limitNanoUsd ?? 0) + overshoot)
          }
        }
        const settled = ({ reservation }: Running, cost: number): void => {
          spent += cost
          overshoot += Math.max(0, cost - reservation.nanoUsd)
        }
        const closedSwept = async (): Promise<void> => {
          await sweep()
          for (const turn of orphans) settled(turn, sweptCost)
          swept.push(...orphans)
          orphans = []
        }

        for (const one of steps) {
          switch (one.do) {
            case 'open': {
              number += 1
              const reservation = reservationOf(caps(limit), one.estimate, 0)
              const opened = { ...turnOf(number).opened, reservation }
              const { exceeded } = await store.traces.openTurn(opened, { mustCommit: true })
              if (one.twice && exceeded === undefined)
                expect((await store.traces.openTurn(opened, { mustCommit: true })).exceeded).toBeUndefined()
              if (exceeded !== undefined) break
              admitted += 1
              running.push({ number, reservation })
              break
            }
            case 'close': {
              const turn = running[one.which % Math.max(1, running.length)]
              if (turn === undefined) break
              const closed = turnOf(turn.number, { end: one.end, costNanoUsd: one.cost }).closed
              for (const _ of one.twice ? [1, 2] : [1]) await store.traces.closeTurn({ ...closed, reservation: turn.reservation })
              running = running.filter((other) => other !== turn)
              settled(turn, closed.costNanoUsd ?? 0)
              break
            }
            case 'crash':
              orphans.push(...running)
              running = []
              store = await start(false)
              break
            case 'sweep': {
              // Whoever runs is dead to a sweep here: it is started anew.
              orphans.push(...running)
              running = []
              await closedSwept()
              store = await start(false)
              break
            }
            case 'late': {
              const turn = swept[one.which % Math.max(1, swept.length)]
              if (turn === undefined) break
              await store.traces.closeTurn({ ...turnOf(turn.number).closed, reservation: turn.reservation })
              break
            }
            default:
              one satisfies never
          }
          await invariants()
        }

        orphans.push(...running)
        running = []
        await closedSwept()
        await invariants()
        const calls = await base.storage.db.selectFrom('calls').select('cost_nano_usd').execute()
        expect(calls.reduce((sum, call) => sum + (call.cost_nano_usd ?? 0), 0)).toBe(spent)
        expect(calls).toHaveLength(admitted)
        expect([await count('route.decided'), await count('turn.completed')]).toEqual([admitted, admitted])
        expect(await base.storage.db.selectFrom('inflight').selectAll().execute()).toEqual([])
      }),
      { numRuns: 60 },
    )
    await base.close()
    folder.remove()
  }, 60_000)
})
