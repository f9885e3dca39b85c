// When a provider is asked again, when another is, and when nobody is (reliability.md §8). The waits are real and short.
import { describe, expect, it } from 'vitest'
import type { ConfigFile } from '../../src/config/schema.ts'
import { freePort } from '../support/free-port.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { retryAfter, times } from '../support/scripts.ts'
import { askDoor, errorOf, expectNoSecrets, turnOf } from './fault-cases.ts'
import { doorCases, goodBody } from './refusals.ts'

async function withGateway(config: ConfigFile, run: (gateway: TestGateway) => Promise<void>): Promise<void> {
  const gateway = await startTestGateway({ config })
  try {
    await run(gateway)
  } finally {
    await gateway.stop()
  }
}

/** A loopback address that nobody listens at. */
const deadUrl = async (): Promise<string> => `http://127.0.0.1:${await freePort()}`

for (const door of doorCases) {
  describe(`${door.door} door`, () => {
    it.concurrent.each([
      { what: 'in seconds', headers: () => retryAfter.seconds(1), atLeastMs: 1_000 },
      // In whole seconds: one to two of them from when the provider says so.
      { what: 'as a date', headers: () => retryAfter.date(new Date(Date.now() + 2_000)), atLeastMs: 1_000 },
      { what: 'in milliseconds', headers: () => retryAfter.milliseconds(400), atLeastMs: 400 },
      {
        what: 'in milliseconds before seconds',
        headers: () => ({ ...retryAfter.milliseconds(300), ...retryAfter.seconds(30) }),
        atLeastMs: 300,
      },
    ])('waits as long as it is asked to $what', ({ headers, atLeastMs }) =>
      withGateway({}, async (gateway) => {
        gateway.provider.script(() => ({ status: 429, headers: headers() }))
        const asked = await askDoor(gateway, door, door.native)
        expect(asked.response.status, asked.text).toBe(200)
        expect(asked.attempts).toBe(2)
        const waited = gateway.provider.at(1).receivedMs - gateway.provider.at(0).receivedMs
        expect(waited).toBeGreaterThanOrEqual(atLeastMs - 5)
        expect(waited).toBeLessThan(10_000)
        expect(asked.turn.call).toMatchObject({
          attempts: 2,
          attempt_log: [
            { status: 429, error_class: 'rate_limit' },
            { status: 200, error_class: null },
          ],
        })
      }),
    )

    it.concurrent('passes a wait of more than a minute on at once', () =>
      withGateway({}, async (gateway) => {
        gateway.provider.script({ status: 429, headers: retryAfter.seconds(61) })
        const asked = await askDoor(gateway, door, door.native)
        expect(asked.response.status).toBe(429)
        expect(asked.attempts).toBe(1)
        expect(asked.response.headers.get('retry-after')).toBe('61')
        expect(asked.response.headers.get('x-should-retry')).toBe('false')
      }))

    it.concurrent('answers 504 when the first byte does not come, and does not ask the silent provider again', () =>
      withGateway({ limits: { first_byte_ms: 1500 } }, async (gateway) => {
        gateway.provider.script({ fault: 'stall-first' })
        const asked = await askDoor(gateway, door, door.native, { stream: true })
        expect(asked.response.status, asked.text).toBe(504)
        expect(errorOf(door.door, asked.text)['code']).toBe('upstream_timeout')
        expect(asked.turn.call).toMatchObject({ error_class: 'timeout', attempts: 1 })
        expect((await gateway.provider.closed(0)).how).toBe('client-gone')
      }))

    it.concurrent('waits no longer for the first event than for silence, and tries again', () =>
      withGateway({ limits: { idle_ms: 1500 } }, async (gateway) => {
        gateway.provider.script({ fault: 'stall-head' })
        const asked = await askDoor(gateway, door, door.native, { stream: true })
        expect(asked.response.status, asked.text).toBe(200)
        expect(asked.attempts).toBe(2)
        expect(asked.turn.call).toMatchObject({ error_class: null })
      }))

    it.concurrent('tries again when the connection is reset before an answer', () =>
      withGateway({}, async (gateway) => {
        gateway.provider.script(...times(2, { fault: 'reset-first' }))
        const asked = await askDoor(gateway, door, door.native, { stream: true })
        expect(asked.response.status, asked.text).toBe(200)
        expect(asked.attempts).toBe(3)
      }))

    it.concurrent('answers 502 when nobody listens, without an address in it', async () => {
      const url = await deadUrl()
      const providers = { gone: { wire: door.door, base_url: url, api_key: 'sk-nobody-at-home' } } as const
      await withGateway({ providers }, async (gateway) => {
        const asked = await askDoor(gateway, door, 'gone:model')
        expect(asked.response.status, asked.text).toBe(502)
        expect(errorOf(door.door, asked.text)['code']).toBe('upstream_unreachable')
        expect(asked.turn.call).toMatchObject({ error_class: 'network', status: null, attempts: 3 })
        for (const text of [asked.text, JSON.stringify(asked.turn)]) expect(text).not.toContain(new URL(url).host)
        expectNoSecrets(gateway, asked)
      })
    })

    it.concurrent('asks the fallback when the retries are spent, and says who answered', () =>
      withGateway({ fallbacks: { [`${door.door}:${door.native}`]: [door.foreign] } }, async (gateway) => {
        gateway.provider.script(...times(3, { status: 503, headers: retryAfter.milliseconds(1) }))
        const asked = await askDoor(gateway, door, door.native, { stream: true })
        expect(asked.response.status, asked.text).toBe(200)
        expect(asked.response.headers.get('x-metis-model')).toBe(door.foreign)
        expect(asked.attempts).toBe(4)
        expect(asked.turn.types).toEqual(['route.decided', 'llm.call_completed', 'turn.completed'])
        expect(asked.turn.call).toMatchObject({ model: door.foreign, attempts: 4, error_class: null })
      }))

    it.concurrent('asks no fallback for a request that is wrong in itself', () =>
      withGateway({ fallbacks: { [`${door.door}:${door.native}`]: [door.foreign] } }, async (gateway) => {
        gateway.provider.script({ status: 400 })
        const asked = await askDoor(gateway, door, door.native)
        expect(asked.response.status).toBe(400)
        expect(asked.attempts).toBe(1)
      }))

    it.concurrent('asks the fallback at once when the provider refuses our key', () =>
      withGateway({ fallbacks: { [`${door.door}:${door.native}`]: [door.foreign] } }, async (gateway) => {
        gateway.provider.script({ status: 401 })
        const asked = await askDoor(gateway, door, door.native)
        expect(asked.response.status, asked.text).toBe(200)
        expect(asked.attempts).toBe(2)
        const degraded = (await gateway.events()).filter(({ type }) => type === 'provider.degraded')
        expect(degraded.map(({ payload }) => payload['provider'])).toEqual([door.door])
      }))

    it.concurrent('stops multiplying an outage: 40 clients, at most 80 attempts', () =>
      withGateway({}, async (gateway) => {
        gateway.provider.script(...times(200, { status: 503, headers: retryAfter.milliseconds(1) }))
        const answers = await Promise.all(
          Array.from({ length: 40 }, async () => {
            const response = await gateway.post(door.path, goodBody(door.native))
            await response.arrayBuffer()
            return response
          }),
        )
        for (const response of answers) {
          expect(response.status).toBe(503)
          expect(response.headers.get('x-should-retry')).toBe('false')
        }
        expect(gateway.provider.requests.length).toBeLessThanOrEqual(80)
        expect(gateway.provider.requests.length).toBeGreaterThan(40)
      }))

    it.concurrent('meets a stale connection 40 times and nobody notices', () =>
      withGateway({}, async (gateway) => {
        for (let nth = 0; nth < 40; nth++) {
          const response = await gateway.post(door.path, goodBody(door.native))
          expect(response.status, await response.text()).toBe(200)
          gateway.provider.dropIdle()
        }
        const failed = (await gateway.events()).filter(({ type }) => type === 'llm.call_failed')
        expect(failed).toEqual([])
      }))

    it.concurrent('tries nothing again once the client has left during a wait', () =>
      withGateway({}, async (gateway) => {
        gateway.provider.script({ status: 429, headers: retryAfter.seconds(30) })
        const abort = new AbortController()
        const asking = gateway.post(door.path, goodBody(door.native), { signal: abort.signal }).catch(() => null)
        await gateway.provider.closed(0)
        abort.abort()
        await asking
        const opened = (await gateway.events()).find(({ type }) => type === 'route.decided')
        const turn = await turnOf(gateway, opened?.turnId ?? '')
        expect(turn.completed).toMatchObject({ status: 'cancelled' })
        expect(turn.call).toMatchObject({ error_class: 'CANCELLED' })
        expect(turn.completed['error_code']).toBeNull()
        expect(gateway.provider.requests.length).toBe(1)
      }))
  })
}
