// A Postgres opened in this process as a gateway's, with the keys on it.
import { createHash, randomBytes } from 'node:crypto'
import { databaseAddressOf } from '../../runtimes/node/database-address.ts'
import { nodeClock } from '../../runtimes/node/clock.ts'
import { openPostgres, type OpenPostgresOptions, type PostgresStorage } from '../../runtimes/node/postgres.ts'
import { createIdFactory } from '../../src/lib/ids.ts'
import { createCommitQueue, type CommitQueue } from '../../src/store/commit-queue.ts'
import { createKeyStore, type KeyStore } from '../../src/store/keys.ts'
import { defer, silent } from '../store/open-store.ts'
import { eventually } from './deadline.ts'

export async function openAt(url: string, options: OpenPostgresOptions = {}): Promise<PostgresStorage> {
  const address = databaseAddressOf(url)
  if (address.kind !== 'postgres') throw new Error('no Postgres URL')
  return openPostgres(address, options)
}

export const queueOn = (storage: PostgresStorage): CommitQueue =>
  createCommitQueue({ storage, clock: nodeClock, defer, logger: silent })

export function keysOn(storage: PostgresStorage, queue = queueOn(storage)): KeyStore {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex')
  return createKeyStore({ storage, queue, clock: nodeClock, hash, newId: createIdFactory(() => Date.now()), randomBytes })
}

/** Once it answers from what it remembers: it is listening. */
export async function untilRemembered(storage: PostgresStorage, keys: KeyStore, keyId: string): Promise<void> {
  await eventually(10_000, 'the listener', async () => {
    const version = storage.identityVersion?.()
    await keys.findForToken(keyId)
    return version === storage.identityVersion?.()
  })
}
