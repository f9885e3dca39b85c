// The public keys of token issuers, read over the one way upstream and kept by jose: asked for again when a token names a key
// that is not among them, at most every 30 s, and after ten minutes in any case.
import type { FetchImplementation, JWTVerifyGetKey } from 'jose'
import * as z from 'zod'
import type { IssuerConfig } from '../config/schema.ts'
import { concatBytes } from '../lib/bytes.ts'
import type { Services } from '../services.ts'

const waitMs = 5000
const answerBytes = 1024 * 1024
const discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) })

/** @returns per issuer the function that jose asks for a token's key; rejects when the issuer cannot be reached */
export function createIssuerKeys({ send }: Pick<Services, 'send'>): (issuer: IssuerConfig) => Promise<JWTVerifyGetKey> {
  // Kept when it is there, not while it is asked for: on Workers no request may wait for the I/O of another.
  const known = new Map<string, JWTVerifyGetKey>()

  async function open(issuer: IssuerConfig): Promise<JWTVerifyGetKey> {
    const { createRemoteJWKSet, customFetch } = await import('jose')
    const url = issuer.jwksUrl ?? (await discover(issuer))
    const options = { [customFetch]: fetchKeys, timeoutDuration: waitMs, cooldownDuration: 30_000, cacheMaxAge: 600_000 }
    return createRemoteJWKSet(new URL(url), options)
  }

  /** OpenID Connect Discovery: the document must be this issuer's own. */
  async function discover({ issuer }: IssuerConfig): Promise<string> {
    const response = await get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
    if (response.status !== 200) throw new Error(`the issuer's configuration was answered with status ${response.status}`)
    const found = discovery.parse(await response.json())
    if (found.issuer !== issuer) throw new Error("the issuer's configuration names another issuer")
    return found.jwks_uri
  }

  const fetchKeys: FetchImplementation = (url) => get(url)

  /** Follows no redirect, and reads no more than a set of keys can be. */
  async function get(url: string): Promise<Response> {
    const request = {
      url,
      method: 'GET',
      headers: { accept: 'application/json' },
      connectMs: waitMs,
      firstByteMs: waitMs,
      idleMs: waitMs,
    } as const
    const { status, body } = await send(request, AbortSignal.timeout(waitMs))
    const parts: Uint8Array[] = []
    let size = 0
    for await (const part of body) {
      size += part.length
      if (size > answerBytes) throw new Error('the answer is too large to be a set of keys')
      parts.push(part)
    }
    return new Response(new Uint8Array(concatBytes(parts)), { status })
  }

  return async (issuer) => {
    const kept = known.get(issuer.name)
    if (kept !== undefined) return kept
    const opened = await open(issuer)
    known.set(issuer.name, opened)
    return opened
  }
}
