// What a translation dropped or changed, gathered while it is made.
import type { Shape } from '../ir/stream.ts'
import type { Warning } from '../ir/warning.ts'

/** `field` as the client's wire names it; a client's values never go into `reason`. */
export interface Warnings {
  readonly all: readonly Warning[]
  dropped(field: string, reason: string): void
  changed(field: string, reason: string): void
}

/** @param inbound the client's wire: the chat encoder speaks as to a Messages client, both as to none of Responses */
export function createWarnings(inbound?: Shape): Warnings {
  const all: Warning[] = []
  const note = (action: Warning['action'], field: string, reason: string): void => {
    all.push({ field: (inbound && namesOf[inbound]?.get(field)) ?? field, action, reason })
  }
  return {
    all,
    dropped: (field, reason) => note('dropped', field, reason),
    changed: (field, reason) => note('changed', field, reason),
  }
}

/** Cursor's mixed bodies go through the chat encoder too. */
const chatNames: ReadonlyMap<string, string> = new Map([
  ['stop_sequences', 'stop'],
  ['output_config.format', 'response_format'],
  ['output_config.effort', 'reasoning_effort'],
  ['thinking', 'reasoning_effort'],
])

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

const namesOf: { readonly [inbound in Shape]?: ReadonlyMap<string, string> } = {
  openai: chatNames,
  'openai-responses': responsesNames,
}
