// A migrated store and its queue for each test of a contract, in a folder of their own.
import { afterEach, beforeEach } from 'vitest'
import { createIdFactory } from '../../src/lib/ids.ts'
import { createCommitQueue, type CommitQueue } from '../../src/store/commit-queue.ts'
import { migrate } from '../../src/store/migrate.ts'
import type { Storage } from '../../src/store/storage.ts'
import { defer, silent, temporaryFolder } from '../store/open-store.ts'
import { fakeClock } from '../support/fake-clock.ts'
import type { OpenStorage } from './storage-contract.ts'

/** `use` gets what the next test works on. The clock and the ids, which all of them share, come back at once. */
export function storeForEach(
  { open }: Pick<OpenStorage, 'open'>,
  use: (made: { readonly storage: Storage; readonly queue: CommitQueue }) => void,
) {
  const clock = fakeClock({ auto: true })
  let close = async () => {}
  beforeEach(async () => {
    const folder = temporaryFolder()
    const storage = await open(folder.path)
    await migrate(storage)
    const queue = createCommitQueue({ storage, clock, defer, logger: silent })
    close = async () => {
      queue.close()
      await storage.close()
      folder.remove()
    }
    use({ storage, queue })
  })
  afterEach(() => close())
  return { clock, newId: createIdFactory(() => clock.nowUs() / 1000) }
}
