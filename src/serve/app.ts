// Serve: analytics and the dashboard over HTTP. Every request is checked for Host and Origin, then for the admin token where
// one is needed, and only then meets a route.
import { Hono } from 'hono'
import type { Endpoint } from '../analytics/endpoint.ts'
import { endpoints } from '../analytics/index.ts'
import type { ModelCatalog } from '../catalog/models.ts'
import type { PriceCatalog } from '../catalog/prices.ts'
import { apiVersions, createApiVersioning, supportedVersions, type ApiVersion } from '../gateway/api-version.ts'
import { corsHeaders, refuseForeign } from '../gateway/origin.ts'
import type { Services } from '../services.ts'
import type { Author } from '../store/audit.ts'
import type { CommitQueue } from '../store/commit-queue.ts'
import type { Hub } from '../store/hub.ts'
import type { IdentityStore } from '../store/identities.ts'
import type { KeyStore } from '../store/keys.ts'
import { createAccess, type AdminSecrets } from './access.ts'
import { errorAnswer, faultAnswer, jsonAnswer } from './answers.ts'
import { dashboardFiles, fileAnswer, signInPage } from './dashboard.ts'
import { createHubTokenRoutes } from './hub-tokens.ts'
import { createIngest } from './ingest.ts'
import { createKeyRoutes } from './keys.ts'
import { endpointOperation, openApiOf } from './openapi.ts'
import { sessionOperations } from './session-operations.ts'
import type { SessionHandlers } from './sessions.ts'
import { userOperations } from './user-operations.ts'
import { createUserRoutes } from './users.ts'

export interface ServeOptions {
  /** Of the program. */
  readonly version: string
  readonly startedUs: number
  readonly models: ModelCatalog
  readonly prices: PriceCatalog
  /** The agent surface; absent = there is no engine to run turns. */
  readonly sessions?: SessionHandlers
  readonly keys: KeyStore
  readonly identities: IdentityStore
  readonly queue: CommitQueue
  /** ULIDs of this process. */
  readonly newId: () => string
  /** Needed beyond loopback and with `serve.auth: always`. */
  readonly admin?: AdminSecrets
  /** Absent: nobody may push here. */
  readonly hub?: Hub
  /** `/metrics`, where the gateway has no process that could count (ledger-metrics.ts). */
  readonly metrics?: () => Promise<Response>
  /** False when serve listens on more than this machine. */
  readonly loopback?: boolean
  /** The gateway answers at serve's own address, and there is no machine whose commands could reach the ledger. */
  readonly serverless?: boolean
  /** For tests; else what this program speaks. */
  readonly apiVersions?: readonly [ApiVersion, ...ApiVersion[]]
}

type ServeServices = Pick<Services, 'config' | 'storage' | 'clock' | 'hash' | 'readBody' | 'peerAddress' | 'logger'>

export interface Serve {
  fetch(request: Request): Promise<Response>
}

type Parameters = Readonly<Record<string, string>>
type Handler = (request: Request, parameters: Parameters) => Response | Promise<Response>

interface Route {
  readonly path: string
  readonly methods: Readonly<Partial<Record<'GET' | 'POST' | 'PATCH' | 'DELETE', Handler>>>
  /** Answered without the admin token: nothing in it is anybody's. */
  readonly open?: boolean
  /** Answers with Metis-API-Version: all but what browsers load. */
  readonly versioned: boolean
}

