// Bearer tokens of a configured OIDC issuer → Principal (reliability.md §5): the issuer's keys, a list of algorithms that is ours
// and never the token's, issuer, audience, times. Their users and teams have the same caps as keys have.
import type { JWTPayload } from 'jose'
import type { IssuerConfig } from '../config/schema.ts'
import { GatewayError } from '../ir/errors.ts'
import type { Principal } from '../ir/principal.ts'
import type { Logger, Services } from '../services.ts'
import type { DisabledOwner, OwnerRecord } from '../store/key-record.ts'
import type { KeyStore } from '../store/keys.ts'
import { createIssuerKeys } from './issuer-keys.ts'

const algorithms = ['RS256', 'ES256', 'EdDSA']
const toleranceS = 60
/** Headers that would have the token name its own key. */
const selfMadeKeys = ['jku', 'x5u', 'jwk', 'x5c'] as const
const idPattern = /^[A-Za-z0-9_.:/@-]{1,200}$/

export interface JwtIdentityParts {
  readonly services: Pick<Services, 'config' | 'send' | 'clock' | 'logger'>
  readonly keys: KeyStore
  /** What a key's disabled owner is told. */
  readonly ownerDisabled: (owner: DisabledOwner) => GatewayError
}

/** @returns the refusal of a token that is none of ours, null when no issuer is configured or the text is no JWT */
export type JwtIdentities = (token: string) => Promise<Principal | GatewayError> | null

export function createJwtIdentities({ services, keys, ownerDisabled }: JwtIdentityParts): JwtIdentities {
  const { config, clock, logger } = services
  if (config.issuers.length === 0) return () => null
  const keysOf = createIssuerKeys(services)

  async function principalOf(token: string): Promise<Principal | GatewayError> {
    const jose = await import('jose')
    const issuer = issuerOf(jose.decodeJwt, token)
    if (issuer === null || namesItsOwnKey(jose.decodeProtectedHeader, token)) return invalidToken()
    let payload: JWTPayload
    try {
      const options = {
        algorithms,
        issuer: issuer.issuer,
        audience: [...issuer.audience],
        clockTolerance: toleranceS,
        currentDate: new Date(clock.nowUs() / 1000),
        requiredClaims: ['exp'],
      }
      payload = (await jose.jwtVerify(token, await keysOf(issuer), options)).payload
    } catch (error) {
      if (error instanceof jose.errors.JWTExpired) return expired(error.payload)
      if (error instanceof jose.errors.JOSEError && error.code !== 'ERR_JWKS_TIMEOUT' && error.code !== 'ERR_JOSE_GENERIC')
        return invalidToken()
      return unreachable(issuer, error, logger)
    }
    return identified(issuer, payload)
  }

  function issuerOf(decode: (token: string) => JWTPayload, token: string): IssuerConfig | null {
    try {
      const { iss } = decode(token)
      return config.issuers.find(({ issuer }) => issuer === iss) ?? null
    } catch {
      return null
    }
  }

  async function identified(issuer: IssuerConfig, payload: JWTPayload): Promise<Principal | GatewayError> {
    const userId = payload[issuer.userClaim]
    const claimed = issuer.teamClaim === null ? null : firstText(payload[issuer.teamClaim])
    if (typeof userId !== 'string' || !idPattern.test(userId)) return withoutUser(issuer.userClaim)
    const owner = await keys.findOwner(userId, claimed !== null && idPattern.test(claimed) ? claimed : null)
    if (owner.disabled !== null) return ownerDisabled(owner.disabled)
    if (issuer.knownUsersOnly && !owner.userIsKnown) return unknownUser(userId)
    return principalFrom(issuer, userId, owner)
  }

  return (token) => (isJwt(token) ? principalOf(token) : null)
}

/** What calls with an issuer's tokens are on record under. */
export const issuerKeyId = ({ name }: Pick<IssuerConfig, 'name'>): string => `jwt:${name}`

/** A JWT's three parts; a gateway key has none. */
function isJwt(token: string): boolean {
  return /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/.test(token)
}

function namesItsOwnKey(decode: (token: string) => object, token: string): boolean {
  try {
    const header = decode(token)
    return selfMadeKeys.some((name) => Object.hasOwn(header, name))
  } catch {
    return true
  }
}

/** Of a list of groups, the first. */
function firstText(claim: unknown): string | null {
  const [first] = Array.isArray(claim) ? (claim as readonly unknown[]) : [claim]
  return typeof first === 'string' ? first : null
}

function principalFrom(issuer: IssuerConfig, userId: string, owner: OwnerRecord): Principal {
  const { requestsPerMinute, tokensPerMinute } = issuer
  const keyId = issuerKeyId(issuer)
  const isLimited = requestsPerMinute !== null || tokensPerMinute !== null
  return {
    keyId,
    keyName: issuer.name,
    userId,
    teamId: owner.teamId,
    workspace: issuer.workspace,
    allowedModels: issuer.allowedModels,
    ignoreClientModel: false,
    logMessages: false,
    caps: owner.caps,
    allowUnpriced: issuer.allowUnpriced,
    rates: isLimited ? { id: `${keyId} ${userId}`, requestsPerMinute, tokensPerMinute, concurrentTurns: null } : null,
    tags: {},
  }
}

/** One answer for all tokens that are not what they say. */
function invalidToken(): GatewayError {
  return new GatewayError(
    'auth',
    'invalid_api_key',
    'The token is not valid here: it must be a gateway key (gw_…), or a token of the configured issuer for this audience, signed with RS256, ES256 or EdDSA.',
  )
}

/** Its signature was good: it may be told. */
function expired({ exp }: JWTPayload): GatewayError {
  const expiredAt = new Date((exp ?? 0) * 1000).toISOString()
  return new GatewayError('auth', 'key_expired', `This token expired at ${expiredAt}. Sign in again.`, {
    fields: { expired_at: expiredAt },
  })
}

function withoutUser(claim: string): GatewayError {
  return new GatewayError(
    'auth',
    'invalid_api_key',
    `The token's claim "${claim}" names no user: it must be a text of letters, digits and _.:/@-, at most 200.`,
  )
}

function unknownUser(userId: string): GatewayError {
  return new GatewayError('auth', 'invalid_api_key', `The user "${userId}" is not known here. Ask whoever runs the gateway.`)
}

function unreachable(issuer: IssuerConfig, error: unknown, logger: Logger): GatewayError {
  logger.log('error', 'the keys of a token issuer cannot be read', { issuer: issuer.name, error: String(error) })
  return new GatewayError(
    'network',
    'upstream_unreachable',
    `The keys of the token issuer "${issuer.name}" cannot be read now, so that no token of it can be checked.`,
  )
}
