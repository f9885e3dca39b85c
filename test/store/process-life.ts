// A gateway's store side as one process has it: its queue, its trace store and its spool on a store that goes away for it, and
// the ways in which such a process ends.
import type { PriceCatalog } from '../../src/catalog/prices.ts'
import { createCommitQueue } from '../../src/store/commit-queue.ts'
import { registerInstance } from '../../src/store/instances.ts'
import type { Spool } from '../../src/store/spool.ts'
import { StorageBusy } from '../../src/store/storage.ts'
import type { Storage } from '../../src/store/storage.ts'
import { createTraceStore } from '../../src/store/trace-store.ts'
import { within } from '../support/deadline.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { defer, silent } from './open-store.ts'
import type { OpenStore } from './open-store.ts'

export interface Life {
  readonly instanceId: string
  readonly clock: ReturnType<typeof fakeClock>
  readonly queue: ReturnType<typeof createCommitQueue>
  readonly traces: ReturnType<typeof createTraceStore>
  away: boolean
  /** Nothing that it still has under way is ever done. */
  dead: boolean
  /** Resolves when the store has taken all. */
  back(): Promise<void>
}

/** A process on the store, which goes away for it, and with a clock that the test moves. */
export function liveOn(
  real: Storage,
  options: { readonly spool: Spool; readonly instanceId?: string; readonly maxLinesInMemory?: number },
): Life {
  const { instanceId = 'one' } = options
  const clock = fakeClock()
  const storage: Storage = {
    ...real,
    commit: (units) => {
      if (life.dead) return new Promise(() => undefined)
      return life.away ? Promise.reject(new StorageBusy()) : real.commit(units)
    },
  }
  const spool: Spool = { ...options.spool, append: (lines) => (life.dead ? undefined : options.spool.append(lines)) }
  const queue = createCommitQueue({ storage, clock, defer, logger: silent, random: () => 0.5 })
  const { maxLinesInMemory = 10_000 } = options
  const traces = createTraceStore({ storage, queue, clock, instanceId, logger: silent, spool, maxLinesInMemory })
  const life: Life = {
    instanceId,
    clock,
    queue,
    traces,
    away: false,
    dead: false,
    back: async () => {
      await clock.advance(10_000)
      await within(10_000, 'the spool to be replayed', traces.settled())
      await within(10_000, 'the queue to be idle', queue.idle())
    },
  }
  return life
}

export const noPrices: PriceCatalog = { version: 'none', ready: () => Promise.resolve(), priceOf: () => null }

/** On a full disk. */
export const brokenSpool: Spool = {
  append: () => {
    throw new Error('ENOSPC: no space left on device')
  },
  read: () => [],
  remove: () => undefined,
}

/** A process is found dead by its row. */
export async function register({ storage, queue, clock }: OpenStore, id: string): Promise<void> {
  const facts = { host: 'here', pid: 1, processStart: '', isProcessAlive: () => true }
  await registerInstance({ storage, queue, clock, facts }, { id, version: '1' })
}

/** Turns by how they ended, each with its events once and in order; anything else fails. */
export async function wholeTurns({ db }: Storage) {
  const events = await db.selectFrom('events').selectAll().where('turn_id', '!=', '').orderBy('id').execute()
  const calls = new Set((await db.selectFrom('calls').select('turn_id').execute()).map((row) => row.turn_id))
  const inflight = new Set((await db.selectFrom('inflight').select('turn_id').execute()).map((row) => row.turn_id))
  const turns = {
    ok: new Array<string>(),
    interrupted: new Array<string>(),
    refused: new Array<string>(),
    open: new Array<string>(),
  }
  for (const [turnId, own] of grouped(events)) {
    const shape = own.map((event) => event.type).join(' ')
    const end = own.at(-1)
    if (shape === 'route.decided' && inflight.has(turnId)) turns.open.push(turnId)
    else if (shape === 'route.decided turn.completed' && !calls.has(turnId)) turns.refused.push(turnId)
    else if (shape === 'route.decided llm.call_completed turn.completed' && calls.has(turnId) && !inflight.has(turnId))
      turns[end?.payload_json.includes('"status":"interrupted"') === true ? 'interrupted' : 'ok'].push(turnId)
    else throw new Error(`${turnId} has ${shape}`)
  }
  return turns
}

function grouped<T extends { readonly turn_id: string }>(rows: readonly T[]): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const row of rows) groups.set(row.turn_id, [...(groups.get(row.turn_id) ?? []), row])
  return groups
}
