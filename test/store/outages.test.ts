import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSpools } from '../../runtimes/node/spool.ts'
import type { Storage } from '../../src/store/storage.ts'
import { sweepOrphans } from '../../src/store/sweep.ts'
import { turnOf } from '../support/turns.ts'
import { openStore, silent, temporaryFolder } from './open-store.ts'
import type { OpenStore } from './open-store.ts'
import { liveOn, noPrices, register, wholeTurns } from './process-life.ts'
import type { Life } from './process-life.ts'

const free = { mustCommit: false }

type Step = { readonly do: 'open' | 'close' | 'away' | 'back' | 'kill' | 'wait' }
const steps = fc.array(
  fc.record({
    do: fc.oneof(
      { weight: 6, arbitrary: fc.constant('open' as const) },
      { weight: 6, arbitrary: fc.constant('close' as const) },
      { weight: 3, arbitrary: fc.constant('wait' as const) },
      { weight: 2, arbitrary: fc.constantFrom('away' as const, 'back' as const) },
      { weight: 1, arbitrary: fc.constant('kill' as const) },
    ),
  }),
  { maxLength: 60 },
)

describe('whatever outages and kills there are', () => {
  it('every answer that was released is on record once and as it was, every other turn is closed', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const folder = temporaryFolder()
        const store = await openStore(join(folder.path, 'metis.db'))
        try {
          const answered = await play(store, folder.path, script)
          const found = await wholeTurns(store.storage)
          expect(found.ok).toEqual(expect.arrayContaining([...answered]))
          expect(found.open).toEqual([])
          expect(readdirSync(folder.path).filter((name) => name.startsWith('spool'))).toEqual([])
          await expectSums(store.storage)
        } finally {
          await store.close()
          folder.remove()
        }
      }),
      { numRuns: 60 },
    )
  })
})

/** Runs the script through one process after another; the ids of the turns whose end was let go. */
async function play(store: OpenStore, folder: string, script: readonly Step[]): Promise<ReadonlySet<string>> {
  const spoolOf = createSpools(folder)
  const answered = new Set<string>()
  const dead = new Set<string>()
  let open: { readonly number: number; readonly opening: Promise<unknown> }[] = []
  let number = 0

  async function start(instanceId: string) {
    await register(store, instanceId)
    await sweepOrphans({ ...store, logger: silent, prices: noPrices, isDead: ({ id }) => dead.has(id), spoolOf })
    return liveOn(store.storage, { spool: spoolOf(instanceId), instanceId })
  }
  function kill(life: Life): void {
    life.dead = true
    dead.add(life.instanceId)
    open = []
  }

  let life = await start('process-0')
  for (const each of script) {
    if (each.do === 'open') {
      number += 1
      open.push({ number, opening: life.traces.openTurn(turnOf(number).opened, free) })
    } else if (each.do === 'close') {
      const turn = open.shift()
      if (turn === undefined) continue
      const { traces } = life
      const { closed } = turnOf(turn.number)
      void turn.opening.then(() => traces.closeTurn(closed)).then(() => answered.add(closed.turnId))
    } else if (each.do === 'kill') {
      kill(life)
      life = await start(`process-${dead.size}`)
    } else if (each.do === 'wait') await life.clock.advance(450)
    else life.away = each.do === 'away'
  }
  life.away = false
  await life.back()
  kill(life)
  await start('last')
  return answered
}

async function expectSums({ db }: Storage): Promise<void> {
  const calls = await db
    .selectFrom('calls')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  const hours = await db
    .selectFrom('usage_hourly')
    .select(({ fn }) => fn.sum('call_count').as('count'))
    .executeTakeFirstOrThrow()
  expect(Number(hours.count ?? 0)).toBe(calls.count)
}