/** @throws ConfigError when the admin token is needed and missing */
export function createServe(services: ServeServices, options: ServeOptions): Serve {
  const { config, clock, storage, logger } = services
  const { version, startedUs, models, prices } = options
  const known = options.apiVersions ?? apiVersions
  const versioned = createApiVersioning(clock, known)
  const access = createAccess({ services, admin: options.admin ?? null, loopback: options.loopback ?? true })

  const operations = [
    ...endpoints.map(endpointOperation),
    ...userOperations,
    ...(options.sessions === undefined ? [] : sessionOperations),
  ]
  const openapi = openApiOf(operations, version)

  const author = { actor: access.actor, origin: 'serve' }
  const keys = createKeyRoutes({ services, keys: options.keys, identities: options.identities, author })
  const users = createUserRoutes({ storage, queue: options.queue, clock, newId: options.newId, author })

  const api = (path: string, methods: Route['methods'], open = false): Route => ({ path, methods, open, versioned: true })
  const routes: readonly Route[] = [
    api('/health', { GET: health }, true),
    api('/server/version', { GET: serverVersion }),
    api('/models', { GET: () => jsonAnswer(200, { data: models.list().map(listedModel) }) }),
    api('/admin/session', { POST: access.signIn, DELETE: access.signOut }, true),
    ...(options.hub === undefined ? [] : hubRoutes(options.hub, services, author)),
    api('/openapi.json', { GET: () => jsonAnswer(200, openapi) }),
    ...endpoints.map((endpoint) => api(pattern(endpoint.path), { GET: (...asked) => analytics(endpoint, ...asked) })),
    ...(options.sessions === undefined ? [] : sessionRoutes(options.sessions)),
    api('/admin/keys', { GET: keys.list, POST: keys.issue }),
    api('/admin/keys/:id', { PATCH: keys.change }),
    api('/admin/keys/:id/rotate', { POST: keys.rotate }),
    api('/admin/keys/:id/revoke', { POST: keys.revoke }),
    ...(options.metrics === undefined ? [] : [api('/metrics', { GET: options.metrics })]),
    api('/analytics/user/:id/export', { GET: users.export }),
    api('/analytics/user/:id/forget', { POST: users.forget }),
    ...[...dashboardFiles].map(([path, file]) => pageRoute(path, (request) => fileAnswer(file, request), file.open)),
    ...['/', '/dashboard'].map((path) => pageRoute(path, () => redirect('/dashboard/'), true)),
  ]

  const app = new Hono()
  for (const route of routes) app.all(route.path, (context) => serveRoute(route, context.req.raw, context.req.param()))
  app.all('*', (context) => versioned(context.req.raw, () => errorAnswer(404, 'not_found', 'There is nothing at this path.')))

  return {
    async fetch(request) {
      const foreign = refuseForeign(request.headers, config)
      if (foreign !== null) return faultAnswer(foreign, logger)
      return withHeaders(await app.fetch(request), corsHeaders(request.headers, config))
    },
  }

  async function serveRoute(route: Route, request: Request, parameters: Parameters): Promise<Response> {
    const answer = () => admit(route, request, parameters).catch((thrown: unknown) => faultAnswer(thrown, logger))
    const allow = allowOf(route)
    if (request.method === 'OPTIONS' && !route.versioned) return new Response(null, { status: 204, headers: { allow } })
    const response = route.versioned ? await versioned(request, answer) : await answer()
    return request.method === 'OPTIONS' ? withHeaders(response, { allow }) : response
  }

  async function admit(route: Route, request: Request, parameters: Parameters): Promise<Response> {
    const handler = handlerOf(route, request.method)
    if (handler === undefined) {
      const allow = allowOf(route)
      return errorAnswer(405, 'method_not_allowed', `This path takes ${allow}.`, { allow })
    }
    const refusal = route.open === true ? null : await access.refuse(request)
    if (refusal === null) return handler(request, parameters)
    return route.versioned ? refusal : fileAnswer(signInPage, request, 401)
  }

  async function analytics(endpoint: Endpoint, request: Request, parameters: Parameters): Promise<Response> {
    const context = { db: storage.db, prices, nowUs: clock.nowUs() }
    const answer = await endpoint.answer(context, { search: new URL(request.url).searchParams, parameters })
    return answer === null ? errorAnswer(404, 'not_found', 'There is nothing of this id.') : jsonAnswer(200, answer)
  }

  async function health(): Promise<Response> {
    const question = storage.db.selectFrom('gateway_keys').select('id').limit(1)
    const answers = await question.execute().then(
      () => true,
      () => false,
    )
    const uptimeSeconds = Math.floor((clock.nowUs() - startedUs) / 1_000_000)
    const store = answers ? 'ok' : 'unavailable'
    return jsonAnswer(answers ? 200 : 503, { status: store, version, uptime_seconds: uptimeSeconds, store })
  }

  function serverVersion(): Response {
    const supported = supportedVersions(known, clock.nowUs() / 1000)
    return jsonAnswer(200, {
      version,
      api_version: known.at(-1)?.version,
      api_versions_supported: supported,
      serverless: options.serverless ?? false,
    })
  }
}

