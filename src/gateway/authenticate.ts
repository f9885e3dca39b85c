// Token → Principal (reliability.md §5). The same work is done for every kind of bad token, and one message answers them all;
// revoked and expired, which need the right secret, may say so.
import { GatewayError } from '../ir/errors.ts'
import type { Principal } from '../ir/principal.ts'
import { constantTimeEqual, parseToken } from '../lib/token.ts'
import type { Clock, Services } from '../services.ts'
import type { DisabledOwner } from '../store/key-record.ts'
import type { KeyStore, KeyRecord } from '../store/keys.ts'
import type { FailureLimit } from './failure-limit.ts'
import type { JwtIdentities } from './jwt-identities.ts'
import { keyHeader, ownCredentialOf } from './own-credential.ts'
import type { SampledEvents } from './sampled-events.ts'

export interface AuthenticateParts {
  readonly keys: KeyStore
  readonly hash: Services['hash']
  readonly clock: Clock
  readonly failures: SampledEvents
  readonly jwts: JwtIdentities
  readonly failureLimit: FailureLimit
}

export type Authenticate = (request: Request) => Promise<Principal>

export function createAuthenticate(parts: AuthenticateParts): Authenticate {
  return async (request) => {
    const token = tokenOf(request.headers)
    if (token === null) throw await failed(request, invalidKey())
    if (token === '') throw missingKey()
    const parsed = parseToken(token)
    const hash = await parts.hash(token)
    const known = parsed === null ? parts.jwts(token) : null
    if (known !== null) return await ofIssuer(request, await known, hash)
    const record = parsed === null ? null : await parts.keys.findForToken(parsed.keyId)
    const matches = constantTimeEqual(hash, record?.tokenHash ?? DUMMY_HASH)
    if (record === null || !matches) {
      throw await failed(request, invalidKey(), hash)
    }
    const refusal = refusalOf(record, parts.clock.nowUs())
    if (refusal !== null) {
      throw await failed(request, refusal, hash)
    }
    parts.keys.touch(record.principal.keyId ?? '')
    return record.principal
  }

  async function ofIssuer(request: Request, known: Principal | GatewayError, hash: string): Promise<Principal> {
    if (!(known instanceof GatewayError)) return known
    // An issuer that cannot be reached is nobody's bad key.
    throw known.code === 'upstream_unreachable' ? known : await failed(request, known, hash)
  }

  /** Who fails all the time is told to slow down; a good key from the same address is served all the while. */
  async function failed(request: Request, refusal: GatewayError, hash?: string): Promise<GatewayError> {
    if (hash !== undefined) parts.failures.record({ token_hash_prefix: hash.slice(0, 8) })
    const waitMs = await parts.failureLimit.take(request)
    return waitMs === 0 ? refusal : tooManyFailures(waitMs)
  }
}

const DUMMY_HASH = '0'.repeat(64)

/** '' = none was sent; null = two that differ, or a header sent twice. Query string and cookies are never read. */
function tokenOf(headers: Headers): string | null {
  const beside = headers.get(keyHeader)?.trim() ?? ''
  if (beside !== '') return beside.includes(',') || bringsAnother(headers, beside) ? null : beside
  const apiKey = headers.get('x-api-key')?.trim() ?? ''
  const authorization = headers.get('authorization')?.trim() ?? ''
  // A header sent twice arrives joined by a comma, which no token holds.
  if (apiKey.includes(',') || authorization.includes(',')) return null
  const bearer = authorization === '' ? '' : bearerOf(authorization)
  if (bearer === null) return null
  if (apiKey !== '' && bearer !== '' && apiKey !== bearer) return null
  return apiKey === '' ? bearer : apiKey
}

/** Beside the key in `x-metis-key` a client may send its own login, the same key again, or nothing. */
function bringsAnother(headers: Headers, token: string): boolean {
  const apiKey = headers.get('x-api-key')?.trim() ?? ''
  const authorization = headers.get('authorization')?.trim() ?? ''
  if (apiKey !== '' && apiKey !== token) return true
  return authorization !== '' && bearerOf(authorization) !== token && ownCredentialOf(headers) === null
}

function bearerOf(authorization: string): string | null {
  const space = authorization.indexOf(' ')
  if (space < 0 || authorization.slice(0, space).toLowerCase() !== 'bearer') return null
  return authorization.slice(space + 1).trim()
}

function refusalOf(record: KeyRecord, nowUs: number): GatewayError | null {
  const fields = { key_id: record.principal.keyId }
  if (record.revokedUs !== null && record.revokedUs <= nowUs) {
    const revokedAt = new Date(record.revokedUs / 1000).toISOString()
    return new GatewayError('auth', 'key_revoked', `This gateway key was revoked at ${revokedAt}. Ask for a new one.`, {
      fields: { ...fields, revoked_at: revokedAt },
    })
  }
  if (record.expiresUs !== null && record.expiresUs <= nowUs) {
    const expiredAt = new Date(record.expiresUs / 1000).toISOString()
    return new GatewayError('auth', 'key_expired', `This gateway key expired at ${expiredAt}. Ask for a new one.`, {
      fields: { ...fields, expired_at: expiredAt },
    })
  }
  return record.disabled === null ? null : ownerDisabled(record.disabled, record.principal.keyId)
}

/** @param keyId null for a token of an issuer */
export function ownerDisabled({ kind, id, sinceUs }: DisabledOwner, keyId: string | null): GatewayError {
  const disabledAt = new Date(sinceUs / 1000).toISOString()
  return new GatewayError(
    'auth',
    'key_revoked',
    `This key belongs to the ${kind} "${id}", disabled at ${disabledAt}. Ask whoever runs the gateway.`,
    { fields: { ...(keyId === null ? {} : { key_id: keyId }), revoked_at: disabledAt, [`${kind}_id`]: id } },
  )
}

function tooManyFailures(retryAfterMs: number): GatewayError {
  return new GatewayError(
    'rate_limit',
    'rate_limit_exceeded',
    'Too many requests with a bad gateway key came from this address. Check the key before you go on.',
    { retryAfterMs, fields: { scope: 'address' } },
  )
}

function invalidKey(): GatewayError {
  return new GatewayError(
    'auth',
    'invalid_api_key',
    'The gateway key is not valid. Send a key that begins with gw_, as x-api-key or as Authorization: Bearer (or as x-metis-key, beside a login of your own); `metis-gateway issue-key` makes one.',
  )
}

function missingKey(): GatewayError {
  return new GatewayError(
    'auth',
    'invalid_api_key',
    'No gateway key was sent. Send it as x-api-key or as Authorization: Bearer; `metis-gateway issue-key` makes one.',
  )
}
