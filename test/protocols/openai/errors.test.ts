// Errors on this wire: a provider’s, another wire’s, and our own.
import { describe, expect, it } from 'vitest'
import { GatewayError, type ErrorCode } from '../../../src/ir/errors.ts'
import { openaiProtocol } from '../../../src/protocols/openai/index.ts'

const { client, server } = openaiProtocol

describe('an error of a provider of this wire', () => {
  const body = JSON.stringify({
    error: { message: 'No such model', type: 'invalid_request_error', param: 'model', code: 'model_not_found' },
    extra: 1,
  })

  it('goes to a client of this wire as it came, with its status', () => {
    expect(server.encodeError(client.decodeError(404, new Headers(), body), 'r')).toEqual({ status: 404, body })
    expect(server.encodeError(client.decodeError(422, new Headers(), body), 'r')).toEqual({ status: 422, body })
    expect(server.encodeError(client.decodeError(500, new Headers(), body), 'r')).toEqual({ status: 500, body })
  })

  it('keeps the vendor’s words for other doors', () => {
    expect(client.decodeError(404, new Headers(), body)).toMatchObject({
      code: 'upstream_error',
      errorClass: 'invalid_request',
      message: 'No such model',
      details: { param: 'model', upstream: { type: 'invalid_request_error', code: 'model_not_found', param: 'model' } },
    })
  })

  it.each([401, 403])('never shows a %d about our own credential', (status) => {
    const encoded = server.encodeError(
      client.decodeError(status, new Headers(), '{"error":{"message":"Incorrect API key sk-secret12345"}}'),
      'r',
    )
    expect(encoded.status).toBe(502)
    expect(JSON.parse(encoded.body).error).toMatchObject({ type: 'server_error', code: 'provider_auth_failed' })
    expect(encoded.body).not.toContain('sk-secret')
  })

  it.each([
    [422, 'invalid_request_error', null],
    [500, 'server_error', 'upstream_error'],
    [502, 'server_error', 'upstream_error'],
  ])('becomes an envelope with its own status when the provider sent HTML: %i', (status, type, code) => {
    const encoded = server.encodeError(client.decodeError(status, new Headers(), '<html>'), 'r')
    expect(encoded).toEqual({
      status,
      body: JSON.stringify({ error: { message: `upstream returned ${status}`, type, param: null, code } }),
    })
  })
})

describe('an error of another wire or of our own', () => {
  const foreign = (status: number, errorClass: GatewayError['errorClass'], code?: string) =>
    new GatewayError(errorClass, 'upstream_error', 'm', {
      status,
      upstream: { shape: 'anthropic', status, headers: new Headers(), body: '{}', ...(code === undefined ? {} : { code }) },
    })

  it.each<[GatewayError, number, string, string | null]>([
    [foreign(400, 'invalid_request'), 400, 'invalid_request_error', null],
    [foreign(400, 'invalid_request', 'odd_code'), 400, 'invalid_request_error', 'odd_code'],
    [foreign(400, 'context_overflow'), 400, 'invalid_request_error', 'context_length_exceeded'],
    [foreign(402, 'other'), 402, 'insufficient_quota', 'insufficient_quota'],
    [foreign(404, 'invalid_request'), 404, 'invalid_request_error', 'model_not_found'],
    [foreign(409, 'invalid_request'), 409, 'invalid_request_error', null],
    [foreign(413, 'invalid_request'), 413, 'invalid_request_error', 'request_too_large'],
    [foreign(429, 'rate_limit'), 429, 'rate_limit_error', 'rate_limit_exceeded'],
    [foreign(429, 'rate_limit', 'enforced_spend_limit_reached'), 429, 'insufficient_quota', 'insufficient_quota'],
    [foreign(502, 'server_error'), 502, 'server_error', 'upstream_error'],
    [foreign(503, 'overloaded'), 503, 'server_error', 'overloaded'],
  ])('reads %s as %d %s %s', (error, status, type, code) => {
    const encoded = server.encodeError(error, 'r')
    expect(encoded.status).toBe(status)
    expect(JSON.parse(encoded.body)).toEqual({ error: { message: 'm', type, param: null, code } })
  })

  it.each<[number, GatewayError['errorClass'], string, string]>([
    [429, 'rate_limit', 'rate_limit_error', 'rate_limit_exceeded'],
    [503, 'overloaded', 'server_error', 'overloaded'],
    [502, 'server_error', 'server_error', 'upstream_bad_response'],
  ])('names what a provider said in place of an answer as it names a refusal: %d', (status, errorClass, type, code) => {
    const { details } = foreign(status, errorClass)
    const encoded = server.encodeError(new GatewayError(errorClass, 'upstream_bad_response', 'm', details), 'r')
    expect(JSON.parse(encoded.body).error).toMatchObject({ type, code })
  })

  it.each<[ErrorCode, number, string]>([
    ['invalid_json', 400, 'invalid_request_error'],
    ['invalid_value', 400, 'invalid_request_error'],
    ['invalid_api_key', 401, 'invalid_request_error'],
    ['key_expired', 401, 'invalid_request_error'],
    ['model_not_allowed', 403, 'invalid_request_error'],
    ['origin_not_allowed', 403, 'invalid_request_error'],
    ['model_not_found', 404, 'invalid_request_error'],
    ['method_not_allowed', 405, 'invalid_request_error'],
    ['request_too_large', 413, 'invalid_request_error'],
    ['unsupported_encoding', 415, 'invalid_request_error'],
    ['quota_exceeded', 429, 'insufficient_quota'],
    ['rate_limit_exceeded', 429, 'rate_limit_error'],
    ['internal_error', 500, 'server_error'],
    ['upstream_unreachable', 502, 'server_error'],
    ['upstream_bad_response', 502, 'server_error'],
    ['routing_failed', 503, 'server_error'],
    ['shutting_down', 503, 'server_error'],
    ['upstream_timeout', 504, 'server_error'],
  ])('says %s with %d and type %s', (code, status, type) => {
    const encoded = server.encodeError(new GatewayError('other', code, 'm', { param: 'p', fields: { key_id: 'gk_1' } }), 'r')
    expect(encoded.status).toBe(status)
    expect(JSON.parse(encoded.body)).toEqual({ error: { message: 'm', type, param: 'p', code, key_id: 'gk_1' } })
  })
})
