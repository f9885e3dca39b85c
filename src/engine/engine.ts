// A turn from request to answer: route → admit → T1 → attempts → account. No HTTP in here: doors, chat and sessions use it alike.
import { formatModelRef, type ModelRef } from '../catalog/models.ts'
import type { PriceCatalog } from '../catalog/prices.ts'
import { GatewayError } from '../ir/errors.ts'
import type { StreamChunk } from '../ir/stream.ts'
import { asGatewayError } from '../providers/failures.ts'
import type { Provider, ProviderAnswer } from '../providers/provider.ts'
import { fallbacksOf, route } from '../routing/router.ts'
import type { RouteRequest } from '../routing/route-request.ts'
import type { RoutingTables } from '../routing/tables.ts'
import type { Clock, Logger } from '../services.ts'
import { auditEvent } from '../store/audit.ts'
import type { AuditType } from '../store/events.ts'
import type { ExceededQuota, Reservation } from '../store/quotas.ts'
import type { TraceStore } from '../store/traces.ts'
import { account } from './account.ts'
import { admit, type Limit } from './admit.ts'
import { attempt, type AttemptLog, type AttemptParts } from './attempts.ts'
import { identityOf } from './identity.ts'
import type { Brake } from './brake.ts'
import type { Pass, RateKeeper } from './rates.ts'
import { quotaExceeded, reserve } from './reserve.ts'
import { clientGone, shuttingDown, tooManyTurns } from './refusals.ts'
import { createRetryBudget, type RetryBudget } from './retry.ts'
import { routeDecided, turnRefused, type TurnHead } from './turn-events.ts'
import { questionOf, sessionOf, type TurnRequest } from './turn-request.ts'
import { logTurn } from './turn-line.ts'
import { createTurn, type Turn } from './turn.ts'

export interface TurnAnswer {
  readonly turn: Turn
  readonly model: ModelRef
  readonly answer: ProviderAnswer
  /** What the client gets; the turn is on record before its last chunk is out. */
  readonly chunks: AsyncIterable<StreamChunk>
  /** The client is gone, or must go: stops upstream and closes the turn. */
  readonly cancel: () => void
}

export interface Engine {
  /** @throws GatewayError; the turn is then already on record as refused or failed, but for `overloaded`: too many are running */
  run(turn: TurnRequest): Promise<TurnAnswer>
  /** Turns that are upstream now, or on their way there. */
  readonly running: number
  /** Ends what is still running as INTERRUPTED: the last step of a shutdown. */
  interruptAll(): Promise<void>
  /** Gives back the place of a turn whose request the platform has ended without a word. On record it is closed by the sweep. */
  forget(turnId: string): void
}

export interface EngineParts {
  readonly routing: RoutingTables
  readonly providers: ReadonlyMap<string, Provider>
  readonly prices: PriceCatalog
  readonly traces: TraceStore
  readonly limits: readonly Limit[]
  readonly rates: RateKeeper
  readonly brake: Pick<Brake, 'spent'>
  readonly clock: Clock
  readonly random: () => number
  readonly nextId: () => string
  readonly redact: (text: string) => string
  readonly logger: Logger
  /** Told when a turn has given back what it held of its caps. */
  readonly onSettled: (reservation: Reservation) => void
}

/** The models to try, and what the turn holds of its caps meanwhile. */
interface Held {
  readonly reservation?: Reservation | undefined
  readonly candidates: readonly ModelRef[]
}

/** A turn on record as begun. */
interface Entered {
  readonly candidates: readonly ModelRef[]
  readonly turn: Turn
  readonly log: AttemptLog
  readonly abort: AbortController
}

