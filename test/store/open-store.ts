// A migrated store in a folder of its own, with queue and trace store on it, for the tests of src/store.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { nodeClock } from '../../runtimes/node/clock.ts'
import { createIdFactory } from '../../src/lib/ids.ts'
import type { Clock, Logger } from '../../src/services.ts'
import { createCommitQueue } from '../../src/store/commit-queue.ts'
import type { CommitQueue } from '../../src/store/commit-queue.ts'
import { migrate } from '../../src/store/migrate.ts'
import { StorageBusy } from '../../src/store/storage.ts'
import type { Storage } from '../../src/store/storage.ts'
import { createTraceStore } from '../../src/store/trace-store.ts'
import type { SpoolingTraceStore } from '../../src/store/trace-store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import { openDatabase } from '../support/test-database.ts'

export const silent: Logger = { log: () => undefined }

/** Runs after what is under way, as a runtime's `setImmediate` does. */
export const defer = (task: () => void): void => {
  setImmediate(task)
}

export function temporaryFolder(): { readonly path: string; readonly remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'metis-store-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export interface OpenStore {
  readonly storage: Storage
  readonly queue: CommitQueue
  readonly traces: SpoolingTraceStore
  readonly clock: Clock
  readonly newId: () => string
  close(): Promise<void>
}

/** `clock` moves by itself while somebody sleeps, on SQLite. */
export async function openStore(path: string, wrap: (storage: Storage) => Storage = (storage) => storage): Promise<OpenStore> {
  const storage = await openDatabase(path)
  await migrate(storage)
  return storeOn(storage, wrap)
}

export function storeOn(
  storage: Storage,
  wrap: (storage: Storage) => Storage = (same) => same,
  instanceId = 'instance-1',
): OpenStore {
  // A server takes real time: a clock that leaps would call each of its commits late.
  const clock = storage.dialect === 'sqlite' ? fakeClock({ auto: true }) : nodeClock
  const queue = createCommitQueue({ storage: wrap(storage), clock, defer, logger: silent, random: () => 0.5 })
  const traces = createTraceStore({ storage, queue, clock, instanceId, logger: silent })
  return { storage, queue, traces, clock, newId: createIdFactory(() => clock.nowUs() / 1000), close: () => storage.close() }
}

/** Writes, and loses every other answer, as a connection that breaks at the wrong moment does. */
export function forgetful(storage: Storage): Storage {
  let commits = 0
  return {
    ...storage,
    commit: async (units) => {
      const outcomes = await storage.commit(units)
      commits += 1
      if (commits % 2 === 1) throw new StorageBusy()
      return outcomes
    },
  }
}
