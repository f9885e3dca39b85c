// Names of tools as another wire takes them. One table per request, no state between requests: the same name always becomes the
// same other one, and answers are named back by the table.
import { safeToolName } from '../lib/identifiers.ts'

export interface ToolNames {
  /** The name that goes upstream. */
  sent(name: string): string
  /** Name sent upstream → the client's name, for those that differ. */
  readonly clientNames: ReadonlyMap<string, string>
}

export function createToolNames(maxLength: number): ToolNames {
  const clientNames = new Map<string, string>()
  return {
    clientNames,
    sent(name) {
      const safe = safeToolName(name, maxLength)
      if (safe !== name) clientNames.set(safe, name)
      return safe
    },
  }
}
