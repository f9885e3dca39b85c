// Providers that misbehave (reliability.md §8, §12): both doors, same shape and across, whole and streamed. What the client is
// told, how often the provider was asked, what is on record, and that nothing leaks.
import { describe, expect, it } from 'vitest'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { privateHeaders, retryAfter, times, type Fault, type Script } from '../support/scripts.ts'
import { askDoor, errorOf, expectNoEndMark, expectNoSecrets } from './fault-cases.ts'
import { doorCases, expectHealthy } from './refusals.ts'

/** A new one for each case: a provider's retry budget outlives a case. And the waits of five cases pass at once. */
async function withGateway(run: (gateway: TestGateway) => Promise<void>, fault?: Fault): Promise<void> {
  // Only where silence is the fault: a busy machine is silent at times, too.
  const gateway = await startTestGateway(fault === 'stall-mid' ? { config: { limits: { idle_ms: 1500 } } } : {})
  try {
    await run(gateway)
  } finally {
    await gateway.stop()
  }
}

/** Answers that fail before a byte went down. `retried` = times the provider is asked when it never gets well. */
interface EarlyFault {
  readonly what: string
  readonly script: Script
  readonly retried: number
  /** Same shape; `across` where the other shape's answer differs. */
  readonly status: number
  readonly across?: { readonly anthropic?: number; readonly openai?: number }
  readonly errorClass: string
  readonly upstreamStatus: number | null
  readonly code?: string
}

// A millisecond asked for keeps the retries' waits short.
const soon = { headers: retryAfter.milliseconds(1) }

const early: readonly EarlyFault[] = [
  { what: '400', script: { status: 400 }, retried: 1, status: 400, errorClass: 'invalid_request', upstreamStatus: 400 },
  { what: '402', script: { status: 402 }, retried: 1, status: 402, errorClass: 'other', upstreamStatus: 402 },
  { what: '404', script: { status: 404 }, retried: 1, status: 404, errorClass: 'invalid_request', upstreamStatus: 404 },
  { what: '413', script: { status: 413 }, retried: 1, status: 413, errorClass: 'invalid_request', upstreamStatus: 413 },
  {
    what: '422',
    script: { status: 422 },
    retried: 1,
    status: 422,
    across: { anthropic: 400, openai: 400 },
    errorClass: 'invalid_request',
    upstreamStatus: 422,
  },
  { what: '409', script: { status: 409, ...soon }, retried: 2, status: 409, errorClass: 'invalid_request', upstreamStatus: 409 },
  {
    what: '408',
    script: { status: 408, ...soon },
    retried: 3,
    status: 408,
    across: { anthropic: 504, openai: 504 },
    errorClass: 'timeout',
    upstreamStatus: 408,
  },
  { what: '429', script: { status: 429, ...soon }, retried: 3, status: 429, errorClass: 'rate_limit', upstreamStatus: 429 },
  {
    what: '500',
    script: { status: 500, ...soon },
    retried: 3,
    status: 500,
    across: { anthropic: 502, openai: 502 },
    errorClass: 'server_error',
    upstreamStatus: 500,
  },
  {
    what: '503',
    script: { status: 503, ...soon },
    retried: 3,
    status: 503,
    across: { anthropic: 529, openai: 503 },
    errorClass: 'overloaded',
    upstreamStatus: 503,
  },
  {
    what: '529',
    script: { status: 529, ...soon },
    retried: 3,
    status: 529,
    across: { anthropic: 529, openai: 503 },
    errorClass: 'overloaded',
    upstreamStatus: 529,
  },
  {
    what: '401 to our own key',
    script: { status: 401 },
    retried: 1,
    status: 502,
    errorClass: 'auth',
    upstreamStatus: 401,
    code: 'provider_auth_failed',
  },
  {
    what: '403 to our own key',
    script: { status: 403 },
    retried: 1,
    status: 502,
    errorClass: 'auth',
    upstreamStatus: 403,
    code: 'provider_auth_failed',
  },
  {
    what: 'a redirect',
    script: { fault: 'redirect' },
    retried: 2,
    status: 502,
    errorClass: 'other',
    upstreamStatus: null,
    code: 'upstream_bad_response',
  },
  {
    what: 'HTML with status 200',
    script: { fault: 'html' },
    retried: 2,
    status: 502,
    errorClass: 'other',
    upstreamStatus: null,
    code: 'upstream_bad_response',
  },
  {
    what: 'garbage',
    script: { fault: 'garbage' },
    retried: 2,
    status: 502,
    errorClass: 'other',
    upstreamStatus: null,
    code: 'upstream_bad_response',
  },
  {
    what: 'nothing with status 200',
    script: { fault: 'empty' },
    retried: 2,
    status: 502,
    errorClass: 'other',
    upstreamStatus: null,
    code: 'upstream_bad_response',
  },
]

const earlyCases = [false, true].flatMap((stream) => early.map((fault) => Object.assign({ stream }, fault)))

