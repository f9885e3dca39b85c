// The gateway: path → door. No middleware on /v1/*: rebuilding a Response on its way out costs the fast lane (performance.md).
import { Hono } from 'hono'
import type { PriceCatalog } from '../catalog/prices.ts'
import { createEngine, type Engine } from '../engine/engine.ts'
import type { Limit } from '../engine/admit.ts'
import { createBrake } from '../engine/brake.ts'
import { createRateKeeper } from '../engine/rates.ts'
import { shuttingDown } from '../engine/refusals.ts'
import { GatewayError } from '../ir/errors.ts'
import type { Provider } from '../providers/provider.ts'
import type { RoutingTables } from '../routing/tables.ts'
import type { Services } from '../services.ts'
import type { BrakeStore } from '../store/brakes.ts'
import type { CommitQueue } from '../store/commit-queue.ts'
import type { KeyStore } from '../store/keys.ts'
import { createMessageLog } from '../store/message-log.ts'
import { createMemoryRates, createSharedRates } from '../store/rates.ts'
import { createQuotaAlerts } from '../store/quota-alerts.ts'
import type { SpoolingTraceStore } from '../store/trace-store.ts'
import { createAlertWebhook } from './alert-webhook.ts'
import { createAuthenticate, ownerDisabled } from './authenticate.ts'
import { createCapGauges } from './cap-gauges.ts'
import { createClientAddress } from './client-address.ts'
import { createCountTokens } from './count-tokens.ts'
import { createDoor } from './door.ts'
import { doors, wireOf } from './doors.ts'
import { createRenderError } from './error-answer.ts'
import { createFailureLimit } from './failure-limit.ts'
import { createHealth } from './health.ts'
import { createJwtIdentities } from './jwt-identities.ts'
import { createMetrics } from './metrics.ts'
import { listShapeOf, renderModel, renderModels } from './models.ts'
import { refuseForeign } from './origin.ts'
import { createCounts } from './prometheus.ts'
import { createSampledEvents } from './sampled-events.ts'
import { createTurnMeters } from './turn-meters.ts'
import { createSpanExport } from './span-export.ts'
import { createStatusLine } from './status-line.ts'
import { watchTraces, type TraceWatcher } from './watched-traces.ts'

export interface GatewayParts {
  readonly services: Services
  readonly routing: RoutingTables
  readonly providers: ReadonlyMap<string, Provider>
  readonly prices: PriceCatalog
  readonly traces: SpoolingTraceStore
  readonly keys: KeyStore
  readonly brakes: BrakeStore
  readonly limits: readonly Limit[]
  /** Monotonic ULIDs. */
  readonly nextId: () => string
  readonly random: () => number
  readonly redact: (text: string) => string
  readonly queue: CommitQueue
  readonly version: string
}

export interface Gateway {
  fetch(request: Request): Promise<Response>
  readonly engine: Engine
  /** Turns /readyz to 503; turns that still come, on connections that were there, are taken for `forMs`, and running ones go on. */
  beginDrain(forMs: number): void
}

