// From a request and a script to the steps of an answer: pure, so that the HTTP server (mock-provider.ts) and the in-memory
// Send (upstream.ts) play the very same thing.
import { planAnswer, type AnswerPlan, type Question } from './answer-plan.ts'
import {
  anthropicCount,
  anthropicError,
  anthropicErrorFrame,
  anthropicFrames,
  anthropicJson,
  anthropicQuestion,
} from './anthropic-answers.ts'
import { objectOf, textOf, type JsonObject } from './json.ts'
import { openaiEmbeddings, openaiError, openaiErrorFrame, openaiFrames, openaiJson, openaiQuestion } from './openai-answers.ts'
import { responsesErrorFrame, responsesFrames, responsesJson, responsesQuestion } from './responses-answers.ts'
import type { Script } from './scripts.ts'

export type Step =
  | { readonly do: 'head'; readonly status: number; readonly headers: Readonly<Record<string, string>> }
  | { readonly do: 'write'; readonly bytes: Uint8Array }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'hold'; readonly until: Promise<unknown> }
  /** Nothing more, until the other side goes away. */
  | { readonly do: 'hang' }
  | { readonly do: 'reset' }
  /** The connection closes although the body is not at its end. */
  | { readonly do: 'close' }
  | { readonly do: 'end' }

export type Wire = 'anthropic' | 'openai' | 'openai-responses'

export interface Performance {
  readonly steps: readonly Step[]
  /** What the answer said, when there was one: what a test compares the client's view and the trace with. */
  readonly plan: AnswerPlan | null
}

/** Which wire a path belongs to; null = this mock has no such path. */
export function wireOf(path: string): Wire | null {
  if (/^(\/v1)?\/messages(\/count_tokens)?$/.test(path)) return 'anthropic'
  if (/^(\/v1)?\/responses$/.test(path)) return 'openai-responses'
  return /^(\/v1)?\/(chat\/completions|embeddings)$/.test(path) ? 'openai' : null
}

export function perform(wire: Wire, path: string, body: JsonObject, script: Script, id: string): Performance {
  const head = { ...usualHeaders(wire, id), ...script.headers }
  const json = (status: number, value: JsonObject): readonly Step[] =>
    whole(status, head, 'application/json', JSON.stringify(value))
  const status = script.status ?? 200
  if (status >= 300) {
    const refusal =
      script.body === undefined ? json(status, errorOf(wire, status, id)) : whole(status, head, 'application/json', script.body)
    return { steps: [...delay(script), ...refusal], plan: null }
  }
  const early = earlyFault(wire, script, head, id)
  if (early) return { steps: [...delay(script), ...early], plan: null }
  if (path.endsWith('/count_tokens')) return { steps: json(200, anthropicCount(body)), plan: null }
  if (path.endsWith('/embeddings')) return { steps: json(200, openaiEmbeddings(body)), plan: null }
  const question = questionOf(wire, body)
  const plan = { ...planAnswer(question), ...script.plan }
  const pieces = question.stream ? framesOf(wire, body, plan, id) : [jsonOf(wire, question.model, plan, id)]
  return { steps: [...delay(script), ...answerSteps(wire, question.stream, pieces, script, head, id)], plan }
}

function questionOf(wire: Wire, body: JsonObject): Question {
  if (wire === 'anthropic') return anthropicQuestion(body)
  return wire === 'openai' ? openaiQuestion(body) : responsesQuestion(body)
}

function delay(script: Script): readonly Step[] {
  const wait: readonly Step[] = script.delayFirstMs === undefined ? [] : [{ do: 'wait', ms: script.delayFirstMs }]
  return [...wait, ...hold(script.holdFirst)]
}

function hold(until: Promise<unknown> | undefined): readonly Step[] {
  return until === undefined ? [] : [{ do: 'hold', until }]
}

function usualHeaders(wire: Wire, id: string): Readonly<Record<string, string>> {
  return wire === 'anthropic'
    ? { 'request-id': `req_${id}`, 'anthropic-ratelimit-requests-remaining': '999' }
    : { 'x-request-id': `req_${id}`, 'x-ratelimit-remaining-requests': '999', 'openai-version': '2020-10-01' }
}

/** Faults in place of an answer. */
function earlyFault(wire: Wire, script: Script, head: Readonly<Record<string, string>>, id: string): readonly Step[] | null {
  if (script.body !== undefined) return whole(200, head, head['content-type'] ?? 'application/json', script.body)
  switch (script.fault) {
    case 'stall-first':
      return [{ do: 'hang' }]
    case 'stall-head':
      return [{ do: 'head', status: 200, headers: { ...head, 'content-type': 'text/event-stream' } }, { do: 'hang' }]
    case 'reset-first':
      return [{ do: 'reset' }]
    case 'html':
      return whole(200, head, 'text/html', '<!doctype html><html><body><h1>Welcome to nginx</h1></body></html>')
    case 'garbage':
      return whole(200, head, 'application/json', '\u0000\u0001}{ not json at all ]')
    case 'empty':
      return whole(200, head, 'application/json', '')
    case 'huge-line':
      return hugeLine(head)
    case 'redirect':
      return whole(307, { ...head, location: `/stolen?${wire}=${id}` }, 'text/plain', '')
    default:
      return null
  }
}

