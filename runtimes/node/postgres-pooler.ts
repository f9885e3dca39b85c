// A pooler between this process and Postgres, such as PgBouncer. One that pools by session is as good as the server; one that pools
// by transaction gives each statement whichever session is free: what a session had prepared, set or listened to is then another's.
import type { ClientBase, Pool } from 'pg'
import { StoreError } from '../../src/store/store-error.ts'

/** Others may take a session in between. */
const looks = 3

/** Whether this client meets one. @throws StoreError for one that pools by transaction or statement */
export async function isPooled(pool: Pool, client: ClientBase, shown: string): Promise<boolean> {
  // A pooler tells its clients numbers of its own.
  if (!('processID' in client) || client.processID === (await sessionOf(client))) return false
  for (let look = 0; look < looks; look++) if (await sharesSessions(pool, client)) throw shared(shown)
  return true
}

async function sharesSessions(pool: Pool, client: ClientBase): Promise<boolean> {
  const other = await pool.connect()
  try {
    const before = await sessionOf(client)
    // The client is idle: whoever shares sessions gives this transaction the one that it had.
    await other.query('begin')
    const taken = await sessionOf(other)
    // Asked only where it need not wait for that transaction.
    const isShared = taken === before || (await sessionOf(client)) !== before
    await other.query('commit')
    return isShared
  } catch (error) {
    // By statement there is no `begin` at all.
    if (error instanceof Error && error.message.includes('statement pooling')) return true
    throw error
  } finally {
    other.release(true)
  }
}

async function sessionOf(client: ClientBase): Promise<number | undefined> {
  const { rows } = await client.query<{ session: number }>('select pg_backend_pid() as session')
  return rows[0]?.session
}

const shared = (shown: string): StoreError =>
  new StoreError(
    `${shown} is behind a pooler that shares sessions (PgBouncer with pool_mode transaction or statement)`,
    'set pool_mode=session for this database there, or name the server itself in --db or METIS_DB',
  )
