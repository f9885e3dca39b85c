import { describe, expect, it } from 'vitest'
import { GatewayError, invalidValue, statusByCode, type ErrorCode } from '../../../src/ir/errors.ts'
import { upstreamErrorOf } from '../../../src/protocols/upstream-error.ts'
import { client, errorFactsOf, server } from './support.ts'

function encode(error: GatewayError): { readonly status: number; readonly body: Record<string, unknown> } {
  const { status, body } = server.encodeError(error, 'req-1')
  return { status, body: JSON.parse(body) }
}

function fromOpenAi(status: number, error: Record<string, unknown>): GatewayError {
  const body = JSON.stringify({ error })
  const text = (key: string): string | undefined => (typeof error[key] === 'string' ? error[key] : undefined)
  return upstreamErrorOf({
    shape: 'openai',
    status,
    headers: new Headers(),
    body,
    message: text('message'),
    type: text('type'),
    code: text('code'),
  })
}

describe("a provider's refusal to a client of the same wire", () => {
  const body =
    '{"type":"error","error":{"type":"not_found_error","message":"gone","details":{"error_code":"thread_not_found"}},"request_id":"req_1"}'

  it.each([400, 402, 404, 408, 409, 413, 422, 429, 500, 502, 503, 504, 529])('passes a %i on as it came', (status) => {
    expect(server.encodeError(client.decodeError(status, new Headers(), body), 'x')).toEqual({ status, body })
  })

  it.each([401, 403])('shows nothing of a %i: it is about our own credential', (status) => {
    const secret = '{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key sk-ant-abc"}}'
    const encoded = encode(client.decodeError(status, new Headers(), secret))
    expect(encoded.status).toBe(502)
    expect(encoded.body).toMatchObject({ error: { type: 'api_error', code: 'provider_auth_failed' } })
    expect(JSON.stringify(encoded.body)).not.toContain('x-api-key')
  })

  it.each(['{"detail":"no such field"}', '{"error":{"message":"no"},"n":1.0}'])(
    'passes JSON of any form on as it came: %s',
    (other) => {
      expect(server.encodeError(client.decodeError(422, new Headers(), other), 'x')).toEqual({ status: 422, body: other })
    },
  )

  it.each([
    [422, 'invalid_request_error'],
    [500, 'api_error'],
    [502, 'api_error'],
    [503, 'overloaded_error'],
  ])("renders ours in the place of a proxy's HTML, with the status it came with: %i", (status, type) => {
    const encoded = encode(client.decodeError(status, new Headers(), '<html>Bad gateway</html>'))
    expect(encoded.status).toBe(status)
    expect(encoded.body).toMatchObject({ error: { type, message: `upstream returned ${status}` } })
  })

  it('reads the words of a refusal', () => {
    const error = client.decodeError(404, new Headers({ 'retry-after': '3' }), body)
    expect(error).toMatchObject({
      message: 'gone',
      errorClass: 'invalid_request',
      details: {
        retryAfterMs: 3000,
        upstream: { shape: 'anthropic', status: 404, type: 'not_found_error', code: 'thread_not_found' },
      },
    })
  })

  it('knows a prompt that is too long', () => {
    const tooLong =
      '{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long: 210000 tokens > 200000 maximum"}}'
    const error = client.decodeError(400, new Headers(), tooLong)
    expect(errorFactsOf(error)).toEqual({ errorClass: 'context_overflow', code: 'upstream_error', status: 400 })
    expect(server.encodeError(error, 'x').body).toBe(tooLong)
  })
})

describe("another wire's refusal to a client of this one", () => {
  it.each([
    [400, 400, 'invalid_request_error'],
    [402, 402, 'billing_error'],
    [404, 404, 'not_found_error'],
    [408, 504, 'timeout_error'],
    [409, 409, 'conflict_error'],
    [413, 413, 'request_too_large'],
    [422, 400, 'invalid_request_error'],
    [429, 429, 'rate_limit_error'],
    [500, 502, 'api_error'],
    [502, 502, 'api_error'],
    [503, 529, 'overloaded_error'],
    [504, 504, 'timeout_error'],
    [529, 529, 'overloaded_error'],
  ])('turns a %i into %i %s', (given, status, type) => {
    const encoded = encode(fromOpenAi(given, { message: 'why', type: 'x', code: 'the_code' }))
    expect([encoded.status, encoded.body]).toEqual([
      status,
      { type: 'error', error: { type, message: 'why', code: 'the_code' }, request_id: 'req-1' },
    ])
  })

  it.each([
    [
      "This model's maximum context length is 128000 tokens. However, you requested 140000 tokens (120000 in the messages, 20000 in the completion).",
      'input length and `max_tokens` exceed context limit: 120000 + 20000 > 128000',
    ],
    [
      "This model's maximum context length is 128000 tokens. However, your messages resulted in 130000 tokens.",
      'prompt is too long: 130000 tokens > 128000 maximum',
    ],
    [
      'request (8353 tokens) exceeds the available context size (4096 tokens), try increasing it',
      'prompt is too long: 8353 tokens > 4096 maximum',
    ],
    [
      'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
      'prompt is too long: 1200000 tokens > 1048576 maximum',
    ],
    [
      'Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 275012 tokens.',
      'prompt is too long: 275012 tokens > 272000 maximum',
    ],
    ['Your input exceeds the context window of this model.', 'prompt is too long'],
  ])('says in words that Claude Code mends by itself: %s', (message, wording) => {
    const error = fromOpenAi(400, { message, code: 'context_length_exceeded' })
    const encoded = encode(error)
    expect(encoded.status).toBe(400)
    expect(encoded.body).toMatchObject({ error: { type: 'invalid_request_error', message: `${wording} (${message})` } })
  })
})

describe("the gateway's own refusals", () => {
  const types: Readonly<Record<string, readonly ErrorCode[]>> = {
    invalid_request_error: [
      'invalid_json',
      'invalid_value',
      'method_not_allowed',
      'unsupported_media_type',
      'unsupported_encoding',
      'unsupported_endpoint',
    ],
    authentication_error: ['invalid_api_key', 'key_revoked', 'key_expired'],
    permission_error: ['host_not_allowed', 'origin_not_allowed', 'model_not_allowed'],
    not_found_error: ['route_not_found', 'model_not_found'],
    timeout_error: ['request_timeout', 'upstream_timeout'],
    request_too_large: ['request_too_large'],
    rate_limit_error: ['quota_exceeded', 'rate_limit_exceeded'],
    api_error: ['upstream_unreachable', 'upstream_bad_response', 'provider_auth_failed', 'routing_failed', 'internal_error'],
    overloaded_error: ['store_unavailable', 'overloaded', 'shutting_down'],
  }
  const rows = Object.entries(types).flatMap(([type, codes]) => codes.map((code) => [code, type] as const))

  it.each(rows)('%s is a %s', (code, type) => {
    const encoded = encode(new GatewayError('other', code, 'why'))
    expect(encoded).toEqual({
      status: statusByCode[code],
      body: { type: 'error', error: { type, message: 'why', code }, request_id: 'req-1' },
    })
  })

  it('name the parameter and carry their extra fields', () => {
    expect(encode(invalidValue('messages[0].content', 'empty')).body).toMatchObject({ error: { param: 'messages[0].content' } })
    const quota = new GatewayError('rate_limit', 'quota_exceeded', 'spent', { fields: { limit_usd: 5, scope: 'key' } })
    expect(encode(quota).body).toMatchObject({ error: { limit_usd: 5, scope: 'key' } })
  })
})
