// What an answer of this wire loses on its way to a client of another one (translation.md §3, verdict W).
import type { Meter } from '../../ir/stream.ts'
import type { EncodedRequest } from '../protocol.ts'

/** For a meter: nothing on the way to a client of this wire, who gets the bytes. */
export function lostOf(
  call: EncodedRequest,
  choices: readonly { readonly index?: number | null | undefined }[],
): Pick<Meter, 'warnings'> {
  if (call.inboundShape === 'openai' || choices.every(({ index }, place) => (index ?? place) === 0)) return {}
  return { warnings: [{ field: 'choices', action: 'dropped', reason: 'the client’s wire has one answer: the first is told' }] }
}
