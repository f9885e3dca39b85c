// The spans of a body's top-level fields, found once for the checks at the door and the splices on the way out.
import { scanJson, type JsonScan } from '../../lib/json.ts'

const maxDepth = 128

// Kept beside the bytes, which nobody changes.
const known = new WeakMap<Uint8Array, JsonScan>()

/** `depthExceeded`: nested deeper than 128 levels. */
export function scanOf(bytes: Uint8Array): JsonScan {
  const kept = known.get(bytes)
  if (kept) return kept
  const scan = scanJson(bytes, { maxDepth })
  known.set(bytes, scan)
  return scan
}
