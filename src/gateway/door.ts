// A door: one inbound wire. Request in, turn through the engine, the same wire out; every error in the shape's own envelope.
import type { Engine, TurnAnswer } from '../engine/engine.ts'
import { tooManyTurns } from '../engine/refusals.ts'
import { GatewayError, invalidValue } from '../ir/errors.ts'
import type { LanguageModelRequest } from '../ir/request.ts'
import { foldEvents } from '../ir/response.ts'
import type { StreamEvent } from '../ir/stream.ts'
import { usdOf } from '../lib/money.ts'
import { traceParentOf } from '../lib/trace-parent.ts'
import type { AnswerContext } from '../protocols/protocol.ts'
import type { StreamChunk } from '../ir/stream.ts'
import type { Services } from '../services.ts'
import type { MessageLog } from '../store/message-log.ts'
import { addWarnings, answerHeaders } from './answer-headers.ts'
import { attributionOf, workBehind } from './attribution.ts'
import type { Authenticate } from './authenticate.ts'
import type { RenderError } from './error-answer.ts'
import { loggedMessages } from './logged-messages.ts'
import { withOwnCredential } from './own-credential.ts'
import type { Wire } from './wire.ts'

export interface DoorParts {
  readonly services: Services
  readonly engine: Engine
  readonly authenticate: Authenticate
  readonly nextId: () => string
  readonly renderError: RenderError
  /** For keys with `log_messages`. */
  readonly messages: MessageLog
  /** Spans are sent: the client's own span is then asked for. */
  readonly traced: boolean
}

export type Door = (request: Request) => Promise<Response>

/** `POST` of a model request in one wire. */
export function createDoor(wire: Wire, parts: DoorParts): Door {
  const { services, engine } = parts
  return async (request) => {
    const receivedMs = services.clock.nowMs()
    const turnId = parts.nextId()
    try {
      const principal = await parts.authenticate(request)
      // Before the body is read; the engine looks again.
      if (engine.running >= services.config.limits.concurrentTurns) throw tooManyTurns()
      const decoded = await decode(request)
      const said = attributionOf(request.headers, decoded.traits)
      const work = workBehind(said, services.workOf)
      const later = work instanceof Promise ? work : undefined
      const answer = await engine.run({
        request: decoded,
        principal,
        attribution: work === null || work instanceof Promise ? said : { ...said, ...work },
        work: later,
        inboundShape: wire.shape,
        turnId,
        traceParent: parts.traced ? traceParentOf(request.headers.get('traceparent')) : undefined,
        receivedMs,
        onClientGone: (gone) => services.onClientGone(request, gone),
      })
      return await render(decoded, principal.logMessages ? logged(decoded, answer, turnId) : answer, turnId)
    } catch (thrown) {
      return parts.renderError(thrown, wire, turnId)
    }
  }

  function logged(request: LanguageModelRequest, answer: TurnAnswer, turnId: string): TurnAnswer {
    return { ...answer, chunks: loggedMessages(answer.chunks, request, turnId, parts.messages) }
  }

  async function decode(request: Request): Promise<LanguageModelRequest> {
    requireJson(request.headers)
    const bytes = await services.readBody(request, services.config.limits.bodyBytes)
    const decoded = wire.server.decodeRequest(bytes, request.headers, services.byteText)
    requireModelName(decoded.model)
    return withOwnCredential(withQuery(decoded, request.url), request.headers)
  }

  async function render(request: LanguageModelRequest, answer: TurnAnswer, turnId: string): Promise<Response> {
    const context: AnswerContext = {
      turnId,
      createdS: Math.floor(services.clock.nowUs() / 1_000_000),
      model: request.model,
      includeUsage: request.includeUsage,
      stream: request.stream,
      estimatedInputTokens: request.traits.estimatedInputTokens,
    }
    const headers = answerHeaders(turnId, answer)
    headers[wire.requestIdHeader] ??= `req_${turnId}`
    if (request.stream) return renderStream(answer, context, headers)
    const body = await wholeBody(answer, context)
    addWarnings(headers, answer)
    const { costNanoUsd } = answer.turn
    if (costNanoUsd !== null) headers['x-metis-cost-usd'] = String(usdOf(costNanoUsd))
    headers['content-type'] = 'application/json'
    return services.respond(200, headers, body)
  }

  function renderStream(answer: TurnAnswer, context: AnswerContext, headers: Record<string, string>): Response {
    headers['content-type'] = 'text/event-stream; charset=utf-8'
    headers['cache-control'] = 'no-cache'
    headers['x-accel-buffering'] = 'no'
    return services.respond(200, headers, {
      // A whole answer to a client that asked for a stream is rendered as one; its bytes are no stream.
      chunks: wire.server.encodeStream(answer.answer.streamed ? answer.chunks : meaningOnly(answer.chunks), context),
      keepAlive: wire.server.keepAlive,
      keepAliveMs: services.config.keepAliveMs,
      cancel: answer.cancel,
    })
  }

  /** Same shape, answered whole: the provider's bytes. Anything else is folded and printed. */
  async function wholeBody(answer: TurnAnswer, context: AnswerContext): Promise<string | Uint8Array> {
    const chunks: StreamChunk[] = []
    for await (const chunk of answer.chunks) chunks.push(chunk)
    const [only] = chunks
    if (only?.verbatim?.shape === wire.shape && chunks.length === 1 && !answer.answer.streamed) return only.verbatim.bytes
    const events: StreamEvent[] = []
    for (const chunk of chunks) events.push(...chunk.events())
    return wire.server.encodeResponse(foldEvents(events), context)
  }
}

async function* meaningOnly(chunks: AsyncIterable<StreamChunk>): AsyncGenerator<StreamChunk> {
  for await (const chunk of chunks) yield { meter: chunk.meter, events: () => chunk.events() }
}

/** Absent is fine: the vendors take it too. */
export function requireJson(headers: Headers): void {
  const type = headers.get('content-type')
  if (type === null || /^\s*application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(type)) return
  throw new GatewayError('invalid_request', 'unsupported_media_type', 'Send the body as content-type: application/json.')
}

/** Longer than any name there is; one of a megabyte would come back in a header. */
const MODEL_NAME_LIMIT = 200

/** '' is fine: routing then decides. */
export function requireModelName(model: string): void {
  if (model.length > MODEL_NAME_LIMIT) {
    throw invalidValue('model', `\`model\` must be a name of at most ${MODEL_NAME_LIMIT} characters`)
  }
}

/**
 * Claude Code and the SDKs' beta namespace post to `/v1/messages?beta=true`, and the provider is to hear it. Nothing else of a
 * query goes up: it may hold a credential.
 */
export function withQuery(request: LanguageModelRequest, url: string): LanguageModelRequest {
  const at = url.indexOf('?')
  if (at < 0 || new URLSearchParams(url.slice(at)).get('beta') !== 'true') return request
  return { ...request, source: { ...request.source, query: '?beta=true' } }
}
