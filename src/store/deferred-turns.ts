// Turns that the store would not take in time: in the spool, or in memory when that cannot be written either, in the order
// in which they came, until the store takes them. While one is here all go here, so that no end overtakes its beginning.
import type { Clock } from '../services.ts'
import { replayLines } from './replay.ts'
import type { ReplayParts } from './replay.ts'
import { lineOf } from './spool.ts'
import type { Spool, SpoolEntry } from './spool.ts'

export interface DeferredTurnsOptions extends ReplayParts {
  readonly spool: Spool
  readonly clock: Clock
  /** Bounds of what is in memory. */
  readonly maxLines?: number
  readonly maxBytes?: number
  /** The store has taken all. */
  readonly onReplayed: () => void
}

export interface DeferredTurns {
  holds(): boolean
  /** False: there is no room. A turn's end always has room: its beginning has. */
  add(entry: SpoolEntry): boolean
  /** Resolves when nothing is held. */
  settled(): Promise<void>
  /** Stops replaying; what is in the spool is replayed by the next start. The number of lines that were in memory alone. */
  close(): number
}

const linesPerPiece = 100
const retryMs = 1000

export function createDeferredTurns(options: DeferredTurnsOptions): DeferredTurns {
  const { spool, clock, logger, onReplayed, maxLines = 10_000, maxBytes = 64 * 1024 * 1024 } = options
  let memory: string[] = []
  let memoryBytes = 0
  let replaying: Promise<void> | null = null
  let told = false
  let closed = false

  function add(entry: SpoolEntry): boolean {
    const line = lineOf(entry)
    memory.push(line)
    memoryBytes += line.length
    if (!spill() && entry.kind !== 'closed' && isOver()) {
      memory.pop()
      memoryBytes -= line.length
      return false
    }
    if (!closed) replaying ??= Promise.resolve().then(replay)
    return true
  }

  /** Oldest first: what is in memory is always younger than what is in the spool. */
  function spill(): boolean {
    while (memory.length > 0) {
      const piece = memory.slice(0, linesPerPiece)
      try {
        spool.append(piece)
      } catch (error) {
        tellOnce('the spool cannot be written; turns wait in memory', error)
        return false
      }
      forget(piece)
    }
    return true
  }

  const isOver = (): boolean => memory.length > maxLines || memoryBytes > maxBytes

  function forget(piece: readonly string[]): void {
    memory = memory.slice(piece.length)
    for (const line of piece) memoryBytes -= line.length
  }

  /** The first piece waits in the commit queue until the store answers: its return needs no timer here. */
  async function replay(): Promise<void> {
    let lines = 0
    for (;;) {
      try {
        for (const piece of spool.read()) {
          await send(piece)
          if (closed) return
          lines += piece.length
        }
        // In the same moment in which its end was read: nothing can have been added.
        spool.remove()
      } catch (error) {
        tellOnce('the spool cannot be read or removed; it is tried again', error)
        await clock.sleep(retryMs)
        if (closed) return
        continue
      }
      if (memory.length === 0) break
      const piece = memory.slice(0, linesPerPiece)
      await send(piece)
      if (closed) return
      lines += piece.length
      // Unless it has moved to the spool meanwhile; to replay it from there changes nothing.
      if (memory[0] === piece[0]) forget(piece)
    }
    replaying = null
    told = false
    logger.log('info', 'the store is back: what waited beside it is on record', { units: lines })
    onReplayed()
  }

  /** A full queue gets the whole piece again, in its order: what got in before changes nothing. */
  async function send(piece: readonly string[]): Promise<void> {
    for (;;) {
      try {
        return await replayLines(options, piece)
      } catch {
        if (closed) return
        await clock.sleep(retryMs)
      }
    }
  }

  /** Once an outage. */
  function tellOnce(message: string, error: unknown): void {
    if (!told) logger.log('error', message, { error: String(error) })
    told = true
  }

  return {
    holds: () => replaying !== null,
    add,
    settled: () => replaying ?? Promise.resolve(),
    close: () => {
      closed = true
      spill()
      return memory.length
    },
  }
}