function hugeLine(head: Readonly<Record<string, string>>): readonly Step[] {
  const piece: Step = { do: 'write', bytes: new Uint8Array(65_536).fill(0x61) }
  const start: Step = { do: 'write', bytes: utf8('data: {"x":"') }
  const count = (17 * 1_048_576) / 65_536
  const pieces = Array.from({ length: count }, () => piece)
  return [{ do: 'head', status: 200, headers: { ...head, 'content-type': 'text/event-stream' } }, start, ...pieces, { do: 'end' }]
}

function whole(status: number, head: Readonly<Record<string, string>>, type: string, text: string): readonly Step[] {
  const bytes = utf8(text)
  const headers = { ...head, 'content-type': type, 'content-length': String(bytes.length) }
  return [{ do: 'head', status, headers }, { do: 'write', bytes }, { do: 'end' }]
}

function framesOf(wire: Wire, body: JsonObject, plan: AnswerPlan, id: string): readonly string[] {
  const model = textOf(body['model'])
  const includeUsage = objectOf(body['stream_options'])['include_usage'] === true
  if (wire === 'openai-responses') return responsesFrames(id, model, plan)
  return wire === 'anthropic' ? anthropicFrames(id, model, plan) : openaiFrames(id, model, plan, includeUsage)
}

function jsonOf(wire: Wire, model: string, plan: AnswerPlan, id: string): string {
  if (wire === 'openai-responses') return JSON.stringify(responsesJson(id, model, plan))
  return JSON.stringify(wire === 'anthropic' ? anthropicJson(id, model, plan) : openaiJson(id, model, plan))
}

function answerSteps(
  wire: Wire,
  stream: boolean,
  pieces: readonly string[],
  script: Script,
  head: Readonly<Record<string, string>>,
  id: string,
): readonly Step[] {
  const struck = script.fault !== undefined
  if (!stream && script.fault === 'error-mid') {
    return whole(200, head, 'application/json', JSON.stringify(errorOf(wire, 529, id)))
  }
  const all = utf8(pieces.join(''))
  const length: Readonly<Record<string, string>> = stream ? {} : { 'content-length': String(all.length) }
  const headers = { 'content-type': stream ? 'text/event-stream; charset=utf-8' : 'application/json', ...length, ...head }
  const sent = struck ? cut(stream, pieces, script.faultAfterFrames) : pieces
  return [{ do: 'head', status: 200, headers }, ...writes(sent, script), ...ending(wire, script, id)]
}

function cut(stream: boolean, pieces: readonly string[], after = Math.ceil(pieces.length / 2)): readonly string[] {
  if (stream) return pieces.slice(0, after)
  const text = pieces.join('')
  return [text.slice(0, Math.floor(text.length / 2))]
}

function writes(pieces: readonly string[], script: Script): readonly Step[] {
  const text = pieces.map((piece) => (script.crlf ? piece.replaceAll('\n', '\r\n') : piece))
  const buffers = script.sliceBytes === undefined ? text.map(utf8) : slices(utf8(text.join('')), script.sliceBytes)
  const pause: readonly Step[] = script.delayMs === undefined ? [] : [{ do: 'wait', ms: script.delayMs }]
  const middle = Math.ceil(buffers.length / 2)
  const before = (index: number): readonly Step[] => [
    ...(index > 0 ? pause : []),
    ...(index === middle ? hold(script.holdMid) : []),
  ]
  return buffers.flatMap((bytes, index): readonly Step[] => before(index).concat({ do: 'write', bytes }))
}

function slices(bytes: Uint8Array, size: number): readonly Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size))
}

function ending(wire: Wire, script: Script, id: string): readonly Step[] {
  switch (script.fault) {
    case 'stall-mid':
      return [{ do: 'hang' }]
    case 'reset-mid':
      return [{ do: 'reset' }]
    case 'fin-mid':
      return [{ do: 'close' }]
    case 'error-mid':
      return [{ do: 'write', bytes: utf8(errorFrameOf(wire, id)) }, { do: 'end' }]
    default:
      return [{ do: 'end' }]
  }
}

const anthropicTypes: Readonly<Record<number, string>> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  529: 'overloaded_error',
}

/** The vendor's error envelope. A 401's text holds what must never reach a client. */
export function errorOf(wire: Wire, status: number, id: string): JsonObject {
  const message =
    status === 401 ? 'Incorrect API key provided: sk-mock-secret-key of org-mock-secret' : `mock provider says ${status}`
  if (wire === 'anthropic') return anthropicError(anthropicTypes[status] ?? 'api_error', message, `req_${id}`)
  if (status === 429) return openaiError('rate_limit_error', message, 'rate_limit_exceeded')
  if (status >= 500) return openaiError('server_error', message, null)
  return openaiError('invalid_request_error', message, status === 401 ? 'invalid_api_key' : null)
}

function errorFrameOf(wire: Wire, id: string): string {
  if (wire === 'openai-responses') return responsesErrorFrame('server_error', 'The server had an error')
  return wire === 'anthropic'
    ? anthropicErrorFrame('overloaded_error', 'Overloaded', `req_${id}`)
    : openaiErrorFrame('server_error', 'The server had an error while processing your request', null)
}

const encoder = new TextEncoder()

function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}
