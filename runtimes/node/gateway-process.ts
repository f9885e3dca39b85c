// The gateway as a process: parts put together, orphans swept, listening, drained on the way out.
import { createGateway, type Gateway } from '../../src/gateway/app.ts'
import { createDemoSend } from '../../src/providers/demo/send.ts'
import { createProviders } from '../../src/providers/index.ts'
import type { Services } from '../../src/services.ts'
import { createDeathWatch } from '../../src/store/instances.ts'
import { sweepOrphans, type SweepParts } from '../../src/store/sweep.ts'
import type { NodeContext } from './context.ts'
import { listen, type Listening } from './listen.ts'
import { processFacts } from './process-facts.ts'
import { nodeByteText, nodeReadBody } from './read-body.ts'
import { incomingOf, onSocketGone } from './request.ts'
import { createNodeRouting } from './routing.ts'
import { nodeRespond } from './respond.ts'
import { createSend } from './send.ts'
import { version } from './version.ts'

/** One small query: what a dead gateway left open is closed while its users still wonder. */
const SWEEP_EVERY_MS = 5000

export interface GatewayProcess {
  readonly url: string
  /** Running answers finish for at most `drain_ms`; what is left then is told so and recorded as INTERRUPTED. */
  close(): Promise<void>
}

export async function startGateway(
  context: NodeContext,
  options: { readonly port: number; readonly host?: string },
): Promise<GatewayProcess> {
  const { config, clock, logger } = context
  const upstream = createSend({ connectMs: config.limits.connectMs })
  const pending = new Set<Promise<unknown>>()
  const services: Services = {
    config,
    storage: context.storage,
    send: upstream.send,
    clock,
    hash: context.hash,
    readBody: nodeReadBody,
    byteText: nodeByteText,
    onClientGone: onSocketGone,
    peerAddress: (request) => incomingOf(request)?.socket.remoteAddress ?? null,
    respond: nodeRespond,
    defer: setImmediate,
    background(work) {
      pending.add(work)
      void work.finally(() => pending.delete(work))
    },
    logger,
    instanceId: context.instanceId,
  }
  const gateway = createGateway({
    services,
    routing: createNodeRouting(context),
    providers: createProviders(config, { send: upstream.send, demoSend: createDemoSend(clock), models: context.models }),
    prices: context.prices,
    traces: context.traces,
    keys: context.keys,
    limits: [],
    nextId: context.nextId,
    random: Math.random,
    redact: context.redact,
    queue: context.queue,
    version,
  })
  const isDead = createDeathWatch(processFacts(), clock.nowMs)
  await sweep(context, isDead)
  const listening = await listen((request) => gateway.fetch(request), options)
  const sweeping = setInterval(() => {
    sweep(context, isDead).catch((error: unknown) =>
      logger.log('warn', 'orphaned turns could not be swept', { error: String(error) }),
    )
  }, SWEEP_EVERY_MS)
  // After listening: the first request need not wait for a price list, the first bill will.
  services.background(context.prices.ready())
  return {
    url: `http://${hostInUrl(listening.hosts[0] ?? '127.0.0.1')}:${listening.port}`,
    async close() {
      clearInterval(sweeping)
      gateway.beginDrain()
      await drain(gateway, listening, config.drainMs)
      await Promise.allSettled(pending)
      await upstream.close()
    },
  }
}

async function drain(gateway: Gateway, listening: Listening, drainMs: number): Promise<void> {
  const closed = listening.close(drainMs + CLOSE_GRACE_MS)
  const deadline = setTimeout(() => {
    void gateway.engine.interruptAll()
  }, drainMs)
  await closed
  clearTimeout(deadline)
  // Whose client was cut off with its connection is being closed at this moment: waits for it.
  await gateway.engine.interruptAll()
}

/** For the error event of an interrupted stream to reach its client. */
const CLOSE_GRACE_MS = 1000

async function sweep(context: NodeContext, isDead: SweepParts['isDead']): Promise<void> {
  const { storage, queue, clock, logger, nextId, prices, spoolOf, spooled } = context
  await sweepOrphans({ storage, queue, clock, newId: nextId, logger, isDead, prices, spoolOf, spooled })
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
