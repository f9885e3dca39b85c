// Where another's JSON meets zod, for any wire: a fault becomes a 400 that names the field as the client wrote it.
import type * as z from 'zod'
import { invalidValue } from '../ir/errors.ts'

/**
 * @param path where `value` stands in the request, '' for the body itself
 * @throws GatewayError invalid_value naming the first field at fault
 */
export function readWire<T>(schema: z.ZodType<T>, value: unknown, path: string): T {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  const param = (issue?.path ?? []).reduce<string>(stepInto, path)
  throw invalidValue(param, `\`${param}\`: ${issue?.message ?? 'is not valid'}`)
}

/** Undefined for what is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** `{ [key]: value }`, or nothing when the wire says null or nothing. */
export function given<K extends string, V>(key: K, value: V | null | undefined): { readonly [P in K]?: V } {
  // A computed key widens to an index signature; K is one literal at every call.
  return value === null || value === undefined ? {} : ({ [key]: value } as { readonly [P in K]?: V })
}

function stepInto(path: string, step: PropertyKey): string {
  if (typeof step === 'number') return `${path}[${step}]`
  return path === '' ? String(step) : `${path}.${String(step)}`
}
