// `GET /metrics`: what an operator watches, as Prometheus text. Gauges of this process only; spend and usage are analytics'.
import type { Engine } from '../engine/engine.ts'
import type { Services } from '../services.ts'
import type { CommitQueue } from '../store/commit-queue.ts'
import type { SampledEvents } from './sampled-events.ts'

export interface MetricsParts {
  readonly services: Pick<Services, 'clock' | 'respond'>
  readonly engine: Engine
  readonly queue: CommitQueue
  readonly failures: SampledEvents
  readonly limited: SampledEvents
  /** Turns that could be put neither in the store nor in the spool. */
  readonly untracedTurns: () => number
}

interface Metric {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly help: string
  readonly value: () => number
}

export function createMetrics({ services, engine, queue, failures, limited, untracedTurns }: MetricsParts): () => Response {
  const startedMs = services.clock.nowMs()
  const metrics: readonly Metric[] = [
    {
      name: 'metis_uptime_seconds',
      type: 'gauge',
      help: 'Seconds since this process started.',
      value: () => Math.floor((services.clock.nowMs() - startedMs) / 1000),
    },
    { name: 'metis_turns_running', type: 'gauge', help: 'Turns that are with a provider now.', value: () => engine.running },
    {
      name: 'metis_auth_failures_total',
      type: 'counter',
      help: 'Requests whose gateway key was refused.',
      value: () => failures.count,
    },
    {
      name: 'metis_rate_limited_total',
      type: 'counter',
      help: 'Requests beyond what their key may ask in a minute, or at once.',
      value: () => limited.count,
    },
    {
      name: 'metis_store_waiting_units',
      type: 'gauge',
      help: 'Units of rows that wait for the store.',
      value: () => queue.state().waiting,
    },
    {
      name: 'metis_untraced_turns_total',
      type: 'counter',
      help: 'Turns that could be put neither in the store nor in the spool.',
      value: untracedTurns,
    },
  ]
  return () => services.respond(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, metrics.map(textOf).join(''))
}

function textOf({ name, type, help, value }: Metric): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${name} ${value()}\n`
}
