// `/healthz`: the process lives. `/readyz`: it can do its work, which is to put turns on record; and which providers it keeps away
// from, which makes nothing unready: there may be others, and only a request tells when they are well again.
import * as z from 'zod'
import type { CommitQueue } from '../store/commit-queue.ts'
import type { Availability } from '../routing/availability.ts'
import type { Services } from '../services.ts'
import { createApiVersioning } from './api-version.ts'

/** A store that has refused every commit for this long is away. */
const STORE_AWAY_MS = 1000

export const liveAnswer = z.object({ status: z.literal('ok'), version: z.string(), uptime_seconds: z.int() })

const unavailable = z.array(
  z.object({
    provider: z.string(),
    /** null = all of the provider's. */
    model: z.string().nullable(),
    reason: z.string(),
  }),
)
export const readyAnswer = z.object({ status: z.literal('ready'), unavailable })

const reason = z.enum(['shutting_down', 'store_unavailable'])
export const notReadyAnswer = z.object({ status: z.literal('not_ready'), reason, unavailable })

type HealthAnswer = z.output<typeof liveAnswer> | z.output<typeof readyAnswer> | z.output<typeof notReadyAnswer>

export interface Health {
  live(request: Request): Promise<Response>
  ready(request: Request): Promise<Response>
}

export function createHealth(parts: {
  readonly services: Pick<Services, 'clock' | 'respond'>
  readonly queue: Pick<CommitQueue, 'state'>
  readonly version: string
  readonly isDraining: () => boolean
  readonly availability: Pick<Availability, 'unavailable'>
}): Health {
  const { services, queue } = parts
  const startedMs = services.clock.nowMs()
  const versioned = createApiVersioning(services.clock)
  return {
    live: (request) =>
      versioned(request, async () => {
        const uptime = Math.floor((services.clock.nowMs() - startedMs) / 1000)
        return json(200, { status: 'ok', version: parts.version, uptime_seconds: uptime })
      }),
    async ready() {
      const why = notReadyReason()
      const away = [...parts.availability.unavailable()]
      return why === null
        ? json(200, { status: 'ready', unavailable: away })
        : json(503, { status: 'not_ready', reason: why, unavailable: away })
    },
  }

  function notReadyReason(): z.output<typeof reason> | null {
    if (parts.isDraining()) return 'shutting_down'
    const { busySinceMs } = queue.state()
    return busySinceMs !== null && services.clock.nowMs() - busySinceMs > STORE_AWAY_MS ? 'store_unavailable' : null
  }

  function json(status: number, body: HealthAnswer): Response {
    return services.respond(
      status,
      { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' },
      JSON.stringify(body),
    )
  }
}
