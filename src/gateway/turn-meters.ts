// What /metrics says of turns: counted in memory as each one ends, some additions a turn, and printed when somebody asks. Names are
// those of OpenTelemetry's gen_ai conventions where they have one.
import type { TurnClosed, TurnRefused } from '../store/traces.ts'
import { modelFamilies, modelLabels, type ModelTotals } from './model-families.ts'
import { createCounts, createHistogram, type Family, type Histogram, type Sample } from './prometheus.ts'
import type { TraceWatcher } from './watched-traces.ts'

export interface TurnMeters extends TraceWatcher {
  readonly families: readonly Family[]
}

/** Seconds, as the conventions ask; an answer of a large model takes longer than their last one. */
const durationBounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92, 163.84, 327.68]
const firstChunkBounds = [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60]

/** A client may ask for any name: beyond so many models, the rest is one. */
const MODELS = 200

interface ModelMeter extends ModelTotals {
  readonly duration: Histogram
  readonly firstChunk: Histogram
  readonly tokens: Record<keyof ModelTotals['tokens'], number>
  costNanoUsd: number
  unpricedCalls: number
}

export function createTurnMeters(): TurnMeters {
  const turns = createCounts()
  const refusals = createCounts()
  const attempts = createCounts()
  const errors = createCounts()
  const models = new Map<string, ModelMeter>()

  function meterOf(provider: string, model: string): ModelMeter {
    const id = models.has(model) || models.size < MODELS ? model : 'other'
    let meter = models.get(id)
    if (meter === undefined) {
      const [providerName, modelName] = id === 'other' ? [id, id] : [provider, model.slice(provider.length + 1)]
      meter = {
        labels: modelLabels(providerName, modelName),
        duration: createHistogram(durationBounds),
        firstChunk: createHistogram(firstChunkBounds),
        tokens: { input: 0, cache_read: 0, cache_creation: 0, output: 0 },
        costNanoUsd: 0,
        unpricedCalls: 0,
      }
      models.set(id, meter)
    }
    return meter
  }

  const perModel = (samplesOf: (meter: ModelMeter) => readonly Sample[]) => () => [...models.values()].flatMap(samplesOf)

  return {
    closed({ call, costNanoUsd, turn }: TurnClosed) {
      const { status, inbound_shape } = turn.payload
      turns.add({ status, inbound_shape: inbound_shape ?? 'in-process' })
      if (call === null) return
      const { payload } = call
      const meter = meterOf(payload.provider, payload.model)
      meter.duration.observe(payload.latency_ms / 1000)
      if (costNanoUsd === null) meter.unpricedCalls += 1
      else meter.costNanoUsd += costNanoUsd
      for (const entry of payload.attempt_log) {
        attempts.add({ gen_ai_provider_name: entry.provider })
        if (entry.error_class !== null) errors.add({ gen_ai_provider_name: entry.provider, error_type: entry.error_class })
      }
      if (call.type === 'llm.call_failed') return
      const { tokens } = meter
      tokens.input += call.payload.input_tokens
      tokens.cache_read += call.payload.cached_input_tokens
      tokens.cache_creation += call.payload.cache_creation_input_tokens
      tokens.output += call.payload.output_tokens
      if (payload.stream && call.payload.ttft_ms !== null) meter.firstChunk.observe(call.payload.ttft_ms / 1000)
    },
    refused({ turn }: TurnRefused) {
      const { status, inbound_shape, error_code } = turn.payload
      turns.add({ status, inbound_shape: inbound_shape ?? 'in-process' })
      refusals.add({ code: error_code ?? 'other' })
    },
    families: [
      {
        name: 'metis_turns_total',
        type: 'counter',
        help: 'Turns that ended, by status: ok, failed, cancelled, interrupted or refused.',
        samples: turns.samples,
      },
      {
        name: 'metis_turns_refused_total',
        type: 'counter',
        help: "Turns that never went upstream, by code: quota_exceeded is a cap's.",
        samples: refusals.samples,
      },
      ...modelFamilies(() => models.values()),
      {
        name: 'gen_ai_client_operation_duration_seconds',
        type: 'histogram',
        help: 'From the arrival of a request to the end of its answer, retries and fallbacks included.',
        samples: perModel(({ labels, duration }) => duration.samples(labels)),
      },
      {
        name: 'gen_ai_client_operation_time_to_first_chunk_seconds',
        type: 'histogram',
        help: 'From the arrival of a request to the first content of its answer; only of answers that stream.',
        samples: perModel(({ labels, firstChunk }) => firstChunk.samples(labels)),
      },
      {
        name: 'metis_upstream_attempts_total',
        type: 'counter',
        help: 'Requests sent to providers, retries and fallbacks included.',
        samples: attempts.samples,
      },
      {
        name: 'metis_upstream_errors_total',
        type: 'counter',
        help: 'Requests to providers that came to nothing, by class of error; CANCELLED: the client left.',
        samples: errors.samples,
      },
    ],
  }
}