/** `{id}` as Hono writes it. */
const pattern = (path: string): string => path.replace(/\{(\w+)\}/g, ':$1')

const pageRoute = (path: string, handler: Handler, open = false): Route => ({
  path,
  methods: { GET: handler },
  open,
  versioned: false,
})

function hubRoutes(hub: Hub, services: ServeServices, author: Author): readonly Route[] {
  const tokens = createHubTokenRoutes(hub, services.readBody, author)
  return [
    // Behind the hub token, whatever else is asked of the rest.
    { path: '/ingest', methods: { POST: createIngest(hub, services) }, open: true, versioned: true },
    { path: '/admin/hub-tokens', methods: { GET: tokens.list, POST: tokens.issue }, versioned: true },
    { path: '/admin/hub-tokens/:id/revoke', methods: { POST: tokens.revoke }, versioned: true },
  ]
}

function sessionRoutes(sessions: SessionHandlers): readonly Route[] {
  const of = (handler: (request: Request, id: string) => Promise<Response>): Handler => {
    return (request, { id = '' }) => handler(request, id)
  }
  const paths: readonly (readonly [path: string, methods: Route['methods']])[] = [
    ['/sessions', { GET: sessions.list, POST: sessions.create }],
    ['/sessions/:id', { GET: of(sessions.read), PATCH: of(sessions.change), DELETE: of(sessions.remove) }],
    ['/sessions/:id/turns', { POST: of(sessions.ask) }],
    ['/sessions/:id/cancel', { POST: of(sessions.cancel) }],
    ['/sessions/:id/messages', { GET: of(sessions.messages) }],
    ['/sessions/:id/events', { GET: of(sessions.events) }],
    ['/turns/:id/feedback', { POST: of(sessions.feedback) }],
  ]
  return paths.map(([path, methods]) => ({ path, methods, versioned: true }))
}

/** HEAD is GET without its body; Hono sees to the second half. */
function handlerOf(route: Route, method: string): Handler | undefined {
  switch (method) {
    case 'GET':
    case 'HEAD':
      return route.methods.GET
    case 'POST':
      return route.methods.POST
    case 'PATCH':
      return route.methods.PATCH
    case 'DELETE':
      return route.methods.DELETE
    default:
      return undefined
  }
}

function allowOf(route: Route): string {
  const methods = Object.keys(route.methods).flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
  return [...methods, 'OPTIONS'].join(', ')
}

function listedModel(model: ReturnType<ModelCatalog['list']>[number]): object {
  const { id, target, displayName, createdS } = model
  return {
    id,
    provider: target.provider,
    model: `${target.provider}:${target.name}`,
    display_name: displayName,
    created_at: createdS === 0 ? null : new Date(createdS * 1000).toISOString(),
  }
}

const redirect = (location: string): Response => new Response(null, { status: 302, headers: { location } })

function withHeaders(response: Response, extra: Readonly<Record<string, string>>): Response {
  const entries = Object.entries(extra)
  if (entries.length === 0) return response
  const headers = new Headers(response.headers)
  for (const [name, value] of entries) headers.set(name, value)
  return new Response(response.body, { status: response.status, headers })
}
