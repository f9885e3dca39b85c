// Where a client's content meets zod: a fault becomes a 400 that names the field as the client wrote it.
import type * as z from 'zod'
import { invalidValue } from '../../ir/errors.ts'

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

function stepInto(path: string, step: PropertyKey): string {
  if (typeof step === 'number') return `${path}[${step}]`
  return path === '' ? String(step) : `${path}.${String(step)}`
}
