// The gateway as a process: parts put together, orphans swept, listening, drained on the way out.
import { createGateway, type Gateway } from '../../src/gateway/app.ts'
import type { Services } from '../../src/services.ts'
import type { NodeContext } from './context.ts'
import { openEngineParts } from './engine-parts.ts'
import type { Listening } from './listen.ts'
import { loadPorts } from './load-ports.ts'
import { createSessionWork } from './session-work.ts'
import { version } from './version.ts'

export interface GatewayProcess {
  readonly url: string
  /** Running answers finish for at most `drain_ms`; what is left then is told so and recorded as INTERRUPTED. */
  close(): Promise<void>
}

export async function startGateway(
  context: NodeContext,
  options: {
    readonly port: number
    readonly host?: string
    /** Where clients of this machine keep their session logs; empty = not looked at. */
    readonly sessionFolders?: readonly string[]
  },
): Promise<GatewayProcess> {
  const { config, clock, logger } = context
  const { listen, createSend: _, ...ports } = await loadPorts()
  const engine = await openEngineParts(context)
  const folders = options.sessionFolders ?? []
  const pending = new Set<Promise<unknown>>()
  const services: Services = {
    config,
    storage: context.storage,
    send: engine.send,
    clock,
    hash: context.hash,
    ...ports,
    ...(folders.length === 0 ? {} : { workOf: createSessionWork(folders, () => clock.nowMs()) }),
    defer: setImmediate,
    background(work) {
      pending.add(work)
      void work.finally(() => pending.delete(work))
    },
    logger,
    instanceId: context.instanceId,
  }
  const gateway = createGateway({
    ...engine.parts,
    services,
    traces: context.traces,
    keys: context.keys,
    brakes: context.brakes,
    queue: context.queue,
    version,
  })
  const listening = await listen((request) => gateway.fetch(request), options)
  // After listening: the first request need not wait for a price list, the first bill will.
  services.background(context.prices.ready())
  return {
    url: `http://${hostInUrl(listening.hosts[0] ?? '127.0.0.1')}:${listening.port}`,
    async close() {
      gateway.beginDrain(config.drainMs)
      await drain(gateway, listening, config.drainMs)
      await Promise.allSettled(pending)
      await engine.close()
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

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
