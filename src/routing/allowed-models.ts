// Which models a key may use.
import { formatModelRef, type ModelRef } from '../catalog/models.ts'
import { matchesGlob } from '../lib/glob.ts'

/** An entry is a canonical id, what the client writes (an alias), or either with `*` for any run of characters. Empty = all. */
export function isModelAllowed(allowed: readonly string[], requested: string, target: ModelRef): boolean {
  if (allowed.length === 0) return true
  const names = [formatModelRef(target), target.name, requested]
  return allowed.some((pattern) => names.some((name) => matchesGlob(pattern, name)))
}
