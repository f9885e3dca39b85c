// Spans of turns on their way to a collector, over OTLP/HTTP as JSON. Behind everybody's back: a turn leaves a reference in a bounded
// queue and goes on; what finds the queue full, or a collector that stays away, is dropped and counted.
import type { Config } from '../config/schema.ts'
import type { Services, UpstreamResponse } from '../services.ts'
import type { TurnClosed } from '../store/traces.ts'
import { attributesOf, spanOf, type Span } from './turn-span.ts'
import type { TraceWatcher } from './watched-traces.ts'

export interface SpanExport extends TraceWatcher {
  readonly exported: number
  readonly dropped: number
  /** The process is about to end: what waits is sent at once, and not again. */
  hurry(): void
}

const QUEUE = 2048
/** So many are printed at a time: about a millisecond of the event loop. */
const BATCH = 128
/** What comes within it goes together. */
const GATHER_MS = 1000
const RETRY_WAITS_MS = [1000, 5000] as const
const TIMEOUT_MS = 5000

export interface SpanExportParts {
  readonly config: NonNullable<Config['otlp']>
  readonly services: Pick<Services, 'send' | 'clock' | 'logger' | 'background' | 'instanceId'>
  readonly version: string
}

export function createSpanExport({ config, services, version }: SpanExportParts): SpanExport {
  const { clock, logger } = services
  const waiting: TurnClosed[] = []
  const hurried = new AbortController()
  let sending = false
  let exported = 0
  let dropped = 0

  async function flush(): Promise<void> {
    try {
      await pause(GATHER_MS)
      await sendAll()
    } catch (error) {
      logger.log('error', 'spans could not be sent', { error: String(error) })
    } finally {
      sending = false
    }
  }

  async function sendAll(): Promise<void> {
    while (waiting.length > 0) {
      const spans = waiting.splice(0, BATCH).flatMap((turn) => spanOf(turn) ?? [])
      if (spans.length === 0) continue
      const problem = await deliver(JSON.stringify(envelopeOf(spans)))
      if (problem === null) {
        exported += spans.length
        continue
      }
      dropped += spans.length
      logger.log('warn', 'spans were dropped: the OTLP endpoint does not take them', { spans: spans.length, problem })
    }
  }

  /** What went wrong in the end; null = nothing. */
  async function deliver(body: string): Promise<string | null> {
    for (const waitMs of [...RETRY_WAITS_MS, null]) {
      const { problem, again } = await post(body)
      if (problem === null || !again || waitMs === null || hurried.signal.aborted) return problem
      await pause(waitMs)
    }
    return null
  }

  async function post(body: string): Promise<{ readonly problem: string | null; readonly again: boolean }> {
    try {
      const request = {
        url: `${config.endpoint}/v1/traces`,
        method: 'POST',
        headers: { ...config.headers, 'content-type': 'application/json' },
        body,
        connectMs: TIMEOUT_MS,
        firstByteMs: TIMEOUT_MS,
        idleMs: TIMEOUT_MS,
      } as const
      const { status } = await consumed(await services.send(request, new AbortController().signal))
      if (status >= 200 && status < 300) return { problem: null, again: false }
      return { problem: `status ${status}`, again: [429, 502, 503, 504].includes(status) }
    } catch (error) {
      return { problem: String(error), again: true }
    }
  }

  const pause = (ms: number): Promise<void> => clock.sleep(ms, hurried.signal).catch(() => undefined)

  function envelopeOf(spans: readonly Span[]) {
    const resource = attributesOf({
      'service.name': config.serviceName,
      'service.version': version,
      'service.instance.id': services.instanceId,
    })
    return { resourceSpans: [{ resource: { attributes: resource }, scopeSpans: [{ scope: { name: 'metis-gateway', version }, spans }] }] } // prettier-ignore
  }

  return {
    get exported() {
      return exported
    },
    get dropped() {
      return dropped
    },
    hurry: () => hurried.abort(),
    closed(turn) {
      if (turn.traceParent?.sampled === false) return
      if (waiting.length >= QUEUE) {
        dropped += 1
        return
      }
      waiting.push(turn)
      if (sending) return
      sending = true
      services.background(flush())
    },
  }
}

/** What it answers is not looked at; its connection is used again once that is read, which a short answer is worth. */
async function consumed(response: UpstreamResponse): Promise<UpstreamResponse> {
  let bytes = 0
  for await (const chunk of response.body) {
    bytes += chunk.length
    if (bytes > 65_536) break
  }
  return response
}
