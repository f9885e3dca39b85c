// The body of a request that changes something: from a page of our own or from no page at all, JSON, and nothing unknown in it.
import type * as z from 'zod'
import { invalidValue } from '../ir/errors.ts'
import { parseJsonBytes } from '../ir/json-body.ts'
import type { Services } from '../services.ts'
import { requireOwnWrite } from './access.ts'

const bodyLimitBytes = 65_536

/** @throws GatewayError */
export async function readOwnBody<Output>(
  request: Request,
  readBody: Services['readBody'],
  schema: z.ZodType<Output>,
): Promise<Output> {
  requireOwnWrite(request)
  const result = schema.safeParse(parseJsonBytes(await readBody(request, bodyLimitBytes)))
  if (result.success) return result.data
  const [issue] = result.error.issues
  const field = issue?.path.join('.') ?? ''
  throw invalidValue(field || 'body', `${field === '' ? 'The body' : field}: ${issue?.message ?? 'is not valid'}`)
}
