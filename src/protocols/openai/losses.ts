// What an answer of this wire loses on its way to a client of another one (translation.md §1 rule 2 and §3, verdict W).
import type { Meter } from '../../ir/stream.ts'
import type { EncodedRequest } from '../protocol.ts'
import { createWarnings } from '../warnings.ts'
import type { WireMessage } from './schema.ts'

const NAME_LIMIT = 64

interface Choice {
  readonly index?: number | null | undefined
  readonly message?: WireMessage | null | undefined
  readonly delta?: WireMessage | null | undefined
}

/** For a meter: nothing on the way to a client of this wire, who gets the bytes. */
export function lostOf(call: EncodedRequest, choices: readonly Choice[]): Pick<Meter, 'warnings'> {
  if (call.inboundShape === 'openai') return {}
  const warnings = createWarnings()
  if (choices.some(({ index }, place) => (index ?? place) !== 0))
    warnings.dropped('choices', 'the client’s wire has one answer: the first is told')
  for (const { message, delta } of choices) {
    const content = (message ?? delta)?.content
    for (const block of Array.isArray(content) ? content : []) {
      if (typeof block.text === 'string' || block.thinking) continue
      const type = typeof block['type'] === 'string' ? block['type'].slice(0, NAME_LIMIT) : 'block'
      warnings.dropped(`content.${type}`, 'a block of the answer that the client’s wire has no place for')
    }
  }
  return warnings.all.length === 0 ? {} : { warnings: warnings.all }
}
