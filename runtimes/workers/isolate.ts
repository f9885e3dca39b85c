// What one isolate holds between requests: configuration, catalogs, the gateway and serve, put together at its first request.
// Nothing here waits for the I/O of another request: the platform forbids it.
import { createModelCatalog } from '../../src/catalog/model-catalog.ts'
import { createPriceCatalog } from '../../src/catalog/price-catalog.ts'
import { ConfigError } from '../../src/config/errors.ts'
import { createGateway } from '../../src/gateway/app.ts'
import { webOnClientGone, webReadBody } from '../../src/gateway/web-ports.ts'
import { createIdFactory } from '../../src/lib/ids.ts'
import { createRedactor } from '../../src/lib/redact.ts'
import { createDemoSend } from '../../src/providers/demo/send.ts'
import { createProviders } from '../../src/providers/index.ts'
import { presets } from '../../src/providers/presets.ts'
import { createPatterns } from '../../src/routing/patterns/patterns.ts'
import { createRoutingTables } from '../../src/routing/tables.ts'
import { createServe, type Serve } from '../../src/serve/app.ts'
import { createLedgerMetrics } from '../../src/serve/ledger-metrics.ts'
import { errorAnswer } from '../../src/serve/answers.ts'
import { createSessionHandlers } from '../../src/serve/sessions.ts'
import type { Services } from '../../src/services.ts'
import { createBrakeStore } from '../../src/store/brakes.ts'
import { createHub } from '../../src/store/hub.ts'
import { createIdentityStore } from '../../src/store/identities.ts'
import { createKeyStore } from '../../src/store/keys.ts'
import { migrate } from '../../src/store/migrate.ts'
import { createPatternStore, giveFeedback } from '../../src/store/patterns.ts'
import { version } from '../node/version.ts'
import { runCron } from './cron.ts'
import { openD1 } from './d1.ts'
import { readEnvironment, type Env } from './environment.ts'
import { createInstances } from './instances.ts'
import { createWorkersLogger, randomBytes, sha256, workersClock as clock, workersRespond, workersSend } from './ports.ts'
import { createRequestQueue } from './request-queue.ts'
import { configOfSessions, openSessions } from './sessions.ts'
import { createTurnTraces } from './turn-traces.ts'

export interface Isolate {
  fetch(request: Request): Promise<Response>
  /** For the cron trigger. */
  scheduled(): Promise<void>
}

/** Hosts that are remembered, the newest; each is one that the owner has routed here, some by a wildcard. */
const mostHosts = 100

const gatewayPath = /^\/(?:$|v1(?:\/|$)|healthz$|readyz$|statusline$|api\/hello$)/

