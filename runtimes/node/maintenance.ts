// What keeps a SQLite file healthy beside the writer: the one commit a second that makes everything before it safe from
// power loss, checkpoints, and the heartbeat. The same work runs in a thread (servers) or inline (commands, tests).
import { statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { heartbeatSql } from '../../src/store/instances.ts'
import { faultOf } from './sqlite-driver.ts'
import type { SqliteConnection, SqliteDriver } from './sqlite-connection.ts'

export interface Maintenance {
  /** Once a second. Never throws: what is busy now is done the next time. */
  tick(): void
  /** Resolves when everything committed before is safe from power loss. */
  flush(): Promise<void>
  /** The row in `instances` to keep alive. */
  watch(instanceId: string): void
  close(): void
}

export interface MaintenanceOptions {
  readonly path: string
  readonly driver: SqliteDriver
  /** One number, raised at every commit of this process: what other processes write is theirs to flush. */
  readonly commits: Int32Array
  /** How long a statement may wait for a lock, ms: 0 on the main thread. */
  readonly waitMs: number
  readonly nowUs: () => number
  readonly nowMs: () => number
}

const heartbeatEveryMs = 30_000
const idleMs = 30_000
/** About 1,000 pages; then what a checkpoint has copied is written over. */
const passiveBytes = 4 * 1024 * 1024
/** A writer that never rests keeps PASSIVE from ever finishing: beyond this it is made to wait some milliseconds. */
const truncateBytes = 32 * 1024 * 1024

export function createMaintenance(options: MaintenanceOptions): Maintenance {
  const { path, commits, waitMs, nowUs, nowMs } = options
  const connection = open(options)
  const beat = lazily(() => connection.prepare(heartbeatSql))
  let instanceId: string | null = null
  let seenCommits = 0
  let changedMs = nowMs()
  let beatMs = Number.NEGATIVE_INFINITY
  let truncated = false

  /** A commit under FULL when there is a row to write; a checkpoint syncs the log as well. */
  function sync(): void {
    if (instanceId === null) connection.prepare('pragma wal_checkpoint(passive)').all([])
    else beat().run([nowUs(), instanceId])
    beatMs = nowMs()
  }

  function checkpoint(changed: boolean): void {
    const bytes = statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
    if (changed && bytes >= passiveBytes) connection.prepare('pragma wal_checkpoint(passive)').all([])
    const idle = !truncated && nowMs() - changedMs >= idleMs
    if ((changed && bytes >= truncateBytes) || idle) connection.prepare('pragma wal_checkpoint(truncate)').all([])
    truncated = truncated || idle
  }

  function tick(): void {
    const count = Atomics.load(commits, 0)
    const changed = count !== seenCommits
    try {
      if (changed || (instanceId !== null && nowMs() - beatMs >= heartbeatEveryMs)) sync()
      if (changed) {
        seenCommits = count
        changedMs = nowMs()
        truncated = false
      }
      checkpoint(changed)
    } catch (error) {
      // A full or read-only disk shows itself to the writer, which tells; here the next tick tries again.
      if (faultOf(error) === 'statement') throw error
    }
  }

  async function flush(): Promise<void> {
    for (;;) {
      try {
        return sync()
      } catch (error) {
        if (faultOf(error) !== 'busy') throw error
        await delay(Math.max(2, waitMs / 100))
      }
    }
  }

  return {
    tick,
    flush,
    watch: (id) => {
      instanceId = id
    },
    close: () => connection.close(),
  }
}

function open({ driver, path, waitMs }: MaintenanceOptions): SqliteConnection {
  const connection = driver.connect(path, { readonly: false })
  connection.exec(`pragma busy_timeout = ${waitMs}`)
  connection.exec('pragma synchronous = full')
  connection.exec('pragma wal_autocheckpoint = 0')
  return connection
}

/** The table is there only after the first migration. */
function lazily<T>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