export function createEngine(parts: EngineParts): Engine {
  const running = new Map<string, { turn: Turn; abort: AbortController; leave: () => void }>()
  let entering = 0
  const budgets = new Map<string, RetryBudget>()
  const attemptParts: AttemptParts = {
    providerOf: (name) => parts.providers.get(name),
    budgetOf(provider) {
      let budget = budgets.get(provider)
      if (budget === undefined) budgets.set(provider, (budget = createRetryBudget(() => parts.clock.nowMs())))
      return budget
    },
    clock: parts.clock,
    random: parts.random,
    maxRetries: parts.routing.config.limits.maxRetries,
    onSuccess: (model) => parts.routing.availability.succeeded(model),
    onFailure(model, error) {
      const trouble = parts.routing.availability.failed(model, error)
      if (trouble !== null) reportDegraded(model, trouble, error)
    },
  }

  return {
    get running() {
      return running.size + entering
    },
    async interruptAll() {
      const closing = [...running.values()].map(({ turn, abort }) => {
        abort.abort(shuttingDown())
        return turn.close('interrupted', shuttingDown())
      })
      await Promise.all(closing)
    },
    forget(turnId) {
      running.get(turnId)?.leave()
      running.delete(turnId)
    },
    run,
  }

  async function run(asked: TurnRequest): Promise<TurnAnswer> {
    if (running.size + entering >= parts.routing.config.limits.concurrentTurns) throw tooManyTurns()
    // Counted from here: those that ask in one moment must not all find the place free.
    entering += 1
    const entered = await letIn(asked).finally(() => {
      entering -= 1
    })
    return await answerOf(asked, entered)
  }

  /** @throws GatewayError; the turn is on record as refused, unless its key asked too fast: that is counted and sampled */
  async function letIn(asked: TurnRequest): Promise<Entered> {
    const { rates } = asked.principal
    if (rates === null) return enter(asked, null)
    const pass = await parts.rates.enter(rates, asked.request.traits.estimatedInputTokens)
    try {
      return await enter(asked, pass)
    } catch (error) {
      pass.leave(0)
      throw error
    }
  }

  async function enter(asked: TurnRequest, pass: Pass | null): Promise<Entered> {
    const { request, principal, turnId } = asked
    const head: TurnHead = {
      id: turnId,
      sessionId: asked.attribution.clientSessionId ?? turnId,
      identity: identityOf(principal, asked.attribution, asked.inboundShape),
      requestedModel: request.model,
      stream: request.stream,
      traceParent: asked.traceParent,
      nextId: parts.nextId,
    }
    void asked.work?.then((work) => {
      if (work !== null) Object.assign(head.identity, work)
    })
    const question = questionOf(asked)
    const waiting = parts.routing.prepare(question)
    if (waiting !== null) await waiting
    const routed = route(question, parts.routing)
    const refusal =
      routed.target === null
        ? routed.refusal
        : await admit({ principal, request, target: routed.target, sessionId: asked.attribution.clientSessionId }, parts.limits)
    const elapsedMs = parts.clock.nowMs() - asked.receivedMs
    const refuse = async (error: GatewayError) => {
      const event = routeDecided(head, routed, error, elapsedMs, parts.clock.nowUs())
      const refused = turnRefused(head, event, error, elapsedMs)
      await parts.traces.refuseTurn(event, refused)
      logTurn(parts.logger, refused, null, head.requestedModel)
      return error
    }
    if (routed.target === null) throw await refuse(routed.refusal)
    if (refusal !== null) throw await refuse(refusal)
    const subscription = parts.providers.get(routed.target.provider)?.takesOwn?.(request) === true
    const holding = hold(question, asked, routed.target, subscription)
    const held = holding instanceof Promise ? await holding : holding
    if (held instanceof GatewayError) throw await refuse(held)

    // T1: nothing goes upstream before it is on record that it will.
    const event = routeDecided(head, routed, null, elapsedMs, parts.clock.nowUs())
    const { deferred, exceeded } = await parts.traces.openTurn(
      {
        turnId,
        route: event,
        provider: routed.target.provider,
        model: formatModelRef(routed.target),
        requestedModel: request.model,
        stream: request.stream,
        startedUs: event.timestampUs,
        estimatedInputTokens: request.traits.estimatedInputTokens,
        pricingVersion: parts.prices.version,
        reservation: held.reservation,
        subscription,
      },
      { mustCommit: principal.caps.length > 0 && !subscription },
    )
    if (exceeded !== undefined) {
      const error = quotaExceeded(exceeded, held.reservation?.nanoUsd ?? 0, event.timestampUs)
      await Promise.all([refuse(error), reportExceeded(exceeded, error, head)])
      throw error
    }
    const log: AttemptLog = { entries: [], model: routed.target }
    const abort = new AbortController()
    const turn = createTurn({
      head,
      routeEventId: event.id,
      estimatedInputTokens: request.traits.estimatedInputTokens,
      log,
      startedMs: asked.receivedMs,
      clock: parts.clock,
      prices: parts.prices,
      traces: parts.traces,
      logger: parts.logger,
      redact: parts.redact,
      onClosed: (tokens, end) => {
        running.delete(turnId)
        pass?.leave(tokens)
        parts.brake.spent(principal.keyId, asked.attribution.clientSessionId, turn.costNanoUsd ?? 0)
        const { patterns } = parts.routing
        if (patterns !== null && end !== 'interrupted') {
          const learned = { turnId, session: sessionOf(asked), model: formatModelRef(log.model), costNanoUsd: turn.costNanoUsd }
          patterns.learn(question, { ...learned, status: end })
        }
      },
      reservation: held.reservation,
      subscription,
      onSettled: parts.onSettled,
    })
    turn.deferred = deferred
    // What it used nobody knows: what was expected stands.
    running.set(turnId, { turn, abort, leave: () => pass?.leave(request.traits.estimatedInputTokens) })
    return { candidates: held.candidates, turn, log, abort }
  }

  async function answerOf(asked: TurnRequest, { candidates, turn, log, abort }: Entered): Promise<TurnAnswer> {
    // Also closes the turn of an answer whose generator nobody ever starts: such a generator runs no finally.
    const cancel = () => {
      abort.abort(clientGone())
      void turn.close('cancelled')
    }
    asked.onClientGone(cancel)
    try {
      const attempted = await attempt(candidates, asked.request, log, attemptParts, abort.signal)
      turn.upstream = { requestId: requestIdOf(attempted.answer.headers), warnings: attempted.answer.warnings }
      return {
        turn,
        model: attempted.model,
        answer: attempted.answer,
        chunks: account(turn, attempted.chunks, abort.signal),
        cancel,
      }
    } catch (thrown) {
      const error = asGatewayError(thrown)
      await turn.close(abort.signal.aborted ? 'cancelled' : 'failed', error)
      throw error
    }
  }

  /** What the turn takes of its caps; nothing is asked where there is none. */
  function hold(
    question: RouteRequest,
    asked: TurnRequest,
    target: ModelRef,
    subscription: boolean,
  ): Held | Promise<Held | GatewayError> {
    const { principal, request } = asked
    // A turn is the login's bill or ours from its first model to its last: a fallback makes no cash of it, nor of cash a login's.
    const candidates = [target, ...fallbacksOf(target, question, parts.routing)].filter(
      ({ provider }) => (parts.providers.get(provider)?.takesOwn?.(request) === true) === subscription,
    )
    if (subscription) return { candidates }
    if (principal.caps.length === 0) return { candidates }
    return reserve(principal, request, candidates, parts.clock.nowUs(), { prices: parts.prices, models: parts.routing.models })
  }

  function reportDegraded({ provider, name }: ModelRef, trouble: string, error: GatewayError): void {
    const status = error.details.upstream?.status
    parts.logger.log('error', `kept away from for now: ${trouble}`, { provider, model: name, status })
    void audit('provider.degraded', { provider, model: `${provider}:${name}`, reason: error.code, trouble })
  }

  async function reportExceeded(exceeded: ExceededQuota, error: GatewayError, { id, identity }: TurnHead): Promise<void> {
    const { gateway_key_id, user_id, team_id } = identity
    await audit('gateway.quota_exceeded', { ...error.details.fields, turn_id: id, gateway_key_id, user_id, team_id })
  }

  async function audit(type: AuditType, payload: Readonly<Record<string, unknown>>): Promise<void> {
    const stamp = { id: parts.nextId(), timestampUs: parts.clock.nowUs() }
    await parts.traces.append([auditEvent(type, payload, stamp)]).catch((fault: unknown) => {
      parts.logger.log('error', 'an audit event could not be recorded', { type, fault: String(fault) })
    })
  }
}

function requestIdOf(headers: Headers): string | null {
  return headers.get('request-id') ?? headers.get('x-request-id')
}
