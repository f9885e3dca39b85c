// `GET /metrics`: what an operator watches, as Prometheus text (docs/observability.md lists the names). Of this process since it
// started; only caps are asked of the database, for other processes spend from them too.
import type { Engine } from '../engine/engine.ts'
import type { Availability } from '../routing/availability.ts'
import type { Services } from '../services.ts'
import type { CommitQueue } from '../store/commit-queue.ts'
import type { CapGauges } from './cap-gauges.ts'
import { buildInfo, counter, gauge, printFamilies, prometheusType, type Counts, type Family, type Sample } from './prometheus.ts'
import type { SampledEvents } from './sampled-events.ts'
import type { SpanExport } from './span-export.ts'
import type { TurnMeters } from './turn-meters.ts'

export interface MetricsParts {
  readonly services: Pick<Services, 'clock' | 'respond' | 'config'>
  readonly version: string
  readonly engine: Engine
  readonly queue: CommitQueue
  readonly availability: Pick<Availability, 'unavailable'>
  readonly meters: TurnMeters
  readonly caps: CapGauges
  /** null = none are sent. */
  readonly spans: Pick<SpanExport, 'exported' | 'dropped'> | null
  readonly errorAnswers: Counts
  readonly failures: SampledEvents
  readonly limited: SampledEvents
  /** Turns that could be put neither in the store nor in the spool. */
  readonly untracedTurns: () => number
}

export function createMetrics(parts: MetricsParts): () => Promise<Response> {
  const { services, engine, queue } = parts
  const { clock } = services
  const startedMs = clock.nowMs()
  const families: readonly Family[] = [
    buildInfo(parts.version),
    gauge('metis_uptime_seconds', 'Seconds since this process started.', () => Math.floor((clock.nowMs() - startedMs) / 1000)),
    gauge('metis_turns_running', 'Turns that are with a provider now.', () => engine.running),
    ...parts.meters.families,
    ...parts.caps.families,
    {
      name: 'metis_provider_available',
      type: 'gauge',
      help: '1, or 0 while all of the provider is kept away from.',
      samples: () => providers(parts),
    },
    {
      name: 'metis_model_available',
      type: 'gauge',
      help: '0 for each model that alone is kept away from; of the others nothing is said.',
      samples: () => modelsAway(parts),
    },
    {
      name: 'metis_error_answers_total',
      type: 'counter',
      help: "Requests that were answered with an error, by the code in x-metis-error, the provider's errors included.",
      samples: parts.errorAnswers.samples,
    },
    counter('metis_auth_failures_total', 'Requests whose gateway key was refused.', () => parts.failures.count),
    counter(
      'metis_rate_limited_total',
      'Requests beyond what their key may ask in a minute, or at once.',
      () => parts.limited.count,
    ),
    gauge('metis_store_waiting_units', 'Units of rows that wait for the store.', () => queue.state().waiting),
    gauge('metis_store_waiting_bytes', 'How large they are, about.', () => queue.state().waitingBytes),
    gauge('metis_store_oldest_wait_seconds', 'How long the oldest of them waits.', () => queue.state().oldestMs / 1000),
    counter('metis_spans_exported_total', 'Spans that the OTLP endpoint took.', () => parts.spans?.exported ?? 0),
    counter(
      'metis_spans_dropped_total',
      'Spans that the OTLP endpoint did not take, or that found the queue full.',
      () => parts.spans?.dropped ?? 0,
    ),
    counter('metis_untraced_turns_total', 'Turns that could be put neither in the store nor in the spool.', parts.untracedTurns),
  ]
  return async () => {
    await parts.caps.refresh()
    return services.respond(200, { 'content-type': prometheusType }, printFamilies(families))
  }
}

function providers({ services, availability }: MetricsParts): readonly Sample[] {
  const away = new Set(availability.unavailable().flatMap(({ provider, model }) => (model === null ? provider : [])))
  return services.config.providers.map(({ name }) => ({
    labels: { gen_ai_provider_name: name },
    value: away.has(name) ? 0 : 1,
  }))
}

function modelsAway({ availability }: MetricsParts): readonly Sample[] {
  return availability.unavailable().flatMap(({ provider, model }) => {
    if (model === null) return []
    return { labels: { gen_ai_provider_name: provider, gen_ai_request_model: model.slice(provider.length + 1) }, value: 0 }
  })
}
