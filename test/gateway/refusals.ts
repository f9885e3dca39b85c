// What every refusal of the gateway's own has in common (reliability.md §4): the shape's envelope, without a wait, nothing
// upstream, and a gateway that answers the next good call.
import { expect } from 'vitest'
import type { TestGateway } from '../support/gateway.ts'
import { within } from '../support/deadline.ts'
import { objectOf, parseObject, textOf, type JsonObject } from '../support/json.ts'

export interface DoorCase {
  readonly door: 'anthropic' | 'openai'
  readonly path: string
  /** A model whose provider speaks the door's own wire. */
  readonly native: string
  /** One whose provider speaks the other. */
  readonly foreign: string
  /** A request that is fine at it; `goodBody` when absent. */
  readonly body?: typeof goodBody
}

export const doorCases: readonly DoorCase[] = [
  { door: 'anthropic', path: '/v1/messages', native: 'claude-haiku-4-5', foreign: 'openai:gpt-4o-mini' },
  { door: 'openai', path: '/v1/chat/completions', native: 'gpt-4o-mini', foreign: 'anthropic:claude-haiku-4-5' },
]

/** The doors whose bodies have a form or an end of their own; what is behind them they share with the two above. */
export const otherDoors: readonly DoorCase[] = [
  { door: 'anthropic', path: '/v1/messages/count_tokens', native: 'claude-haiku-4-5', foreign: 'openai:gpt-4o-mini' },
  {
    door: 'openai',
    path: '/v1/responses',
    native: 'gpt-4o-mini',
    foreign: 'anthropic:claude-haiku-4-5',
    body: (model, extra = {}) => ({ model, max_output_tokens: 64, input: 'Say hello in one word.', ...extra }),
  },
  {
    door: 'openai',
    path: '/v1/embeddings',
    native: 'text-embedding-3-small',
    foreign: 'anthropic:claude-haiku-4-5',
    body: (model, extra = {}) => ({ model, dimensions: 64, input: 'Say hello in one word.', ...extra }),
  },
]

/** A request that is fine in both shapes. */
export function goodBody(model: string, extra: JsonObject = {}): JsonObject {
  return { model, max_tokens: 64, messages: [{ role: 'user', content: 'Say hello in one word.' }], ...extra }
}

export interface Refusal {
  readonly status: number
  readonly code: string
  /** Types of the two envelopes; those of an invalid request unless told. */
  readonly types?: { readonly anthropic: string; readonly openai: string }
  readonly retry?: boolean
}

const invalid = { anthropic: 'invalid_request_error', openai: 'invalid_request_error' }
export const unauthenticated = { anthropic: 'authentication_error', openai: 'invalid_request_error' }
export const forbidden = { anthropic: 'permission_error', openai: 'invalid_request_error' }
export const notFound = { anthropic: 'not_found_error', openai: 'invalid_request_error' }
export const tooLarge = { anthropic: 'request_too_large', openai: 'invalid_request_error' }

/** Returns the error object, for what a case wants to see beyond the common. */
export async function expectRefusal(
  gateway: TestGateway,
  door: DoorCase,
  refusal: Refusal,
  ask: () => Promise<Response>,
): Promise<JsonObject> {
  const upstreamBefore = gateway.provider.requests.length
  const response = await within(10_000, 'the refusal', ask())
  const text = await response.text()
  const error = expectEnvelope(door.door, response, text, refusal)
  expect(gateway.provider.requests.length, 'nothing went upstream').toBe(upstreamBefore)
  await expectHealthy(gateway, door)
  return error
}

/** Status, envelope, headers and the size of what is said back; returns the error object. */
export function expectEnvelope(door: DoorCase['door'], response: Response, text: string, refusal: Refusal): JsonObject {
  expect(response.status, text.slice(0, 500)).toBe(refusal.status)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(response.headers.get('x-metis-error')).toBe(refusal.code)
  expect(response.headers.get('x-should-retry')).toBe(String(refusal.retry ?? false))
  const body = parseObject(text)
  const error = objectOf(body['error'])
  expect(error['type']).toBe((refusal.types ?? invalid)[door])
  expect(error['code']).toBe(refusal.code)
  const message = textOf(error['message'])
  expect(message).not.toBe('')
  expect(message.length, 'no flood of client text').toBeLessThan(1_000)
  expect(message).not.toMatch(/\bat .*\.[jt]s:\d+|node_modules/)
  if (door === 'anthropic') {
    expect(body['type']).toBe('error')
    expect(textOf(body['request_id'])).toMatch(/^req_/)
    expect(response.headers.get('request-id')).toMatch(/^req_/)
  } else {
    expect(error).toHaveProperty('param')
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
  }
  return error
}

export async function expectHealthy(gateway: TestGateway, door: DoorCase): Promise<void> {
  const response = await gateway.post(door.path, (door.body ?? goodBody)(door.native))
  expect(response.status, await response.text()).toBe(200)
}