export function createGateway(parts: GatewayParts): Gateway {
  const { services } = parts
  const { clock, logger, config } = services
  const failures = createSampledEvents('gateway.auth_failed', { ...parts, clock, logger })
  const limited = createSampledEvents('gateway.rate_limited', { ...parts, clock, logger })
  const memory = createMemoryRates(clock)
  const authenticate = createAuthenticate({
    keys: parts.keys,
    hash: services.hash,
    clock,
    failures,
    jwts: createJwtIdentities({ services, keys: parts.keys, ownerDisabled: (owner) => ownerDisabled(owner, null) }),
    failureLimit: createFailureLimit({
      clientAddressOf: createClientAddress(services),
      rates: memory,
      perMinute: config.limits.authFailuresPerMinute,
    }),
  })
  // A file belongs to one gateway as a rule; a server's database is there to be shared.
  const shared =
    services.storage.dialect === 'sqlite' ? memory : createSharedRates({ ...parts, storage: services.storage, clock })
  const rates = createRateKeeper(shared, (key, scope) => limited.record({ gateway_key_id: key, scope }))
  const notify = createAlertWebhook({ config: config.alerts, send: services.send, clock, logger })
  const alert = createQuotaAlerts({
    storage: services.storage,
    queue: parts.queue,
    clock,
    newId: parts.nextId,
    logger,
    notify: (quota) => notify({ type: 'quota.alert', ...quota }),
  })
  const brake = createBrake({
    config: config.brake,
    store: parts.brakes,
    clock,
    logger,
    onFound: (found) => services.background(notify({ type: 'gateway.runaway_detected', ...found })),
  })
  const meters = createTurnMeters()
  const spans = config.otlp === null ? null : createSpanExport({ config: config.otlp, services, version: parts.version })
  const alerts: TraceWatcher = {
    appended({ type, payload }) {
      if (type === 'provider.degraded') services.background(notify({ type, ...payload }))
    },
  }
  const engine = createEngine({
    ...parts,
    traces: watchTraces(parts.traces, spans === null ? [meters, alerts] : [meters, alerts, spans], logger),
    clock,
    logger,
    rates,
    limits: [...parts.limits, (admission) => brake.check(admission)],
    brake,
    onSettled: (reservation) => services.background(alert(reservation)),
  })
  let draining = false
  let refusesFromMs = 0
  const { availability } = parts.routing
  const health = createHealth({ services, availability, queue: parts.queue, version: parts.version, isDraining: () => draining })

  const errorAnswers = createCounts()
  const renderError = createRenderError(services, errorAnswers)
  const metrics = createMetrics({
    ...parts,
    engine,
    availability,
    meters,
    caps: createCapGauges(services),
    spans,
    errorAnswers,
    failures,
    limited,
    untracedTurns: () => parts.traces.untracedTurns(),
  })

  const messages = createMessageLog({ ...parts, storage: services.storage, clock, logger })
  const doorParts = { services, engine, authenticate, nextId: parts.nextId, renderError, messages, traced: spans !== null }
  const doorOf = new Map(doors.map(({ path, wire }) => [path, createDoor(wire, doorParts)]))
  const app = new Hono()
  const countTokens = createCountTokens({ ...parts, authenticate, renderError })
  app.post('/v1/messages/count_tokens', (context) => countTokens(context.req.raw))
  app.get('/v1/models', (context) => answerModels(context.req.raw, null))
  app.get('/v1/models/:id{.+}', (context) => answerModels(context.req.raw, context.req.param('id')))
  app.get('/healthz', (context) => health.live(context.req.raw))
  app.options('/healthz', (context) => health.live(context.req.raw))
  app.get('/readyz', (context) => health.ready(context.req.raw))
  app.get('/metrics', () => metrics())
  const statusLine = createStatusLine({ services, authenticate, refuse })
  app.post('/statusline', (context) => statusLine(context.req.raw))
  app.options('/statusline', (context) => statusLine(context.req.raw))
  // Claude Code's probes: nothing is told (contract.md §4).
  app.get('/', () => services.respond(200, { 'content-type': 'text/plain; charset=utf-8' }, 'ok\n'))
  app.get('/api/hello', () => services.respond(200, { 'content-type': 'application/json' }, '{"message":"hello"}'))
  app.options('/v1/*', () => services.respond(204, {}, null))
  app.all('*', (context) => refuse(context.req.raw, notFoundOrNotAllowed(context.req.method, context.req.path)))
  app.onError((error, context) => refuse(context.req.raw, error))

  return {
    engine,
    beginDrain(forMs) {
      draining = true
      refusesFromMs = clock.nowMs() + forMs
      spans?.hurry()
    },
    async fetch(request) {
      const foreign = refuseForeign(request.headers, services.config)
      if (foreign !== null) return refuse(request, foreign)
      if (draining && request.method === 'POST' && clock.nowMs() >= refusesFromMs) return refuse(request, shuttingDown())
      // The two paths that nearly all traffic takes: a router would be a tenth of what the gateway adds to a call.
      const door = request.method === 'POST' ? doorOf.get(pathOf(request.url)) : undefined
      return door === undefined ? await app.fetch(request) : await door(request)
    },
  }

  async function answerModels(request: Request, id: string | null): Promise<Response> {
    try {
      const principal = await authenticate(request)
      const url = new URL(request.url)
      const shape = listShapeOf(url, request.headers)
      const models = parts.routing.models
      const body = id === null ? renderModels(models, principal, url, shape) : renderModel(models, principal, id, shape)
      return services.respond(200, { 'content-type': 'application/json' }, body)
    } catch (thrown) {
      return refuse(request, thrown)
    }
  }

  function refuse(request: Request, thrown: unknown): Response {
    const path = new URL(request.url).pathname
    return renderError(thrown, wireOf(path, request.headers), parts.nextId())
  }
}

/** Of an absolute URL, as far as the query. */
function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const end = url.indexOf('?', start)
  return end < 0 ? url.slice(start) : url.slice(start, end)
}

/** Methods of the paths there are, for the `Allow` of a 405. */
const methods: readonly (readonly [path: RegExp, allow: string])[] = [
  [/^\/v1\/(messages|chat\/completions|responses|embeddings|messages\/count_tokens)$/, 'POST, OPTIONS'],
  [/^\/v1\/models(\/.+)?$/, 'GET, HEAD, OPTIONS'],
  [/^\/(healthz|readyz|metrics|api\/hello)?$/, 'GET, HEAD'],
  [/^\/statusline$/, 'POST, OPTIONS'],
]

function notFoundOrNotAllowed(method: string, path: string): GatewayError {
  const known = methods.find(([pattern]) => pattern.test(path))
  if (known !== undefined) {
    return new GatewayError('invalid_request', 'method_not_allowed', `${method} is not allowed here; use ${known[1]}.`, {
      allow: known[1],
    })
  }
  return new GatewayError(
    'invalid_request',
    'route_not_found',
    'There is nothing at this path. Anthropic clients: POST /v1/messages (base URL without /v1). OpenAI clients: POST /v1/chat/completions or /v1/responses (base URL ends in /v1).',
  )
}
