// Signatures of thinking that no Anthropic model made: a client hands them back, and no Anthropic provider may see them.

const tag = 'metis.'

/** @param origin the model that thought, in its provider's words */
export function taggedSignature(origin: string): string {
  const binary = String.fromCharCode(...new TextEncoder().encode(origin))
  return tag + btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

/** Ours, or none at all: Claude Code echoes unsigned thinking with `signature: ""`. */
export function isForeignSignature(signature: unknown): boolean {
  return (
    signature === undefined ||
    signature === null ||
    signature === '' ||
    (typeof signature === 'string' && signature.startsWith(tag))
  )
}
