// A Google service account as its JSON key says it: what a provider with `auth: google` has in place of a key.
import * as z from 'zod'
import { baseUrlFault } from './base-url.ts'

export interface ServiceAccount {
  readonly clientEmail: string
  /** PEM. Never logged, stored or answered. */
  readonly privateKey: string
  readonly tokenUrl: string
}

const keyFile = z.looseObject({
  type: z.literal('service_account'),
  client_email: z.string().min(1),
  private_key: z.string().includes('PRIVATE KEY'),
  token_uri: z.string().optional(),
})

/** null = the text is no such key, or would send one where it must not go. */
export function serviceAccountOf(text: string): ServiceAccount | null {
  const parsed = keyFile.safeParse(jsonOf(text))
  if (!parsed.success) return null
  const { client_email: clientEmail, private_key: privateKey, token_uri: tokenUrl } = parsed.data
  const account = { clientEmail, privateKey, tokenUrl: tokenUrl ?? 'https://oauth2.googleapis.com/token' }
  return baseUrlFault(account.tokenUrl, []) === null ? account : null
}

export const serviceAccountFault =
  'must be the JSON key of a service account: a file that can be read, or its text (type, client_email, private_key)'

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
