// Gets an answer: retries, Retry-After, the retry budget, fallbacks. It pulls the first chunk, so that a status is only sent
// to the client when there is an answer; after that nothing is tried again.
import { formatModelRef, type ModelRef } from '../catalog/models.ts'
import { GatewayError } from '../ir/errors.ts'
import type { LanguageModelRequest } from '../ir/request.ts'
import type { StreamChunk } from '../ir/stream.ts'
import { asGatewayError, upstreamBadResponse } from '../providers/failures.ts'
import type { Provider, ProviderAnswer } from '../providers/provider.ts'
import type { Clock } from '../services.ts'
import type { AttemptEntry } from '../store/events.ts'
import { readChunk } from './read-chunk.ts'
import { isFallbackWorthy, isRetryable, isStaleConnection, isUntranslatable, waitMsOf, type RetryBudget } from './retry.ts'

export interface AttemptParts {
  readonly providerOf: (name: string) => Provider | undefined
  readonly budgetOf: (provider: string) => RetryBudget
  readonly clock: Clock
  readonly random: () => number
  /** Beyond the first attempt on each candidate. */
  readonly maxRetries: number
  /** Told of each answer and of each failure: what routing knows of who is available. */
  readonly onSuccess: (model: ModelRef) => void
  readonly onFailure: (model: ModelRef, error: GatewayError) => void
}

/** What came of the attempts so far: filled while they run, so that a turn cut in the middle still knows. */
export interface AttemptLog {
  readonly entries: AttemptEntry[]
  model: ModelRef
}

export interface Attempted {
  readonly answer: ProviderAnswer
  readonly model: ModelRef
  readonly first: StreamChunk
  /** Yields `first`, then the rest. */
  readonly chunks: AsyncIterable<StreamChunk>
}

/**
 * @param candidates the chosen model, then its fallbacks; never empty
 * @throws GatewayError the last failure, when every candidate failed; the signal's reason when it aborts
 */
export async function attempt(
  candidates: readonly ModelRef[],
  request: LanguageModelRequest,
  log: AttemptLog,
  parts: AttemptParts,
  signal: AbortSignal,
): Promise<Attempted> {
  let failure: GatewayError | null = null
  for (const model of candidates) {
    const failedModel = log.model
    log.model = model
    try {
      return await attemptOne(model, request, log, parts, signal)
    } catch (thrown) {
      const error = asGatewayError(thrown)
      if (failure !== null && !signal.aborted && isUntranslatable(error)) {
        // Nothing is wrong with the request: the model that the client chose takes it, and why that one failed is what it must hear.
        log.model = failedModel
        continue
      }
      failure = error
      if (signal.aborted || !isFallbackWorthy(failure)) throw failure
    }
  }
  throw failure ?? new GatewayError('other', 'routing_failed', 'There was no model to try.')
}

async function attemptOne(
  model: ModelRef,
  request: LanguageModelRequest,
  log: AttemptLog,
  parts: AttemptParts,
  signal: AbortSignal,
): Promise<Attempted> {
  const provider = parts.providerOf(model.provider)
  if (provider === undefined)
    throw new GatewayError('other', 'routing_failed', `The provider "${model.provider}" is not configured.`)
  const budget = parts.budgetOf(provider.name)
  let retries = 0
  let waitedMs = 0
  let sawStale = false
  let switches = 0
  budget.earn()
  for (;;) {
    const startedMs = parts.clock.nowMs()
    // On the log from its start: a turn that is cut now has made this attempt.
    const place = log.entries.push(entryOf(model, null, 'CANCELLED', 0)) - 1
    try {
      const attempted = await firstChunkOf(provider, model, request, signal)
      log.entries[place] = entryOf(model, 200, null, parts.clock.nowMs() - startedMs)
      parts.onSuccess(model)
      return attempted
    } catch (thrown) {
      const error = asGatewayError(thrown)
      const errorClass = signal.aborted ? 'CANCELLED' : error.errorClass
      log.entries[place] = entryOf(model, statusOf(error), errorClass, parts.clock.nowMs() - startedMs)
      if (signal.aborted) throw error
      if (isStaleConnection(error) && !sawStale) {
        sawStale = true
        continue
      }
      if (provider.canSwitchKey?.(error, switches) === true) {
        switches += 1
        continue
      }
      // What a client's own login may not says nothing of who else may.
      const isOwn = provider.takesOwn?.(request) === true && (error.errorClass === 'auth' || error.errorClass === 'rate_limit')
      if (!isOwn) parts.onFailure(model, error)
      if (retries >= parts.maxRetries || !isRetryable(error, retries)) throw error
      const waitMs = waitMsOf(error, retries, waitedMs, parts.random)
      if (waitMs === null || !budget.take()) throw error
      retries += 1
      waitedMs += waitMs
      await parts.clock.sleep(waitMs, signal)
    }
  }
}

async function firstChunkOf(
  provider: Provider,
  model: ModelRef,
  request: LanguageModelRequest,
  signal: AbortSignal,
): Promise<Attempted> {
  const answer = await provider.send(request, model, signal)
  const iterator = answer.chunks[Symbol.asyncIterator]()
  const head = await iterator.next()
  if (head.done === true) throw upstreamBadResponse('The provider answered with nothing.')
  try {
    const first = readChunk(head.value)
    return { answer, model, first, chunks: resumed(first, iterator) }
  } catch (thrown) {
    await iterator.return?.()
    throw thrown
  }
}

/** The whole stream again. Returning early returns the source, which closes the upstream connection. */
function resumed(first: StreamChunk, rest: AsyncIterator<StreamChunk>): AsyncIterable<StreamChunk> {
  let head: StreamChunk | null = first
  const iterator: AsyncIterator<StreamChunk> = {
    next() {
      if (head === null) return rest.next()
      const value = head
      head = null
      return Promise.resolve({ done: false, value })
    },
    async return() {
      await rest.return?.()
      return { done: true, value: undefined }
    },
  }
  return { [Symbol.asyncIterator]: () => iterator }
}

function entryOf(model: ModelRef, status: number | null, errorClass: string | null, latencyMs: number): AttemptEntry {
  return {
    provider: model.provider,
    model: formatModelRef(model),
    status,
    error_class: errorClass,
    latency_ms: roundMs(latencyMs),
  }
}

function statusOf(error: GatewayError): number | null {
  return error.details.upstream?.status ?? null
}

/** A tenth of a millisecond is finer than a clock can promise. */
function roundMs(ms: number): number {
  return Math.round(ms * 10) / 10
}
