// What a process that runs turns is put together from: the gateway, serve with its sessions, and `metis chat`.
import type { EngineParts } from '../../src/engine/engine.ts'
import { createDemoSend } from '../../src/providers/demo/send.ts'
import { createProviders } from '../../src/providers/index.ts'
import type { Send } from '../../src/services.ts'
import { createDeathWatch } from '../../src/store/instances.ts'
import { sweepOrphans, type SweepParts } from '../../src/store/sweep.ts'
import type { NodeContext } from './context.ts'
import { loadPorts } from './load-ports.ts'
import { processFacts } from './process-facts.ts'
import { createNodeRouting } from './routing.ts'

/** One small query: what a dead process left open is closed while its users still wonder. */
const SWEEP_EVERY_MS = 5000

export interface NodeEngineParts {
  readonly parts: Omit<EngineParts, 'rates' | 'brake' | 'onSettled'>
  readonly send: Send
  /** Stops sweeping, and closes connections to providers. */
  close(): Promise<void>
}

/** Turns of dead processes are closed first, and then every few seconds. */
export async function openEngineParts(context: NodeContext): Promise<NodeEngineParts> {
  const { config, clock, logger, models } = context
  const { createSend } = await loadPorts()
  const upstream = createSend({ connectMs: config.limits.connectMs })
  const isDead = createDeathWatch(processFacts(), clock.nowMs)
  await sweep(context, isDead)
  const sweeping = setInterval(() => {
    sweep(context, isDead).catch((error: unknown) =>
      logger.log('warn', 'orphaned turns could not be swept', { error: String(error) }),
    )
  }, SWEEP_EVERY_MS)
  return {
    parts: {
      ...context,
      routing: createNodeRouting(context),
      providers: createProviders(config, { send: upstream.send, demoSend: createDemoSend(clock), models, clock, logger }),
      limits: [],
      random: Math.random,
    },
    send: upstream.send,
    async close() {
      clearInterval(sweeping)
      await upstream.close()
    },
  }
}

async function sweep(context: NodeContext, isDead: SweepParts['isDead']): Promise<void> {
  const { storage, queue, clock, logger, nextId, prices, spoolOf, spooled } = context
  await sweepOrphans({ storage, queue, clock, newId: nextId, logger, isDead, prices, spoolOf, spooled })
}
