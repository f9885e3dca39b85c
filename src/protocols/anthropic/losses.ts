// What an answer of this wire loses on its way to a client of another one (translation.md §1 rule 2 and §3, verdict W).
import type { Meter, Stop } from '../../ir/stream.ts'
import type { Usage } from '../../ir/usage.ts'
import type { EncodedRequest } from '../protocol.ts'
import { createWarnings } from '../warnings.ts'
import type { WireBlock } from './answer-schema.ts'
import { kindOf } from './block-events.ts'

const NAME_LIMIT = 64

/** For a meter: nothing on the way to a client of this wire, who gets the bytes. */
export function lostOf(
  call: EncodedRequest,
  told: { readonly blocks?: readonly WireBlock[]; readonly stop?: Stop | undefined; readonly usage?: Usage | undefined },
): Pick<Meter, 'warnings'> {
  if (call.inboundShape === 'anthropic') return {}
  const warnings = createWarnings()
  for (const block of told.blocks ?? []) {
    if (kindOf(block, call) === 'opaque')
      warnings.dropped(
        `content.${block.type.slice(0, NAME_LIMIT)}`,
        'a block of the answer that the client’s wire has no place for',
      )
  }
  if (told.stop?.reason === 'pause')
    warnings.changed('stop_reason', '`pause_turn` has no word on the client’s wire; it is told as an end')
  if (told.usage?.webSearches)
    warnings.dropped('usage.server_tool_use', 'the client’s wire does not count searches; they are in the cost')
  return warnings.all.length === 0 ? {} : { warnings: warnings.all }
}
