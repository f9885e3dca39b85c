// The one guard for parsed JSON that zod has not met.

/** A JSON object: not null, not an array. Read by own, known keys only. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
