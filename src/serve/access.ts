// Who may read serve. On loopback everybody who can connect; elsewhere, and with `serve.auth: always`, the holder of the
// admin token: as a bearer token, or once for a signed cookie (reliability.md §6).
import { jwtVerify, SignJWT } from 'jose'
import { ConfigError } from '../config/errors.ts'
import { createIsSecure } from '../gateway/client-address.ts'
import { GatewayError, invalidValue } from '../ir/errors.ts'
import { parseJsonBytes } from '../ir/json-body.ts'
import { constantTimeEqual } from '../lib/token.ts'
import type { Services } from '../services.ts'
import { signInBody, type adminSessionOperations } from './admin-session-operations.ts'
import { errorAnswer } from './answers.ts'
import type { Handler } from './routes.ts'

export interface AdminSecrets {
  readonly token: string
  /** 32 bytes or more; sessions end when it changes. */
  readonly sessionSecret: Uint8Array
}

export interface Access {
  /** Who passes `refuse`, for the audit event of what is changed. */
  readonly actor: string
  /** Whether the admin token is asked for at all. */
  readonly locked: boolean
  /** null = may pass; else the answer that asks for the token. */
  refuse(request: Request): Promise<Response | null>
  /** The token for a cookie, and the cookie back. */
  readonly session: Readonly<Record<keyof typeof adminSessionOperations, Handler>>
}

export interface AccessParts {
  readonly services: Pick<Services, 'config' | 'clock' | 'hash' | 'readBody' | 'peerAddress'>
  readonly admin: AdminSecrets | null
  /** False when anything but this machine can connect. */
  readonly loopback: boolean
}

const sessionSeconds = 12 * 3600
const bodyLimitBytes = 4096

/** @throws ConfigError when a token is needed and there is none */
export function createAccess({ services, admin, loopback }: AccessParts): Access {
  const { clock, hash } = services
  const isSecure = createIsSecure(services)
  const locked = services.config.serveAuth === 'always' || !loopback
  if (locked && admin === null) {
    throw new ConfigError([
      { path: 'METIS_ADMIN_TOKEN', message: 'must be set: serve asks for it beyond loopback and with serve.auth: always' },
    ])
  }

  // Hashed first, so that the comparison takes the same time for every length.
  const isToken = async (text: string) => admin !== null && constantTimeEqual(await hash(text), await hash(admin.token))

  async function hasSession(request: Request): Promise<boolean> {
    const jwt = cookieOf(request, isSecure(request))
    if (jwt === null || admin === null) return false
    const currentDate = new Date(clock.nowUs() / 1000)
    const options = { algorithms: ['HS256'], subject: 'admin', requiredClaims: ['exp'], currentDate }
    return jwtVerify(jwt, admin.sessionSecret, options).then(
      () => true,
      () => false,
    )
  }

  return {
    actor: locked ? 'admin' : 'local',
    locked,

    async refuse(request) {
      if (!locked) return null
      const bearer = /^Bearer +(\S+)$/i.exec(request.headers.get('authorization') ?? '')?.[1]
      if (bearer !== undefined && (await isToken(bearer))) return null
      if (await hasSession(request)) return null
      return errorAnswer(
        401,
        'admin_token_required',
        'Send the admin token as Authorization: Bearer, or sign in on the dashboard.',
        {
          'www-authenticate': 'Bearer realm="metis"',
        },
      )
    },

    session: {
      async signIn(request) {
        requireJson(request)
        const body = signInBody.safeParse(parseJsonBytes(await services.readBody(request, bodyLimitBytes)))
        if (!body.success) throw invalidValue('token', 'The body must be {"token": "..."} and nothing else.')
        if (admin === null || !(await isToken(body.data.token))) {
          return errorAnswer(401, 'invalid_admin_token', 'This is not the admin token.')
        }
        const nowS = Math.floor(clock.nowUs() / 1_000_000)
        const jwt = await new SignJWT({ sub: 'admin', iat: nowS, exp: nowS + sessionSeconds })
          .setProtectedHeader({ alg: 'HS256' })
          .sign(admin.sessionSecret)
        return cookieAnswer(isSecure(request), jwt, sessionSeconds)
      },

      signOut: async (request) => cookieAnswer(isSecure(request), '', 0),
    },
  }
}

/**
 * What changes something comes from a page of our own, or from no page at all.
 * @throws GatewayError
 */
export function requireOwnWrite(request: Request): void {
  requireJson(request)
  const { headers } = request
  const host = headers.get('host') ?? new URL(request.url).host
  const origin = headers.get('origin')
  const site = headers.get('sec-fetch-site')
  const isOwn = origin === null || origin === `http://${host}` || origin === `https://${host}`
  if (isOwn && (site === null || site === 'same-origin' || site === 'none')) return
  // `cors_origins` lets other pages read; keys are handed out to none of them.
  throw new GatewayError('invalid_request', 'origin_not_allowed', 'Only the dashboard itself may change this.')
}

/** A form of another site cannot send JSON. @throws GatewayError unsupported_media_type */
export function requireJson(request: Request): void {
  const type = (request.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
  if (type === 'application/json') return
  throw new GatewayError('invalid_request', 'unsupported_media_type', 'Send content-type: application/json.')
}

function cookieAnswer(secure: boolean, jwt: string, seconds: number): Response {
  const cookie = `${cookieName(secure)}=${jwt}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`
  return new Response(null, { status: 204, headers: { 'set-cookie': cookie, 'cache-control': 'no-store' } })
}

/** Under TLS a name that no other host or path can set. */
const cookieName = (secure: boolean): string => (secure ? '__Host-metis_session' : 'metis_session')

function cookieOf(request: Request, secure: boolean): string | null {
  const prefix = `${cookieName(secure)}=`
  const found = (request.headers.get('cookie') ?? '').split(/; */).find((pair) => pair.startsWith(prefix))
  return found === undefined ? null : found.slice(prefix.length)
}
