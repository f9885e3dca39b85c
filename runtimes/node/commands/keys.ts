// What the key commands share: what an id must be like, and who is said to have changed it.
import type { Author } from '../../../src/store/audit.ts'
import { CommandError, UsageError } from './faults.ts'
import type { Io } from './io.ts'

/** A name that every query can filter by. */
export function requireId(kind: 'user' | 'team', id: string): void {
  if (/^[A-Za-z0-9_.:/@-]{1,200}$/.test(id)) return
  throw new UsageError(`"${id.slice(0, 80)}" cannot name a ${kind}: letters, digits and _.:/@- only, at most 200`)
}

/** A token given by mistake for an id stays out of logs and shell transcripts. */
export function noSuchKey(id: string): CommandError {
  const shown = id.startsWith('gw_') ? 'with that id (a gw_ token is not an id)' : id.slice(0, 80)
  return new CommandError(`there is no key ${shown}: metis-gateway list-keys shows those there are`)
}

/** For the audit event of a change. */
export function authorOf(io: Io): Author {
  return { actor: io.env['USER'] ?? io.env['USERNAME'] ?? 'unknown', origin: 'cli' }
}