/** @throws ConfigError */
export async function openIsolate(env: Env, background: Services['background']): Promise<Isolate> {
  const hosts: string[] = []
  const { config, adminToken, readPolicy, settles } = readEnvironment(env, hosts)
  const secrets = [
    ...config.providers.flatMap(({ apiKey, keyPool = [] }) => [apiKey, ...keyPool.map((key) => key.apiKey)]),
    config.alerts?.secret,
    ...Object.values(config.otlp?.headers ?? {}),
    adminToken,
  ]
  const redact = createRedactor(secrets.filter((secret) => secret !== undefined))
  const logger = createWorkersLogger(redact)
  for (const { message, mend } of config.warnings) logger.log('warn', `${message}: ${mend}`)
  const storage = openD1(env.DB)
  const nextId = createIdFactory(() => clock.nowUs() / 1000)
  const queue = createRequestQueue({ storage, clock, background, random: Math.random })
  const instances = createInstances({ storage, queue, clock, newId: nextId, version })
  const traces = createTurnTraces({ storage, queue, clock, logger, instances, background })
  const keys = createKeyStore({ storage, queue, clock, hash: sha256, newId: nextId, randomBytes })
  const models = createModelCatalog(config)
  const prices = createPriceCatalog(config)
  const services: Services = {
    config,
    storage,
    send: workersSend,
    clock,
    hash: sha256,
    readBody: webReadBody,
    onClientGone: webOnClientGone,
    peerAddress: (request) => request.headers.get('cf-connecting-ip'),
    respond: workersRespond,
    // Not by itself: workerd refuses it as a method of anything.
    defer: (task) => queueMicrotask(task),
    background,
    logger,
    // Turns name the instance they belong to themselves.
    instanceId: '',
  }
  const routing = createRoutingTables({
    config,
    models,
    known: new Set(presets.map((preset) => preset.name)),
    prices,
    clock,
    logger,
    storage,
    patterns:
      config.patternRouting === null
        ? null
        : createPatterns({
            settings: config.patternRouting,
            store: createPatternStore({ storage, queue, clock }),
            clock,
            logger,
          }),
    ...(readPolicy === undefined ? {} : { readPolicy }),
  })
  // There is no last good version to go on with but the last deployment, and going on without rules could send anywhere.
  await routing.policies.prepare(null)
  const faults = routing.policies.faults().flatMap((invalid) => invalid.faults)
  if (faults.length > 0) throw new ConfigError(faults.map(({ message }) => ({ path: 'METIS_ROUTING', message })))
  const providers = createProviders(config, { send: workersSend, demoSend: createDemoSend(clock), models, clock, logger })
  const engineParts = { routing, providers, prices, traces, clock, random: Math.random, nextId, redact, logger }
  const gateway = createGateway({
    ...engineParts,
    services,
    keys,
    brakes: createBrakeStore({ storage, queue, clock, newId: nextId }),
    limits: [],
    queue,
    version,
  })
  const identities = createIdentityStore({ storage, queue, clock, newId: nextId })
  const agent = openSessions({ ...engineParts, services, queue, identities, version })
  const serve: Serve | null =
    adminToken === undefined
      ? null
      : createServe(services, {
          version,
          startedUs: clock.nowUs(),
          models,
          prices,
          sessions: createSessionHandlers({
            services: { ...services, config: configOfSessions(config) },
            ...agent,
            identities,
            names: routing,
            nextId,
            giveFeedback: (turnId, rating) => giveFeedback({ storage, queue, clock }, turnId, rating),
          }),
          loopback: false,
          serverless: true,
          metrics: createLedgerMetrics(services, version),
          // Signing in lasts until the token changes.
          admin: { token: adminToken, sessionSecret: new TextEncoder().encode(await sha256(`sessions of ${adminToken}`)) },
          keys,
          queue,
          newId: nextId,
          hub: createHub({ storage, queue, clock, logger, hash: sha256, newId: nextId, randomBytes }),
          identities,
        })
  let migrated = false

  async function ready(): Promise<void> {
    if (migrated) return
    await migrate(storage)
    migrated = true
  }

  return {
    async fetch(request) {
      const { host, pathname } = new URL(request.url)
      if (!hosts.includes(host)) hosts.push(host)
      if (hosts.length > mostHosts) hosts.shift()
      await ready()
      for (const turnId of traces.takeLost()) for (const { engine } of [gateway, agent]) engine.forget(turnId)
      const answer = gatewayPath.test(pathname) ? gateway.fetch(request) : serve === null ? serveIsOff() : serve.fetch(request)
      // A client that leaves would else end its request between two steps, and the place it holds would never be given back.
      if (answer instanceof Promise) background(answer)
      return await answer
    },
    async scheduled() {
      await ready()
      await runCron({ d1: env.DB, clock, logger, background, newId: nextId, prices, settles: settles && serve !== null })
    },
  }
}

function serveIsOff(): Response {
  return errorAnswer(
    503,
    'serve_is_off',
    'Analytics and keys are served once the secret METIS_ADMIN_TOKEN is set (wrangler secret put METIS_ADMIN_TOKEN).',
  )
}
