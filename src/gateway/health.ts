// `/healthz`: the process lives. `/readyz`: it can do its work, which is to put turns on record; and which providers it keeps away
// from, which makes nothing unready: there may be others, and only a request tells when they are well again.
import type { CommitQueue } from '../store/commit-queue.ts'
import type { Availability } from '../routing/availability.ts'
import type { Services } from '../services.ts'
import { createApiVersioning } from './api-version.ts'

/** A store that has refused every commit for this long is away. */
const STORE_AWAY_MS = 1000

export interface Health {
  live(request: Request): Promise<Response>
  ready(request: Request): Promise<Response>
}

export function createHealth(parts: {
  readonly services: Services
  readonly queue: CommitQueue
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
      const reason = notReadyReason()
      const unavailable = parts.availability.unavailable()
      return reason === null
        ? json(200, { status: 'ready', unavailable })
        : json(503, { status: 'not_ready', reason, unavailable })
    },
  }

  function notReadyReason(): string | null {
    if (parts.isDraining()) return 'shutting_down'
    const { busySinceMs } = queue.state()
    return busySinceMs !== null && services.clock.nowMs() - busySinceMs > STORE_AWAY_MS ? 'store_unavailable' : null
  }

  function json(status: number, body: unknown): Response {
    return services.respond(
      status,
      { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' },
      JSON.stringify(body),
    )
  }
}
