// What a translation dropped or changed, gathered while it is made.
import type { Shape } from '../ir/stream.ts'
import type { Warning } from '../ir/warning.ts'

/** `field` as the client's wire names it; a client's values never go into `reason`. */
export interface Warnings {
  readonly all: readonly Warning[]
  dropped(field: string, reason: string): void
  changed(field: string, reason: string): void
}

/** @param inbound the client's wire: encoders know the names of chat and Messages, and a Responses client has its own */
export function createWarnings(inbound?: Shape): Warnings {
  const all: Warning[] = []
  const note = (action: Warning['action'], field: string, reason: string): void => {
    all.push({ field: inbound === 'openai-responses' ? (responsesNames.get(field) ?? field) : field, action, reason })
  }
  return {
    all,
    dropped: (field, reason) => note('dropped', field, reason),
    changed: (field, reason) => note('changed', field, reason),
  }
}

const responsesNames: ReadonlyMap<string, string> = new Map([
  ['max_tokens', 'max_output_tokens'],
  ['messages', 'input'],
  ['messages.content.tool_result', 'input'],
  ['response_format', 'text.format'],
  ['output_config.format', 'text.format'],
  ['output_config.effort', 'reasoning.effort'],
  ['reasoning_effort', 'reasoning.effort'],
  ['thinking', 'reasoning'],
])
