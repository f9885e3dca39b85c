// What the SDKs make of failures and of leaving: their own error classes, no retry on top of ours, and a provider that is
// stopped when they go.
import { beforeEach, describe, expect, it } from 'vitest'
import type { GatewayUnderTest } from '../support/gateway.ts'
import { startGatewayUnderTest } from '../support/under-test.ts'
import { retryAfter, times } from '../support/scripts.ts'
import { clientsOf } from './vendor-clients.ts'

let gateway: GatewayUnderTest

// A new one for each case: a provider's retry budget outlives a case.
beforeEach(async () => {
  gateway = await startGatewayUnderTest()
  return () => gateway.stop()
})

const clients = clientsOf(() => gateway)

for (const { name, models, ask, readAll, errors } of clients) {
  describe.each(models)(`${name} with %s`, (model) => {
    it('gets its answer although the provider said 429 first', async () => {
      gateway.provider.script({ status: 429, headers: retryAfter.milliseconds(20) })
      await ask(model)
      expect(gateway.provider.requests.length).toBe(2)
    })

    it.each([500, 503, 529])('does not retry what the gateway has retried (%i)', async (status) => {
      gateway.provider.script(...times(20, { status, headers: retryAfter.milliseconds(1) }))
      await expect(ask(model, { maxRetries: 2 })).rejects.toBeInstanceOf(errors.InternalServerError)
      expect(gateway.provider.requests.length).toBe(3)
      expect((await gateway.events()).filter(({ type }) => type === 'turn.completed').length).toBe(1)
    })

    it('raises a spent 429 as a rate limit, once', async () => {
      gateway.provider.script(...times(20, { status: 429, headers: retryAfter.milliseconds(1) }))
      await expect(ask(model, { maxRetries: 2 })).rejects.toBeInstanceOf(errors.RateLimitError)
      expect(gateway.provider.requests.length).toBe(3)
    })

    it('raises 400 with the reason of the provider', async () => {
      gateway.provider.script({ status: 400 })
      const failure = await ask(model, { maxRetries: 2 }).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(errors.BadRequestError)
      expect(String(failure)).toContain('mock provider says 400')
    })

    it('raises 401 for a bad key, at once', async () => {
      const failure = await ask(model, { token: 'gw_nonsense', maxRetries: 2 }).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(errors.AuthenticationError)
      expect(String(failure)).toContain('gateway key is not valid')
      expect(gateway.provider.requests.length).toBe(0)
    })

    it('raises 403 for a model that its key may not use, and the turn is on record as refused', async () => {
      const { token } = await gateway.issue({ name: 'narrow', allowedModels: ['anthropic:claude-opus-4-8'] })
      const failure = await ask(model, { token, maxRetries: 2 }).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(errors.PermissionDeniedError)
      expect(String(failure)).toContain('may not use the model')
      expect(gateway.provider.requests.length).toBe(0)
      const events = await gateway.events()
      const turn = events.filter(({ type }) => type === 'route.decided' || type === 'turn.completed')
      expect(turn.map(({ payload }) => payload['status'] ?? payload['winner_index'])).toEqual([-1, 'refused'])
    })

    it('raises 404 for a provider nobody has', async () => {
      await expect(ask('nobody:model', { maxRetries: 2 })).rejects.toBeInstanceOf(errors.NotFoundError)
    })

    it("raises no 401 when it is the gateway's own credential that was refused", async () => {
      gateway.provider.script({ status: 401 })
      const failure = await ask(model, { maxRetries: 2 }).catch((error: unknown) => error)
      expect(failure).toBeInstanceOf(errors.InternalServerError)
      expect(String(failure)).not.toContain('sk-mock-secret-key')
      expect(gateway.provider.requests.length).toBe(1)
    })

    it.each(['reset-mid', 'end-mid', 'error-mid'] as const)('raises when its stream breaks (%s)', async (fault) => {
      gateway.provider.script({ fault })
      await expect(readAll(model)).rejects.toBeInstanceOf(errors.APIError)
      expect(gateway.provider.requests.length).toBe(1)
    })
  })
}
