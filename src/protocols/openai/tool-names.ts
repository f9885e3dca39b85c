// OpenAI takes tool names of 64 characters; Anthropic's may have 128. One table per request, no state between requests:
// the same long name always becomes the same short one.
import { safeToolName } from '../../lib/identifiers.ts'
import type { Warn } from './warn.ts'

const maxLength = 64

export interface ToolNames {
  /** The name this wire takes. */
  sent(name: string): string
  /** Name sent upstream → the client's name, for those that differ. */
  readonly clientNames: ReadonlyMap<string, string>
}

export function createToolNames(warn: Warn): ToolNames {
  const clientNames = new Map<string, string>()
  return {
    clientNames,
    sent(name) {
      const short = safeToolName(name, maxLength)
      if (short !== name && !clientNames.has(short)) {
        clientNames.set(short, name)
        warn('tools.name', 'a name was shortened for this provider and is mapped back in the answer', 'changed')
      }
      return short
    },
  }
}
