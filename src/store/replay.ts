// Lines of a spool, back into the store. Units are guarded by ids, so lines that were replayed before change nothing.
import { GatewayError } from '../ir/errors.ts'
import type { Logger } from '../services.ts'
import type { CommitQueue } from './commit-queue.ts'
import { entryOf } from './spool.ts'
import type { SpoolEntry } from './spool.ts'
import type { Unit } from './storage.ts'
import { bytesOf, lateCloseUnit, openUnit, refuseUnit, unsettled } from './turn-units.ts'
import type { TurnStatements } from './turn-statements.ts'

export interface ReplayParts {
  readonly queue: CommitQueue
  readonly statements: TurnStatements
  readonly logger: Logger
  /** Who wrote the lines: turns that they open and do not close are its turns. */
  readonly instanceId: string
}

/**
 * Resolves when all that can be read is on disk, however long the store is away. A line that cannot be read, and a unit that
 * the store refuses for its own sake, is told and passed over.
 * @throws GatewayError store_unavailable when the queue is full or closed; to be sent again whole
 */
export async function replayLines(parts: ReplayParts, lines: readonly string[]): Promise<void> {
  const { queue, statements, logger, instanceId } = parts
  const entries = lines.flatMap((line) => entryOf(line) ?? [])
  if (entries.length < lines.length)
    logger.log('error', 'lines of a spool cannot be read and are passed over', { count: lines.length - entries.length })
  const outcomes = await Promise.allSettled(
    entries.map((entry) => {
      const unit = unitOf(statements, entry, instanceId)
      return queue.commit(unit, bytesOf(unit))
    }),
  )
  for (const outcome of outcomes) {
    if (outcome.status === 'fulfilled') continue
    if (outcome.reason instanceof GatewayError) throw outcome.reason
    logger.log('error', 'a turn could not be recorded', { error: String(outcome.reason) })
  }
}

function unitOf(statements: TurnStatements, entry: SpoolEntry, instanceId: string): Unit {
  switch (entry.kind) {
    case 'opened':
      return [unsettled(statements, entry.opened.route), ...openUnit(statements, entry.opened, instanceId)]
    case 'refused':
      return [unsettled(statements, entry.refused.route), ...refuseUnit(statements, entry.refused)]
    case 'closed':
      return lateCloseUnit(statements, entry.closed)
    default:
      return entry satisfies never
  }
}
