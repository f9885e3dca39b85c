// Signed thinking inside a Responses client's reasoning item: it hands `encrypted_content` back as it got it, and so a
// conversation goes on thinking on the wire that signed it.
import { isObject, jsonOf } from './wire.ts'

export type SealedThought =
  | { readonly type: 'thinking'; readonly thinking: string; readonly signature: string }
  | { readonly type: 'redacted_thinking'; readonly data: string }

/** As our own signatures begin: no vendor's blob does. */
const prefix = 'metis.'

export function sealThought(thought: SealedThought): string {
  return prefix + JSON.stringify(thought)
}

/** Null for what another endpoint encrypted. */
export function unsealThought(sealed: unknown): SealedThought | null {
  if (typeof sealed !== 'string' || !sealed.startsWith(prefix)) return null
  const thought = jsonOf(sealed.slice(prefix.length))
  if (!isObject(thought)) return null
  const { type, thinking, signature, data } = thought
  if (type === 'redacted_thinking' && typeof data === 'string') return { type, data }
  return type === 'thinking' && typeof thinking === 'string' && typeof signature === 'string'
    ? { type, thinking, signature }
    : null
}
