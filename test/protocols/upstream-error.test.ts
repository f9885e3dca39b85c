import { describe, expect, it } from 'vitest'
import {
  errorClassOf,
  isSpendLimit,
  maskSecrets,
  readErrorBody,
  retryAfterMsOf,
  upstreamErrorOf,
} from '../../src/protocols/upstream-error.ts'

const nowMs = Date.parse('Mon, 23 Nov 2026 10:00:00 GMT')

describe('how long a provider asks us to wait', () => {
  it.each<[Record<string, string>, number | undefined]>([
    [{ 'retry-after': '3' }, 3000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': '0' }, 0],
    [{ 'retry-after-ms': '250', 'retry-after': '3' }, 250],
    [{ 'retry-after-ms': 'soon', 'retry-after': '3' }, 3000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 10:00:07 GMT' }, 7000],
    [{ 'retry-after': 'Mon, 23 Nov 2026 09:00:00 GMT' }, 0],
    [{ 'retry-after': 'later' }, undefined],
    [{ 'retry-after': '-1' }, undefined],
    [{}, undefined],
  ])('%j', (headers, expected) => {
    expect(retryAfterMsOf(new Headers(headers), nowMs)).toBe(expected)
  })

  it("measures a date from the answer's own clock when it has no other", () => {
    const headers = { 'retry-after': 'Mon, 23 Nov 2026 10:00:07 GMT', date: 'Mon, 23 Nov 2026 10:00:02 GMT' }
    expect(retryAfterMsOf(new Headers(headers))).toBe(5000)
    expect(retryAfterMsOf(new Headers({ 'retry-after': headers['retry-after'] }))).toBeUndefined()
  })
})

describe('the class that a status is stored as', () => {
  it.each([
    [400, 'invalid_request'],
    [401, 'auth'],
    [402, 'other'],
    [403, 'auth'],
    [404, 'invalid_request'],
    [408, 'timeout'],
    [409, 'invalid_request'],
    [422, 'invalid_request'],
    [429, 'rate_limit'],
    [500, 'server_error'],
    [503, 'overloaded'],
    [504, 'timeout'],
    [529, 'overloaded'],
  ])('%i is %s', (status, errorClass) => {
    expect(errorClassOf(status)).toBe(errorClass)
  })

  it("hears the vendor's code where the status says too little", () => {
    expect(errorClassOf(400, 'context_length_exceeded')).toBe('context_overflow')
    expect(errorClassOf(500, 'overloaded_error')).toBe('overloaded')
  })
})

describe('the words of an error body', () => {
  it.each<[string, string, Record<string, unknown>]>([
    [
      "Anthropic's",
      '{"type":"error","error":{"type":"t","message":"m","details":{"error_code":"c"}}}',
      { message: 'm', type: 't', code: 'c' },
    ],
    [
      "OpenAI's",
      '{"error":{"message":"m","type":"t","param":"p","code":"c"}}',
      { message: 'm', type: 't', param: 'p', code: 'c' },
    ],
    ['a number as code', '{"error":{"message":"m","code":429}}', { message: 'm', code: '429' }],
    ['an error that is text', '{"error":"m"}', { message: 'm' }],
    ['a framework', '{"detail":"m"}', { message: 'm' }],
    ['a framework, structured', '{"detail":[{"msg":"m"}]}', { message: '[{"msg":"m"}]' }],
    ['another framework', '{"message":"m"}', { message: 'm' }],
    ['HTML', '<html>', {}],
    ['JSON of nothing', '{}', {}],
  ])('%s', (_name, body, words) => {
    expect(JSON.parse(JSON.stringify(readErrorBody(body)))).toEqual(words)
  })
})

describe('a refusal', () => {
  const facts = { shape: 'openai', headers: new Headers(), body: 'b' } as const

  it.each([
    [429, 'insufficient_quota', true],
    [429, 'enforced_spend_limit_reached', true],
    [429, 'contract_spend_limit_reached', true],
    [402, undefined, true],
    [429, 'rate_limit_exceeded', false],
    [500, undefined, false],
  ])('%i %s: no wait of seconds cures it: %s', (status, code, expected) => {
    expect(isSpendLimit(upstreamErrorOf({ ...facts, status, code }))).toBe(expected)
  })

  it.each([
    'prompt is too long: 210000 tokens > 200000 maximum',
    "This model's maximum context length is 4096 tokens.",
    'Your input exceeds the context window of this model.',
    'request (8353 tokens) exceeds the available context size (4096 tokens)',
    'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
  ])('is an overflow: %s', (message) => {
    expect(upstreamErrorOf({ ...facts, status: 400, message }).errorClass).toBe('context_overflow')
  })

  it('is no overflow for speaking of tokens', () => {
    expect(upstreamErrorOf({ ...facts, status: 400, message: 'max_tokens must be at least 1' }).errorClass).toBe(
      'invalid_request',
    )
    expect(upstreamErrorOf({ ...facts, status: 429, message: 'too many tokens in the last minute' }).errorClass).toBe(
      'rate_limit',
    )
  })

  it('keeps no text of the 401 that is about our own key', () => {
    const error = upstreamErrorOf({ ...facts, status: 401, body: 'secret', message: 'bad key secret' })
    expect([error.code, error.status, error.errorClass]).toEqual(['provider_auth_failed', 502, 'auth'])
    expect(error.message).not.toContain('secret')
    expect(error.details.upstream?.body).toBe('')
  })

  it('hides what looks like a credential or an account', () => {
    expect(maskSecrets('key sk-ant-api03-abcdefgh of org-abcdef123 via ?key=AAA&x=1 and Bearer abcdefghijk')).toBe(
      'key [redacted] of [redacted] via ?key=[redacted]&x=1 and [redacted]',
    )
  })
})
