// Google's access tokens for a service account: a signed assertion is exchanged for one, which is kept until shortly before it
// expires. Requests share the token, never the asking for it (decision 0022).
import * as z from 'zod'
import type { Limits } from '../config/schema.ts'
import type { ServiceAccount } from '../config/service-account.ts'
import { GatewayError } from '../ir/errors.ts'
import type { Clock, Send, UpstreamResponse } from '../services.ts'
import { asGatewayError, upstreamBadResponse } from './failures.ts'

export interface AccessTokens {
  /** @throws GatewayError when Google gives none and no other is valid */
  get(signal: AbortSignal): Promise<string>
  /** The provider did not take it: the next call gets another. */
  refused(token: string): void
}

export interface GoogleTokenParts {
  /** Of the provider, for messages. */
  readonly name: string
  readonly account: ServiceAccount
  readonly send: Send
  readonly clock: Pick<Clock, 'nowMs' | 'nowUs'>
  readonly limits: Pick<Limits, 'connectMs'>
}

const scope = 'https://www.googleapis.com/auth/cloud-platform'
const assertionS = 3600
/** Before its end one request asks for the next token, the others go on with this one. */
const RENEW_BEFORE_MS = 300_000
/** A token is not sent so near its end: it must hold until the provider has read it. */
const SPARE_MS = 10_000
/** Whoever began to renew and is gone (a Worker's request may end at any await) is waited for no longer. */
const RENEWAL_MS = 30_000
const ANSWER_MS = 10_000
const ANSWER_LIMIT_BYTES = 64 * 1024

const answerSchema = z.looseObject({ access_token: z.string().min(1), expires_in: z.number().positive() })

export function createGoogleTokens({ name, account, send, clock, limits }: GoogleTokenParts): AccessTokens {
  /** By the wall clock: the other stands still while a laptop sleeps. */
  let kept: { readonly token: string; readonly endsMs: number } | null = null
  let renewalBeganMs = -Infinity
  const wallMs = (): number => clock.nowUs() / 1000

  return {
    async get(signal) {
      const nowMs = clock.nowMs()
      const leftMs = kept === null ? 0 : kept.endsMs - wallMs()
      const current = leftMs > SPARE_MS ? kept : null
      if (current === null) return ask(signal)
      if (leftMs > RENEW_BEFORE_MS || nowMs < renewalBeganMs + RENEWAL_MS) return current.token
      renewalBeganMs = nowMs
      try {
        return await ask(signal)
      } catch {
        // This one still holds; the next try is in half a minute.
        return current.token
      }
    },
    refused(token) {
      if (kept?.token === token) kept = null
    },
  }

  async function ask(signal: AbortSignal): Promise<string> {
    const askedMs = wallMs()
    const body = new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: await assertion(),
    }).toString()
    const response = await post(body, signal)
    const text = await textOf(response)
    if (response.status !== 200) throw refusal(response.status, text)
    const answer = answerSchema.safeParse(jsonOf(text))
    if (!answer.success) throw upstreamBadResponse(`Google's answer to the service account of "${name}" holds no access token.`)
    const { access_token: token, expires_in: seconds } = answer.data
    kept = { token, endsMs: askedMs + seconds * 1000 }
    return token
  }

  async function assertion(): Promise<string> {
    const { importPKCS8, SignJWT } = await import('jose')
    const nowS = Math.floor(clock.nowUs() / 1_000_000)
    try {
      const key = await importPKCS8(account.privateKey, 'RS256')
      return await new SignJWT({ scope })
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT' })
        .setIssuer(account.clientEmail)
        .setAudience(account.tokenUrl)
        .setIssuedAt(nowS)
        .setExpirationTime(nowS + assertionS)
        .sign(key)
    } catch {
      // Without the cause: it may show the key.
      throw authFailed('its private key cannot be read')
    }
  }

  async function post(body: string, signal: AbortSignal): Promise<UpstreamResponse> {
    try {
      return await send(
        {
          url: account.tokenUrl,
          method: 'POST',
          headers: {
            'content-type': 'application/x-www-form-urlencoded',
            accept: 'application/json',
            'accept-encoding': 'identity',
          },
          body,
          connectMs: limits.connectMs,
          firstByteMs: ANSWER_MS,
          idleMs: ANSWER_MS,
        },
        signal,
      )
    } catch (error) {
      throw asGatewayError(error)
    }
  }

  function refusal(status: number, text: string): GatewayError {
    if (status === 429 || status >= 500) {
      const message = `Google gave the service account of "${name}" no access token (HTTP ${status}).`
      return new GatewayError('server_error', 'upstream_error', message, { status: 502 })
    }
    // `invalid_grant`: an unknown account, a deleted key, or a clock that is wrong. The description may name the account.
    const { error } = errorSchema.parse(jsonOf(text))
    return authFailed(`Google refused it (HTTP ${status}${error === undefined ? '' : `, ${error}`})`)
  }

  function authFailed(why: string): GatewayError {
    const message = `The service account of the provider "${name}" gets no access token: ${why}. Ask whoever runs the gateway to check its key and the machine's clock.`
    return new GatewayError('auth', 'provider_auth_failed', message, { status: 502 })
  }
}

const errorSchema = z
  .looseObject({
    error: z
      .string()
      .regex(/^\w{1,60}$/)
      .optional()
      .catch(undefined),
  })
  .catch({})

async function textOf({ body }: UpstreamResponse): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const bytes of body) {
      text += decoder.decode(bytes, { stream: true })
      if (text.length > ANSWER_LIMIT_BYTES) throw upstreamBadResponse("Google's answer is too large to be an access token.")
    }
  } catch (error) {
    throw asGatewayError(error)
  }
  return text
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
