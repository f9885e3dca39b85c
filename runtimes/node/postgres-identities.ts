// Says when keys and identities may have changed, in whatever process: the server notifies (migration 0020), and a question
// twice a second proves that the connection it would notify through still lives. While there is none and the server answers all
// the same, everything may have changed at any time.
import { setTimeout as delay } from 'node:timers/promises'
import type { Client } from 'pg'
import type { IdentityDoubt } from '../../src/store/storage.ts'
import type { PostgresDriver } from './postgres-driver.ts'

export interface IdentityWatch {
  /** As `Storage.identityVersion`. */
  version(): number
  /** As `Storage.identityDoubt`. */
  doubt(): IdentityDoubt
  /** This process has changed something: heard at once, without the way over the server. */
  changed(): void
  close(): Promise<void>
}

export interface IdentityWatchOptions {
  readonly nowMs?: () => number
  /** How long a gateway that cannot reach its database trusts what it knew. */
  readonly trustMs?: number
}

const askEveryMs = 400
const answerWithinMs = 500
const againAfterMs = { first: 50, last: 1000 }

export interface WaysToServer {
  /** Reaches it by another connection, or rejects. */
  ask(): Promise<unknown>
  /** Rejects for a connection whose session is shared, by a pooler that was changed since the start: it would hear nothing. */
  check(client: Client): Promise<unknown>
}

export function watchIdentities(
  driver: PostgresDriver,
  { ask, check }: WaysToServer,
  options: IdentityWatchOptions = {},
): IdentityWatch {
  const { nowMs = () => performance.now(), trustMs = 5 * 60_000 } = options
  const stopping = new AbortController()
  let version = 0
  let failures = 0
  let asking = false
  /** null while the server would tell us. */
  let deafSinceMs: number | null = nowMs()
  let hasListened = false

  let heard = 0
  let doubtfulSinceMs = 0

  const changed = (): void => {
    version += 1
    heard += 1
  }

  /** Nothing was heard, for nobody listened: all is read again, and stands meanwhile. */
  const mayHaveChanged = (): void => {
    version += 1
    doubtfulSinceMs = deafSinceMs ?? nowMs()
  }

  const trusts = (sinceMs: number): boolean => nowMs() - sinceMs <= trustMs

  async function listen(): Promise<void> {
    const client = await driver.connect({ query_timeout: answerWithinMs })
    try {
      await check(client)
      client.on('notification', changed)
      await client.query('listen metis_identities')
      // What changed before is not told again.
      mayHaveChanged()
      deafSinceMs = null
      hasListened = true
      failures = 0
      for (;;) {
        await delay(askEveryMs, undefined, { signal: stopping.signal, ref: false })
        await client.query('select 1')
      }
    } finally {
      deafSinceMs ??= nowMs()
      void goodbye(client)
    }
  }

  /** Deaf, and perhaps not cut off: too many connections, say. Then what is known is read again after each try to listen. */
  function askAround(): void {
    if (asking) return
    asking = true
    const answered = (): void => {
      asking = false
    }
    void ask().then(mayHaveChanged).then(answered, answered)
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await listen().catch(() => undefined)
      if (stopping.signal.aborted) return
      askAround()
      const waitMs = Math.min(againAfterMs.last, againAfterMs.first * 2 ** failures)
      failures += 1
      await delay(waitMs, undefined, { signal: stopping.signal, ref: false }).catch(() => undefined)
    }
  }

  const running = run()
  return {
    version: () => {
      if (deafSinceMs !== null && !trusts(deafSinceMs)) changed()
      else if (!hasListened) mayHaveChanged()
      return version
    },
    doubt: () => ({ heard, sinceMs: doubtfulSinceMs, trusts }),
    changed,
    close: () => {
      stopping.abort()
      return running
    },
  }
}

/** A connection to a server that is gone may never say that it has ended. */
const goodbye = (client: Client): Promise<void> => client.end().catch(() => undefined)
