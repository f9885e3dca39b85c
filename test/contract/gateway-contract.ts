// What the gateway promises over a socket, whatever runtime it runs on. A runtime's own test is `gatewayContract(name, start)`.
import { request as httpRequest } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, within } from '../support/deadline.ts'
import type { GatewayUnderTest, TestGatewayOptions } from '../support/gateway.ts'
import { objectOf, parseObject } from '../support/json.ts'
import { retryAfter, times } from '../support/scripts.ts'

/** What a platform cannot do, each with the reason: such a case is skipped by its name. */
export interface Platform {
  readonly noLeavingBeforeFirstByte?: string
  readonly noLoopbackOfItsOwn?: string
}

const keepAliveMs = 500

const doors = [
  {
    door: 'anthropic',
    path: '/v1/messages',
    native: 'claude-haiku-4-5',
    foreign: 'openai:gpt-4o-mini',
    odd: `{"id":"msg_1","type":"message", "role":"assistant","model":"m","content":[{"type":"text","text":"\\u0061"}],
"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":1},"odd":12345678901234567890}`,
  },
  {
    door: 'openai',
    path: '/v1/chat/completions',
    native: 'gpt-4o-mini',
    foreign: 'anthropic:claude-haiku-4-5',
    odd: `{"id":"chatcmpl-1", "object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",
"message":{"role":"assistant","content":"\\u0061"}}],"usage":{"prompt_tokens":1,"completion_tokens":1},"odd":12345678901234567890}`,
  },
] as const

const question = (model: string, stream = false) => ({
  model,
  stream,
  max_tokens: 64,
  messages: [{ role: 'user', content: 'Say hello in one word.' }],
})

const wholeTurn = ['route.decided', 'llm.call_completed', 'turn.completed']

