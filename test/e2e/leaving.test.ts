// The vendors' clients that go away in the middle of a stream: the provider is stopped, and what came is on record.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GatewayUnderTest } from '../support/gateway.ts'
import { startGatewayUnderTest } from '../support/under-test.ts'
import { lastCall } from './turns.ts'
import { clientsOf } from './vendor-clients.ts'

let gateway: GatewayUnderTest

beforeAll(async () => {
  gateway = await startGatewayUnderTest({ config: { keep_alive_ms: 500 } })
})
afterAll(() => gateway.stop())

for (const { name, models, leave } of clientsOf(() => gateway)) {
  describe.each(models)(`${name} with %s`, (model) => {
    it('stops the provider when it leaves, long before the end of its answer, and what came is on record', async () => {
      const index = gateway.provider.requests.length
      gateway.provider.script({ delayMs: 40, plan: { parts: [{ type: 'text', text: 'word '.repeat(4000) }] } })
      await leave(model)
      expect((await gateway.provider.closed(index)).how).toBe('client-gone')
      const call = await lastCall(gateway)
      expect(call).toMatchObject({ error_class: 'CANCELLED', usage_estimated: true, cost_basis: 'partial_estimate' })
      expect(call['output_tokens']).toBeGreaterThan(0)
      expect(call['cost_usd']).toBeGreaterThan(0)
      const completed = (await gateway.events()).filter(({ type }) => type === 'turn.completed')
      expect([completed.length, completed.at(-1)?.payload['status']]).toEqual([index + 1, 'cancelled'])
    })
  })
}
