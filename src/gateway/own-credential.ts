// A client's own login beside the gateway's key: with the key in `x-metis-key`, the OAuth token that the client brings goes on to
// the vendor that gave it, and is billed to the client's subscription there.
import type { LanguageModelRequest } from '../ir/request.ts'

export const keyHeader = 'x-metis-key'

/** Anthropic's OAuth tokens. Whatever else may stand there (an issuer's token, another vendor's key) goes to nobody. */
const ownToken = /^Bearer +(sk-ant-oat[\w-]{8,500})$/i

/** null = none that goes on. */
export function ownCredentialOf(headers: Headers): string | null {
  return ownToken.exec(headers.get('authorization')?.trim() ?? '')?.[1] ?? null
}

export function withOwnCredential(request: LanguageModelRequest, headers: Headers): LanguageModelRequest {
  if (!headers.has(keyHeader)) return request
  const ownCredential = ownCredentialOf(headers)
  return ownCredential === null ? request : { ...request, ownCredential }
}