for (const door of doorCases) {
  for (const kind of ['same', 'across'] as const) {
    const model = kind === 'same' ? door.native : door.foreign
    describe(`${door.door} door, ${kind === 'same' ? 'same shape' : 'across shapes'}`, () => {
      it.concurrent.each(earlyCases)(
        'tells the client of $what, streaming $stream',
        ({ script, retried, status, across, errorClass, upstreamStatus, code, stream }) =>
          withGateway(async (gateway) => {
            gateway.provider.script(...times(retried, { ...script, headers: { ...privateHeaders, ...script.headers } }))
            const asked = await askDoor(gateway, door, model, { stream })
            const expected = kind === 'same' ? status : (across?.[door.door] ?? status)
            expect(asked.response.status, asked.text).toBe(expected)
            expect(asked.response.headers.get('content-type')).toBe('application/json')
            expect(asked.response.headers.get('x-should-retry')).toBe('false')
            expect(asked.attempts).toBe(retried)
            const error = errorOf(door.door, asked.text)
            expect(typeof error['message']).toBe('string')
            if (code !== undefined) {
              expect(error['code']).toBe(code)
              expect(asked.response.headers.get('x-metis-error')).toBe(code)
            }
            if (status === 429) expect(asked.response.headers.get('retry-after')).not.toBeNull()
            expect(asked.turn.types).toEqual(['route.decided', 'llm.call_failed', 'turn.completed'])
            expect(asked.turn.call).toMatchObject({ error_class: errorClass, status: upstreamStatus, attempts: retried })
            expect(asked.turn.completed).toMatchObject({ status: 'failed', llm_call_count: 1 })
            expectNoSecrets(gateway, asked)
          }),
      )

      const cuts: readonly { fault: Fault; errorClass: string; code: string }[] = [
        { fault: 'reset-mid', errorClass: 'network', code: 'upstream_unreachable' },
        { fault: 'fin-mid', errorClass: 'network', code: 'upstream_unreachable' },
        { fault: 'end-mid', errorClass: 'network', code: 'upstream_bad_response' },
        { fault: 'stall-mid', errorClass: 'timeout', code: 'upstream_timeout' },
        { fault: 'error-mid', errorClass: kind === 'same' ? door.door : 'any', code: '' },
      ]
      it.concurrent.each(cuts)('ends a stream that broke ($fault) with an error and no end mark', ({ fault, errorClass }) =>
        withGateway(async (gateway) => {
          gateway.provider.script({ fault, headers: privateHeaders })
          const asked = await askDoor(gateway, door, model, { stream: true })
          expect(asked.response.status).toBe(200)
          expect(asked.attempts).toBe(1)
          expectNoEndMark(door.door, asked.text)
          expect(typeof errorOf(door.door, asked.text)['message'], asked.text.slice(-300)).toBe('string')
          expect(asked.turn.types).toEqual(['route.decided', 'llm.call_completed', 'turn.completed'])
          expect(asked.turn.call).toMatchObject({ usage_estimated: true, cost_basis: 'partial_estimate', attempts: 1 })
          if (fault !== 'error-mid') expect(asked.turn.call['error_class']).toBe(errorClass)
          expect(asked.turn.call['error_class']).not.toBeNull()
          expect(asked.turn.completed).toMatchObject({ status: 'failed' })
          expectNoSecrets(gateway, asked)
        }, fault),
      )

      it.concurrent.each([
        { fault: 'reset-mid', code: 'upstream_unreachable' },
        { fault: 'fin-mid', code: 'upstream_unreachable' },
        { fault: 'stall-mid', code: 'upstream_timeout' },
      ] as const)('retries a whole answer that broke ($fault), for no byte of it went down', ({ fault }) =>
        withGateway(async (gateway) => {
          gateway.provider.script({ fault })
          const asked = await askDoor(gateway, door, model)
          expect(asked.response.status, asked.text).toBe(200)
          expect(asked.attempts).toBe(2)
          expect(asked.turn.call).toMatchObject({ error_class: null, attempts: 2 })
        }, fault),
      )

      it.concurrent('passes on the status that an error body with status 200 names', () =>
        withGateway(async (gateway) => {
          gateway.provider.script(...times(3, { fault: 'error-mid' }))
          const asked = await askDoor(gateway, door, model)
          expect(asked.response.status, asked.text).toBeGreaterThanOrEqual(500)
          expect(asked.response.headers.get('x-should-retry')).toBe('false')
          expect(typeof errorOf(door.door, asked.text)['message']).toBe('string')
          expect(asked.turn.completed).toMatchObject({ status: 'failed' })
          expectNoSecrets(gateway, asked)
          await expectHealthy(gateway, door)
        }))

      it.concurrent('breaks off a line above the limit and stops the provider', () =>
        withGateway(async (gateway) => {
          const before = gateway.provider.requests.length
          gateway.provider.script(...times(2, { fault: 'huge-line' }))
          const asked = await askDoor(gateway, door, model, { stream: true })
          expect(asked.broke).toBe(false)
          expectNoEndMark(door.door, asked.text)
          expect(errorOf(door.door, asked.text)['code']).toBe('upstream_bad_response')
          expect(asked.turn.completed).toMatchObject({ status: 'failed' })
          await gateway.provider.closed(before)
        }))
    })
  }
}
