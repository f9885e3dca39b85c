// Serve: analytics and the dashboard over HTTP. Every request is checked for Host and Origin, then for the admin token where
// one is needed, and only then meets a route.
import { Hono } from 'hono'
import type { Endpoint } from '../analytics/endpoint.ts'
import { endpoints } from '../analytics/index.ts'
import type { ModelCatalog } from '../catalog/models.ts'
import type { PriceCatalog } from '../catalog/prices.ts'
import { apiVersions, createApiVersioning, type ApiVersion } from '../gateway/api-version.ts'
import { corsHeaders, refuseForeign } from '../gateway/origin.ts'
import type { Services } from '../services.ts'
import type { CommitQueue } from '../store/commit-queue.ts'
import type { Hub } from '../store/hub.ts'
import type { IdentityStore } from '../store/identities.ts'
import type { KeyStore } from '../store/keys.ts'
import { aboutOperations, createAbout } from './about.ts'
import { createAccess, type AdminSecrets } from './access.ts'
import { adminSessionOperations } from './admin-session-operations.ts'
import { errorAnswer, faultAnswer, jsonAnswer } from './answers.ts'
import { dashboardFiles, fileAnswer, signInPage } from './dashboard.ts'
import { gatewayMetricsOperation, gatewayOperations, metricsOperation } from './gateway-operations.ts'
import { hubTokenOperations, ingestOperation } from './hub-operations.ts'
import { createHubTokenRoutes } from './hub-tokens.ts'
import { createIngest } from './ingest.ts'
import { keyOperations } from './key-operations.ts'
import { createKeyRoutes } from './keys.ts'
import { endpointOperation, openApiOf, openApiOperation } from './openapi.ts'
import {
  allowOf,
  handlerOf,
  pageRoute,
  routesOf,
  serving,
  type Handler,
  type Parameters,
  type Route,
  type Served,
} from './routes.ts'
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
  /** `/metrics`, where the gateway has no process that could count (ledger-metrics.ts): a Worker, which is both at one address. */
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

/** @throws ConfigError when the admin token is needed and missing */
export function createServe(services: ServeServices, options: ServeOptions): Serve {
  const { config, clock, storage, logger } = services
  const { version, startedUs, models, prices } = options
  const known = options.apiVersions ?? apiVersions
  const versioned = createApiVersioning(clock, known)
  const access = createAccess({ services, admin: options.admin ?? null, loopback: options.loopback ?? true })

  const author = { actor: access.actor, origin: 'serve' }
  const about = createAbout({ services, version, startedUs, serverless: options.serverless ?? false, models, apiVersions: known })
  const keys = createKeyRoutes({ services, keys: options.keys, identities: options.identities, author })
  const users = createUserRoutes({ storage, queue: options.queue, clock, newId: options.newId, author })
  const { metrics, hub } = options

  const served: readonly Served[] = [
    ...serving(aboutOperations, about),
    ...serving(adminSessionOperations, access.session),
    { operation: openApiOperation, handler: () => jsonAnswer(200, openApi()) },
    ...endpoints.map((endpoint) => ({ operation: endpointOperation(endpoint), handler: answering(endpoint) })),
    ...serving(userOperations, users),
    ...(options.sessions === undefined ? [] : serving(sessionOperations, options.sessions)),
    ...serving(keyOperations, keys),
    ...(hub === undefined ? [] : serving(hubTokenOperations, createHubTokenRoutes(hub, services.readBody, author))),
    ...(hub === undefined ? [] : [{ operation: ingestOperation, handler: createIngest(hub, services) }]),
    ...(metrics === undefined ? [] : [{ operation: metricsOperation, handler: metrics }]),
  ]
  const operations = [
    ...served.map(({ operation }) => operation),
    ...gatewayOperations,
    ...(metrics === undefined ? [gatewayMetricsOperation] : []),
  ]
  const openApi = () => openApiOf(operations, { version, locked: access.locked, gatewayIsHere: metrics !== undefined })
  const routes = [...routesOf(served), ...pages]

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
    const refusal = route.open ? null : await access.refuse(request)
    if (refusal === null) return handler(request, parameters)
    return route.versioned ? refusal : fileAnswer(signInPage, request, 401)
  }

  function answering(endpoint: Endpoint): Handler {
    return async (request, parameters) => {
      const context = { db: storage.db, prices, nowUs: clock.nowUs() }
      const answer = await endpoint.answer(context, { search: new URL(request.url).searchParams, parameters })
      return answer === null ? errorAnswer(404, 'not_found', 'There is nothing of this id.') : jsonAnswer(200, answer)
    }
  }
}

/** What browsers load, and what /openapi.json leaves out. */
const pages: readonly Route[] = [
  ...[...dashboardFiles].map(([path, file]) => pageRoute(path, (request) => fileAnswer(file, request), file.open)),
  ...['/', '/dashboard'].map((path) => pageRoute(path, () => redirect('/dashboard/'), true)),
]

const redirect = (location: string): Response => new Response(null, { status: 302, headers: { location } })

function withHeaders(response: Response, extra: Readonly<Record<string, string>>): Response {
  const entries = Object.entries(extra)
  if (entries.length === 0) return response
  const headers = new Headers(response.headers)
  for (const [name, value] of entries) headers.set(name, value)
  return new Response(response.body, { status: response.status, headers })
}