export function gatewayContract(
  name: string,
  start: (options?: TestGatewayOptions) => Promise<GatewayUnderTest>,
  platform: Platform = {},
): void {
  /** A case that runs unless there is a reason against it. */
  const unless = (reason: string | undefined, claim: string, run: () => Promise<void>) =>
    it.skipIf(reason !== undefined)(reason === undefined ? claim : `${claim} (not on ${name}: ${reason})`, run)

  describe(`the gateway contract on ${name}`, () => {
    let gateway: GatewayUnderTest

    beforeAll(async () => {
      gateway = await start({
        config: { limits: { body_bytes: 100_000 }, keep_alive_ms: keepAliveMs, allowed_hosts: ['gateway.test'] },
      })
    })
    afterAll(() => gateway.stop())

    const turnOf = async (response: Response) => {
      const turnId = response.headers.get('x-metis-turn-id')
      return (await gateway.events()).filter((event) => event.turnId === turnId)
    }
    /** Turns that end after their client: the last one on record. */
    const lastEnd = (status: string) =>
      eventually(10_000, `a turn that is ${status}`, async () => {
        const last = (await gateway.events()).at(-1)
        return last?.type === 'turn.completed' && last.payload['status'] === status && last
      })

    for (const { door, path, native, foreign, odd } of doors) {
      for (const model of [native, foreign]) {
        it(`answers whole through the ${door} door with ${model}, on record and priced`, async () => {
          const response = await gateway.post(path, question(model))
          const body = await response.text()
          expect(response.status, body).toBe(200)
          expect(response.headers.get('content-type')).toContain('application/json')
          const events = await turnOf(response)
          expect(events.map(({ type }) => type)).toEqual(wholeTurn)
          const call = events[1]?.payload
          expect(call).toMatchObject({ gateway_key_id: gateway.keyId, inbound_shape: door, cost_basis: 'metered', stream: false })
          expect(call?.['cost_usd']).toBeGreaterThan(0)
          expect(response.headers.get('x-metis-cost-usd')).toBe(String(call?.['cost_usd']))
        })

        it(`streams through the ${door} door with ${model} to the end mark, on record by then`, async () => {
          const response = await gateway.post(path, question(model, true))
          const text = await response.text()
          expect(response.status, text).toBe(200)
          expect(response.headers.get('content-type')).toContain('text/event-stream')
          const end = door === 'anthropic' ? '"type":"message_stop"}' : 'data: [DONE]'
          expect(text.trimEnd().endsWith(end), text.slice(-200)).toBe(true)
          expect((await turnOf(response)).map(({ type }) => type)).toEqual(wholeTurn)
        })

        it(`ends a stream that breaks upstream (${door}, ${model}) with an error and no end mark`, async () => {
          gateway.provider.script({ fault: 'reset-mid' })
          const text = await (await gateway.post(path, question(model, true))).text()
          expect(text).toMatch(/"error"/)
          expect(text).not.toMatch(/message_stop|\[DONE\]/)
          await lastEnd('failed')
        })

        it(`stops the provider when the client of a stream leaves (${door}, ${model}), and has what came on record`, async () => {
          gateway.provider.script({ delayMs: 40, plan: { parts: [{ type: 'text', text: 'word '.repeat(4000) }] } })
          const leave = new AbortController()
          const response = await gateway.post(path, question(model, true), { signal: leave.signal })
          const reader = response.body?.getReader()
          await reader?.read()
          const index = gateway.provider.requests.length - 1
          leave.abort()
          expect((await gateway.provider.closed(index)).how).toBe('client-gone')
          await lastEnd('cancelled')
        })
      }

      it(`keeps the bytes of a provider of the same shape (${door})`, async () => {
        gateway.provider.script({ body: odd })
        expect(await (await gateway.post(path, question(native))).text()).toBe(odd)
      })

      it(`passes a provider's 400 on in the shape of the ${door} door, once`, async () => {
        const before = gateway.provider.requests.length
        gateway.provider.script({ status: 400 })
        const response = await gateway.post(path, question(foreign))
        expect(response.status).toBe(400)
        expect(response.headers.get('x-should-retry')).toBe('false')
        expect(objectOf(parseObject(await response.text())['error'])['type']).toBe('invalid_request_error')
        expect(gateway.provider.requests.length - before).toBe(1)
      })

      it(`retries what may be retried, and then says so (${door})`, async () => {
        const before = gateway.provider.requests.length
        gateway.provider.script({ status: 529, headers: retryAfter.milliseconds(5) })
        expect((await gateway.post(path, question(native))).status).toBe(200)
        expect(gateway.provider.requests.length - before).toBe(2)
        gateway.provider.script(...times(3, { status: 503, headers: retryAfter.milliseconds(5) }))
        const spent = await gateway.post(path, question(native))
        expect([spent.status, spent.headers.get('x-should-retry')]).toEqual([503, 'false'])
      })
    }

    it("says in Claude Code's status line what its session has cost", async () => {
      const session = { 'x-claude-code-session-id': 'of-the-line' }
      const answer = await gateway.post('/v1/messages', question('claude-haiku-4-5'), { headers: session })
      await answer.text()
      const work = { 'x-metis-project': 'p', 'x-metis-branch': 'b', 'x-metis-utc-offset': '-0930' }
      const line = await gateway.post('/statusline', { session_id: 'of-the-line' }, { headers: work })
      expect(await line.text()).toMatch(/^session \$0\.\d+ · today \$\d+\.\d+ · b · cache \d+%\n$/)
    })

    it.each(['redirect', 'html', 'empty'] as const)("answers a provider's %s with 502", async (fault) => {
      gateway.provider.script(...times(3, { fault }))
      const before = gateway.provider.requests.length
      expect((await gateway.post('/v1/messages', question('claude-haiku-4-5'))).status).toBe(502)
      // What was not asked for must not answer a later case.
      for (let left = 3 - (gateway.provider.requests.length - before); left > 0; left--)
        await gateway.post('/v1/messages', question('claude-haiku-4-5'))
    })

    unless(platform.noLeavingBeforeFirstByte, 'stops the provider when the client leaves before the first byte', async () => {
      gateway.provider.script({ fault: 'stall-first' })
      const leave = new AbortController()
      const index = gateway.provider.requests.length
      const asking = gateway.post('/v1/messages', question('claude-haiku-4-5'), { signal: leave.signal }).catch(() => null)
      await gateway.provider.received(index + 1)
      leave.abort()
      expect(await asking).toBeNull()
      expect((await gateway.provider.closed(index)).how).toBe('client-gone')
      await lastEnd('cancelled')
    })

    it('keeps a silent stream alive, and finds out by it that the client has left', async () => {
      gateway.provider.script({ fault: 'stall-mid' })
      const leave = new AbortController()
      const asked = question('gpt-4o-mini', true)
      const response = await gateway.post('/v1/chat/completions', asked, { signal: leave.signal })
      const index = gateway.provider.requests.length - 1
      const reader = response.body?.getReader()
      const heard = async (): Promise<string> => new TextDecoder().decode((await reader?.read())?.value)
      let text = ''
      while (!text.includes(': ping')) text += await within(5 * keepAliveMs, 'a keep-alive', heard())
      leave.abort()
      expect((await gateway.provider.closed(index, 4 * keepAliveMs)).how).toBe('client-gone')
      await lastEnd('cancelled')
    })

    it('takes the key by either header and no other way, and tells bad from revoked', async () => {
      const asked = question('claude-haiku-4-5')
      const status = async (init: { headers?: Record<string, string>; token?: string | null }) =>
        (await gateway.post('/v1/messages', asked, init)).status
      expect(await status({ token: null, headers: { 'x-api-key': gateway.token } })).toBe(200)
      expect(await status({ token: null })).toBe(401)
      expect(await status({ token: 'gw_nonsense' })).toBe(401)
      expect(await status({ headers: { 'x-api-key': 'gw_another' } })).toBe(401)
      const { keyId, token } = await gateway.issue({ name: 'short-lived' })
      expect(await status({ token })).toBe(200)
      await gateway.revoke(keyId)
      const refused = await eventually(10_000, 'the key to be refused', async () => {
        const response = await gateway.post('/v1/messages', asked, { token })
        return response.status === 401 && response
      })
      expect(objectOf(parseObject(await refused.text())['error'])['code']).toBe('key_revoked')
    })

    it('lets exactly ten of a hundred at once through under a cap worth ten calls, and tells the others', async () => {
      const asked = question('claude-haiku-4-5')
      const errorOf = async (response: Response) => objectOf(parseObject(await response.text())['error'])
      const broke = await gateway.issue({ name: 'broke', dailyCapNanoUsd: 0 })
      const { needed_usd: usd } = await errorOf(await gateway.post('/v1/messages', asked, { token: broke.token }))
      const needed = Math.round(Number(usd) * 1e9)
      const { token } = await gateway.issue({ name: 'capped', dailyCapNanoUsd: 10 * needed })
      // Each costs what it reserved, 1,000 nano-USD a token of input and 5,000 of output: nobody gives back what another could take.
      const usage = { inputUncached: (needed - 64 * 5000) / 1000, cacheRead: 0, cacheWrite5m: 0, output: 64, reasoning: 0 }
      gateway.provider.script(...times(10, { delayFirstMs: 200, plan: { usage } }))
      const before = gateway.provider.requests.length
      const answers = await Promise.all(Array.from({ length: 100 }, () => gateway.post('/v1/messages', asked, { token })))
      const of = (status: number) => answers.filter((answer) => answer.status === status)
      expect([of(200).length, of(429).length, gateway.provider.requests.length - before]).toEqual([10, 90, 10])
      for (const refused of of(429))
        expect(await errorOf(refused)).toMatchObject({ code: 'quota_exceeded', scope: 'daily', limit_usd: (10 * needed) / 1e9 })
      for (const answer of of(200)) await answer.text()
    })

    it('refuses a model that the key may not use, on record as refused', async () => {
      const { token } = await gateway.issue({ name: 'narrow', allowedModels: ['anthropic:claude-opus-4-8'] })
      const response = await gateway.post('/v1/messages', question('claude-haiku-4-5'), { token })
      expect(response.status).toBe(403)
      await lastEnd('refused')
    })

    it.each([
      ['no JSON', '{"model":', 400, 'invalid_json'],
      ['no object', '[1]', 400, 'invalid_json'],
      ['a body over the limit', JSON.stringify({ ...question('x'), filler: 'x'.repeat(110_000) }), 413, 'request_too_large'],
    ] as const)('refuses %s', async (_what, body, status, code) => {
      const before = gateway.provider.requests.length
      const response = await gateway.post('/v1/messages', body)
      expect(response.status).toBe(status)
      expect(objectOf(parseObject(await response.text())['error'])['code']).toBe(code)
      expect(gateway.provider.requests.length).toBe(before)
    })

    it('refuses a compressed body, and a stream of one that is too large', async () => {
      const squeezed = await gateway.post('/v1/messages', 'not gzip', { headers: { 'content-encoding': 'gzip' } })
      expect(squeezed.status).toBe(415)
      const { status } = await raw(gateway, {
        path: '/v1/messages',
        chunks: Array.from({ length: 20 }, () => 'x'.repeat(10_000)),
      })
      expect(status).toBe(413)
    })

    it('answers its own hosts only, and no other site', async () => {
      const asked = { path: '/v1/models', authorization: `Bearer ${gateway.token}` }
      expect((await raw(gateway, { ...asked, host: 'gateway.test' })).status).toBe(200)
      expect((await raw(gateway, { ...asked, host: 'evil.test' })).status).toBe(403)
      expect((await raw(gateway, { ...asked, origin: 'https://evil.test' })).status).toBe(403)
    })

    it('lists models in both shapes, and one by its name', async () => {
      const headers = { authorization: `Bearer ${gateway.token}` }
      const openai = parseObject(await (await fetch(`${gateway.url}/v1/models`, { headers })).text())
      expect(openai['object']).toBe('list')
      const anthropic = parseObject(
        await (await fetch(`${gateway.url}/v1/models`, { headers: { ...headers, 'anthropic-version': '2023-06-01' } })).text(),
      )
      expect(anthropic).toHaveProperty('has_more')
      expect((await fetch(`${gateway.url}/v1/models/openai:gpt-4o-mini`, { headers })).status).toBe(200)
      expect((await fetch(`${gateway.url}/v1/models/openai:gpt-4o-mini`)).status).toBe(401)
    })

    it('says that it lives and is ready, and what its paths are not', async () => {
      const health = await fetch(`${gateway.url}/healthz`)
      expect(health.status).toBe(200)
      expect(health.headers.get('metis-api-version')).toBe('1.0')
      expect((await fetch(`${gateway.url}/readyz`)).status).toBe(200)
      expect((await fetch(`${gateway.url}/`, { method: 'HEAD' })).status).toBe(200)
      expect((await fetch(`${gateway.url}/v1/nothing`)).status).toBe(404)
      const wrong = await fetch(`${gateway.url}/v1/messages`)
      expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST, OPTIONS'])
    })

    unless(platform.noLoopbackOfItsOwn, 'listens on both loopback addresses', async () => {
      const port = new URL(gateway.url).port
      expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200)
      expect((await fetch(`http://[::1]:${port}/healthz`)).status).toBe(200)
    })

    it('mixes no answers up: 40 streams at once, each with its own', async () => {
      const texts = await Promise.all(
        Array.from({ length: 40 }, async (_, number) => {
          const messages = [{ role: 'user', content: `number <${number}>` }]
          const response = await gateway.post('/v1/messages', { ...question('claude-haiku-4-5', true), messages })
          return within(15_000, `stream ${number}`, response.text())
        }),
      )
      const ids = texts.map((text) => /"id":"([^"]+)"/.exec(text)?.[1])
      expect(new Set(ids).size).toBe(40)
      expect(texts.every((text) => text.includes('message_stop'))).toBe(true)
    })
  })
}

/** What fetch does not let one send: another Host, an Origin, a body in chunks. */
function raw(
  gateway: GatewayUnderTest,
  asked: { path: string; authorization?: string; host?: string; origin?: string; chunks?: readonly string[] },
): Promise<{ status: number }> {
  const { path, chunks, authorization = `Bearer ${gateway.token}`, ...headers } = asked
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      gateway.url + path,
      // A connection of its own: who refuses a body in the middle may close it.
      { method: chunks === undefined ? 'GET' : 'POST', headers: { ...headers, authorization }, agent: false },
      (incoming) => {
        incoming.resume()
        resolve({ status: incoming.statusCode ?? 0 })
      },
    )
    outgoing.on('error', reject)
    for (const chunk of chunks ?? []) outgoing.write(chunk)
    outgoing.end()
  })
}
